// The page: head, verdict, figures, charts (html_charts), tables.
#include "mqtt-bench/html_report.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "mqtt-bench/html_chart.hpp"
#include "mqtt-bench/html_charts.hpp"
#include "mqtt-bench/html_style.hpp"
#include "mqtt-bench/summary.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

using Out = std::back_insert_iterator<std::string>;

void row(Out out, std::string_view name, const std::string& value) {
    if (value.empty()) return;
    fmt::format_to(out, "<tr><th>{}</th><td>{}</td></tr>\n", escape_html(name), escape_html(value));
}

std::string html_ms(const Histogram& histogram, double p) {
    const auto value = histogram.supported(p);
    return value ? format_ms(static_cast<double>(*value)) : "–";
}

void write_head(Out out, const Result& r) {
    std::string targets;
    for (const std::string& target : r.targets)
        targets += (targets.empty() ? "" : ", ") + target;
    fmt::format_to(out, "<header><h1>{}</h1>\n", escape_html(r.description));
    fmt::format_to(out, "<p class=\"sub\">{} · MQTT {} · QoS {} · {:%Y-%m-%d %H:%M:%S} UTC</p>\n",
                   escape_html(targets), escape_html(r.version), r.qos,
                   fmt::gmtime(static_cast<std::time_t>(r.started_epoch)));
    const bool broken = !r.error.empty();
    const bool good = r.exit_code == 0 && !r.partial;
    fmt::format_to(out, "<p class=\"verdict {}\" id=\"verdict\">{}</p>\n",
                   good ? "good" : (broken || r.exit_code == kExitAssertion ? "bad" : "fair"),
                   escape_html(broken ? r.error : r.verdict.text));
    if (r.partial) fmt::format_to(out, " <p class=\"verdict fair\">partial results</p>\n");
    fmt::format_to(out, "</header>\n");
}

void tile(Out out, std::string_view name, const std::string& value, std::string_view note = {}) {
    fmt::format_to(out, "<div class=\"tile\"><span>{}</span><b>{}</b><span>{}</span></div>\n",
                   escape_html(name), escape_html(value), escape_html(note));
}

void write_tiles(Out out, const Result& r) {
    const Counters& c = r.counters;
    fmt::format_to(out, "<section class=\"tiles\" id=\"figures\">\n");
    if (r.subscribers > 0) {
        tile(out, "delivered", format_rate(r.per_second(c.received_in_window)) + "/s",
             r.publishers > 0 ? fmt::format("{} of {}", commas(c.measured_received),
                                            commas(r.measured_expected()))
                              : commas(c.measured_received));
    }
    if (r.publishers > 0) {
        tile(out, "published", format_rate(r.per_second(c.sent_in_window)) + "/s",
             r.saturation
                 ? std::string("as fast as it goes")
                 : fmt::format("{} of {}", commas(c.measured_sent), commas(c.measured_offered)));
    }
    const Histogram& h = r.series[r.main_series()];
    if (!h.empty()) {
        const std::string_view what =
            r.main_series() == SeriesId::e2e ? "end to end, ms" : "acknowledged, ms";
        for (const double p : {0.5, 0.99, 0.999}) {
            if (h.supported(p)) tile(out, fmt::format("p{:g}", p * 100), html_ms(h, p), what);
        }
        tile(out, "max", format_ms(static_cast<double>(h.max())), what);
    }
    if (r.subscribers > 0 && r.lossless) {
        tile(out, "loss", commas(r.lost),
             fmt::format("duplicates {}, reordered {}", commas(r.checks.duplicates),
                         commas(r.checks.reordered)));
    }
    if (const auto us = r.broker_us_per_message()) {
        tile(out, "broker CPU", fmt::format("{:.3g} µs", *us), "per message");
    }
    if (const auto bytes = r.broker_bytes_per_connection()) {
        tile(out, "broker memory", format_bytes(*bytes), "per connection");
    }
    if (r.command == "conn") {
        tile(out, "connected", commas(c.connected),
             fmt::format("of {} in {:.2f} s", commas(r.clients), r.connect_seconds));
    }
    fmt::format_to(out, "</section>\n");
}

void write_latency_table(Out out, const Result& r) {
    fmt::format_to(out,
                   "<section class=\"card wide\"><h2>Latency, milliseconds</h2>\n"
                   "<table class=\"numbers\" id=\"latency\"><thead><tr><th></th><th>p50</th>"
                   "<th>p90</th><th>p99</th><th>p99.9</th><th>p99.99</th><th>max</th>"
                   "<th>mean</th><th>samples</th></tr></thead><tbody>\n");
    constexpr std::pair<SeriesId, std::string_view> kNames[] = {
        {SeriesId::e2e, "end to end, from intended send"},
        {SeriesId::service, "end to end, from actual send"},
        {SeriesId::ack, "acknowledgement, from intended send"},
        {SeriesId::lag, "schedule lag of the generator"},
        {SeriesId::connect, "connect"},
        {SeriesId::subscribe, "subscribe"}};
    for (const auto& [id, name] : kNames) {
        const Histogram& h = r.series[id];
        if (h.empty()) continue;
        fmt::format_to(out, "<tr><th>{}</th>", name);
        for (const double p : {0.5, 0.9, 0.99, 0.999, 0.9999})
            fmt::format_to(out, "<td>{}</td>", html_ms(h, p));
        fmt::format_to(out, "<td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       format_ms(static_cast<double>(h.max())), format_ms(h.mean()),
                       commas(h.count()));
    }
    fmt::format_to(out, "</tbody></table></section>\n");
}

void write_counts(Out out, const Result& r) {
    const Counters& c = r.counters;
    fmt::format_to(out, "<section class=\"card\"><h2>Counts</h2><table class=\"pair\">\n");
    row(out, "connected",
        fmt::format("{} of {} in {:.2f} s", commas(c.connected), commas(r.clients),
                    r.connect_seconds));
    if (c.connect_failed + c.connections_lost > 0) {
        row(out, "connections",
            fmt::format("{} failed, {} lost", commas(c.connect_failed),
                        commas(c.connections_lost)));
    }
    if (r.publishers > 0) {
        row(out, "offered", commas(c.measured_offered));
        row(out, "sent", commas(c.measured_sent));
        if (r.qos > 0) row(out, "acknowledged", commas(c.measured_acked));
        if (c.refused > 0) row(out, "refused", commas(c.refused));
    }
    if (r.subscribers > 0) {
        row(out, "delivered", commas(c.measured_received));
        row(out, "lost", commas(r.lost));
        row(out, "duplicates", commas(r.checks.duplicates));
        row(out, "redelivered with DUP", commas(r.checks.flagged_duplicates));
        row(out, "reordered", commas(r.checks.reordered));
        if (r.excused > 0) row(out, "not owed", commas(r.excused));
        row(out, "fairness over subscribers", fmt::format("{:.3f}", r.fairness));
    }
    row(out, "measured",
        fmt::format("{:.1f} s after {:.1f} s of warm-up", r.measured_seconds, r.warmup_seconds));
    fmt::format_to(out, "</table></section>\n");
}

// Where bytes stood between us and the broker.
void write_queue_rows(Out out, const Result& r) {
    const auto time = [&](std::string_view name, std::optional<double> ns) {
        if (ns) row(out, name, fmt::format("{} ms", format_ms(*ns)));
    };
    const auto share = [&](std::string_view name, std::optional<double> part) {
        if (part) row(out, name, fmt::format("{:.2f} %", *part * 100));
    };
    time("input unread in our sockets", r.unread_ns());
    time("output unsent in our sockets", r.unsent_ns());
    share("broker without room for it", r.no_room_share());
    share("TCP segments sent again", r.retransmit_share());
}

void write_cost(Out out, const Result& r) {
    fmt::format_to(out, "<section class=\"card\"><h2>Cost</h2><table class=\"pair\">\n");
    if (r.broker) {
        const BrokerCost& b = *r.broker;
        row(out, "broker", b.source);
        row(out, "broker CPU", fmt::format("{:.2f} cores", r.per_second(b.cpu_ns) / 1e9));
        if (const auto us = r.broker_us_per_message()) {
            row(out, "broker CPU per message",
                fmt::format("{:.3g} µs, {} per CPU second", *us, format_rate(1e6 / *us)));
        }
        row(out, "broker memory",
            fmt::format("{} → {}", format_bytes(static_cast<double>(b.rss_before)),
                        format_bytes(static_cast<double>(b.rss_after))));
        row(out, "context switches", commas(b.switches));
    }
    write_queue_rows(out, r);
    if (r.sys) {
        row(out, "broker version ($SYS)", r.sys->version);
        row(out, "$SYS counters", r.sys->agreement);
    }
    const GeneratorCost& g = r.generator;
    row(out, "load generator",
        fmt::format("{} thread{}, {:.2f} cores, busiest {:.0f} %", g.threads,
                    g.threads == 1 ? "" : "s", r.per_second(g.cpu_ns) / 1e9,
                    g.busiest_share * 100));
    if (const auto us = r.generator_us_per_message()) {
        row(out, "generator CPU per message", fmt::format("{:.3g} µs", *us));
    }
    row(out, "generator memory", format_bytes(static_cast<double>(g.rss_bytes)));
    fmt::format_to(out, "</table></section>\n");
}

// Nothing came: there is no time to tell.
std::string after(std::uint64_t count, double seconds) {
    return count == 0 ? "–" : fmt::format("{:.3f} s", seconds);
}

void write_stage_rows(Out out, const Result& r) {
    if (r.stages.empty()) return;
    fmt::format_to(out,
                   "<section class=\"card wide\"><h2>Stages</h2><table id=\"stages\"><thead><tr>"
                   "<th>at</th><th>what</th><th>clients</th><th>back</th><th>after</th>"
                   "<th>had waited</th><th>drained after</th></tr></thead><tbody>\n");
    for (const StageResult& s : r.stages) {
        fmt::format_to(out,
                       "<tr><td>{:.1f} s</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
                       "<td>{}</td><td>{}</td></tr>\n",
                       s.at, escape_html(s.text), commas(s.clients), commas(s.back),
                       after(s.back, s.back_seconds), commas(s.backlog),
                       after(s.backlog, s.backlog_seconds));
    }
    fmt::format_to(out, "</tbody></table></section>\n");
}

void write_assertions(Out out, const Result& r) {
    if (r.assertions.empty()) return;
    fmt::format_to(out,
                   "<section class=\"card wide\"><h2>Assertions</h2><table class=\"judged\">\n");
    for (const AssertionResult& a : r.assertions) {
        const bool pass = a.outcome == Expression::Outcome::pass;
        fmt::format_to(out,
                       "<tr><td><code>{}</code></td><td><span class=\"pill {}\">{}</span></td>"
                       "<td>{}</td></tr>\n",
                       escape_html(a.text), pass ? "good" : "bad", outcome_name(a.outcome),
                       escape_html(a.shown()));
    }
    fmt::format_to(out, "</table></section>\n");
}

void write_seconds(Out out, const Result& r) {
    if (r.seconds.empty()) return;
    fmt::format_to(out,
                   "<section class=\"card wide\"><details><summary>Every second as a table"
                   "</summary><table class=\"numbers\" id=\"seconds\"><thead><tr><th>s</th>"
                   "<th>offered</th><th>sent</th><th>acked</th><th>delivered</th><th>waiting</th>"
                   "<th>p50 ms</th><th>p99 ms</th><th>max ms</th><th>broker CPU</th>"
                   "<th>broker memory</th></tr></thead><tbody>\n");
    for (const Second& s : r.seconds) {
        fmt::format_to(out, "<tr><th>{:.0f}</th>", s.at);
        for (const std::uint64_t value : {s.offered, s.sent, s.acked, s.received, s.outstanding})
            fmt::format_to(out, "<td>{}</td>", commas(value));
        for (const double ns : {s.shown_p50_ns(), s.shown_p99_ns(), s.e2e_max_ns})
            fmt::format_to(out, "<td>{}</td>", ns > 0 ? format_ms(ns) : "–");
        fmt::format_to(out, "<td>{:.0f} %</td><td>{}</td></tr>\n", s.broker_cpu_share * 100,
                       format_bytes(static_cast<double>(s.broker_rss_bytes)));
    }
    fmt::format_to(out, "</tbody></table></details></section>\n");
}

void write_environment(Out out, const Result& r) {
    fmt::format_to(out,
                   "<section class=\"card wide\"><h2>Command</h2><pre id=\"command\">{}</pre>"
                   "</section>\n<section class=\"card wide\"><h2>Environment</h2>"
                   "<table class=\"pair\">\n",
                   escape_html(r.command_line));
    row(out, "seed", fmt::format("{}", r.seed));
    for (const auto& [name, value] : r.environment)
        row(out, name, value);
    fmt::format_to(out, "</table></section>\n");
}

}  // namespace

std::string result_html(const Result& r) {
    std::string text;
    const Out out(text);
    fmt::format_to(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" "
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>mqtt-bench: {}</title>\n<style>{}</style>"
        "</head>\n<body><main>\n",
        escape_html(r.description), kHtmlStyle);
    write_head(out, r);
    write_tiles(out, r);
    fmt::format_to(out, "<section class=\"charts\">\n{}</section>\n<div class=\"cards\">\n",
                   result_charts(r));
    write_assertions(out, r);
    write_latency_table(out, r);
    write_stage_rows(out, r);
    write_counts(out, r);
    write_cost(out, r);
    write_seconds(out, r);
    write_environment(out, r);
    fmt::format_to(out,
                   "</div>\n<footer>Written by mqtt-bench. Latency counts from the time when a "
                   "message was due, so waiting in the generator is included; percentiles "
                   "are shown where at least ten samples lie above.</footer>\n"
                   "</main></body></html>\n");
    return text;
}

}  // namespace mqtt::bench
