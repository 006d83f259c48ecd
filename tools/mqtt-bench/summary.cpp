// The final summary: one line per subject, first word names it, milliseconds with three digits.
#include "mqtt-bench/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

using Out = std::back_insert_iterator<std::string>;

void write_connect(Out out, const Result& r) {
    const Histogram& connect = r.series[SeriesId::connect];
    const Histogram& subscribe = r.series[SeriesId::subscribe];
    fmt::format_to(out, "connect  {}/{} in {:.2f} s", commas(r.counters.connected),
                   commas(r.clients), r.connect_seconds);
    if (!connect.empty()) {
        fmt::format_to(out, "   p50 {}  p99 {}  max {} ms", supported_ms(connect, 0.5),
                       supported_ms(connect, 0.99), format_ms(static_cast<double>(connect.max())));
    }
    if (!subscribe.empty()) {
        fmt::format_to(out, "     subscribe max {} ms",
                       format_ms(static_cast<double>(subscribe.max())));
    }
    if (r.counters.connect_failed + r.counters.connections_lost > 0) {
        fmt::format_to(out, "   failed {}  lost {}", commas(r.counters.connect_failed),
                       commas(r.counters.connections_lost));
    }
    if (r.counters.dropped > 0) {
        fmt::format_to(out, "   dropped {}", commas(r.counters.dropped));
    }
    if (r.counters.reconnected > 0) {
        fmt::format_to(out, "   reconnected {}", commas(r.counters.reconnected));
    }
    if (r.counters.tls_full + r.counters.tls_resumed > 0) {
        fmt::format_to(out, "   TLS handshakes {} full  {} resumed", commas(r.counters.tls_full),
                       commas(r.counters.tls_resumed));
    }
    if (r.counters.sessions_lost > 0) {
        fmt::format_to(out, "   sessions lost {}", commas(r.counters.sessions_lost));
    }
    fmt::format_to(out, "\n");
}

void write_publish(Out out, const Result& r) {
    const Counters& c = r.counters;
    if (r.publishers == 0) return;
    fmt::format_to(out, "publish  {} offered  {} sent", commas(c.measured_offered),
                   commas(c.measured_sent));
    if (r.qos > 0) fmt::format_to(out, "  {} acked", commas(c.measured_acked));
    if (r.unsent() > 0) fmt::format_to(out, "  {} unsent", commas(r.unsent()));
    if (c.refused > 0) fmt::format_to(out, "  {} refused", commas(c.refused));
    fmt::format_to(out, "     {}/s", format_rate(r.per_second(c.sent_in_window)));
    if (!r.saturation && c.measured_offered > 0) {
        fmt::format_to(
            out, " ({:.1f} % of schedule)",
            100.0 * static_cast<double>(c.measured_sent) / static_cast<double>(c.measured_offered));
    }
    if (r.qos > 0 && c.sent > 0) {
        fmt::format_to(out, "  window {:.1f}",
                       static_cast<double>(c.window_sum) / static_cast<double>(c.sent));
    }
    fmt::format_to(out, "\n");
}

void write_deliver(Out out, const Result& r) {
    const Counters& c = r.counters;
    if (r.subscribers == 0) return;
    const double rate = r.per_second(c.received_in_window);
    fmt::format_to(out, "deliver  {}", commas(c.measured_received));
    if (r.publishers > 0) {
        fmt::format_to(out, " of {}", commas(r.measured_expected()));
    }
    fmt::format_to(out, "   {}/s   {}/s payload", format_rate(rate),
                   format_bytes(c.received == 0 ? 0
                                                : rate * static_cast<double>(c.received_bytes) /
                                                      static_cast<double>(c.received)));
    if (r.lossless) {
        fmt::format_to(out, "   loss {}  dup {}  reorder {}", commas(r.lost),
                       commas(r.checks.duplicates), commas(r.checks.reordered));
        if (r.checks.flagged_duplicates > 0) {
            fmt::format_to(out, "  redelivered {}", commas(r.checks.flagged_duplicates));
        }
    }
    if (r.excused > 0) fmt::format_to(out, "  not owed {}", commas(r.excused));
    if (c.retained > 0) fmt::format_to(out, "   retained {}", commas(c.retained));
    if (c.foreign > 0) fmt::format_to(out, "   foreign {}", commas(c.foreign));
    if (r.subscribers > 1 && r.fairness < 0.995) {
        fmt::format_to(out, "   each {} to {} (median {})  fairness {:.2f}",
                       commas(r.deliveries_min), commas(r.deliveries_max),
                       commas(r.deliveries_median), r.fairness);
    }
    fmt::format_to(out, "\n");
}

void write_latency_row(Out out, std::string_view name, const Histogram& h, std::string_view note) {
    if (h.empty()) return;
    fmt::format_to(out, "  {:<14} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>11}   {}", name,
                   supported_ms(h, 0.5), supported_ms(h, 0.9), supported_ms(h, 0.99),
                   supported_ms(h, 0.999), supported_ms(h, 0.9999),
                   format_ms(static_cast<double>(h.max())), commas(h.count()), note);
    fmt::format_to(out, "\n");
}

void write_latency(Out out, const Result& r) {
    if (r.series[SeriesId::e2e].empty() && r.series[SeriesId::ack].empty()) return;
    fmt::format_to(
        out,
        "latency ms            p50      p90      p99    p99.9   p99.99      max     samples\n");
    write_latency_row(out, "e2e (response)", r.series[SeriesId::e2e], "from intended send");
    write_latency_row(out, "e2e (service)", r.series[SeriesId::service], "from actual send");
    write_latency_row(out, "ack", r.series[SeriesId::ack], "from intended send");
    write_latency_row(out, "schedule lag", r.series[SeriesId::lag], "the generator's own lateness");
}

void write_proof(Out out, const Result& r) {
    if (!r.proof.empty()) fmt::format_to(out, "proof    {}\n", r.proof);
}

void write_stages(Out out, const Result& r) {
    for (const StageResult& stage : r.stages) {
        fmt::format_to(out, "stage    {} at {:g} s: {} client{}", stage.text, stage.at,
                       commas(stage.clients), stage.clients == 1 ? "" : "s");
        if (stage.back > 0) {
            fmt::format_to(out, "   {} ready after {:.3f} s", commas(stage.back),
                           stage.back_seconds);
        }
        if (stage.backlog > 0) {
            fmt::format_to(out, "   {} messages from before, the last after {:.3f} s",
                           commas(stage.backlog), stage.backlog_seconds);
        }
        fmt::format_to(out, "\n");
    }
}

void write_broker(Out out, const Result& r) {
    if (!r.broker) return;
    const BrokerCost& b = *r.broker;
    fmt::format_to(out, "broker ");
    if (r.measured_seconds > 0) {
        fmt::format_to(out, "  cpu {:.2f} cores", r.per_second(b.cpu_ns) / 1e9);
    }
    if (const auto us = r.broker_us_per_message()) {
        fmt::format_to(out, "  {:.3g} us/message  {}/cpu-s", *us, format_rate(1e6 / *us));
    }
    fmt::format_to(out, "  rss {} -> {}", format_bytes(static_cast<double>(b.rss_before)),
                   format_bytes(static_cast<double>(b.rss_after)));
    if (const auto bytes = r.broker_bytes_per_connection()) {
        fmt::format_to(out, " ({}/conn)", format_bytes(*bytes));
    }
    fmt::format_to(out, "  switches {}  ({})\n", commas(b.switches), b.source);
}

void write_hosts(Out out, const Result& r) {
    if (r.hosts < 2) return;
    fmt::format_to(out, "hosts    {} together", r.hosts);
    if (r.clock_error_ns > 0) {
        fmt::format_to(out, "   latencies between them to +-{} ms", format_ms(r.clock_error_ns));
    } else {
        fmt::format_to(out, "   on one clock");
    }
    fmt::format_to(out, "\n");
}

void write_sys(Out out, const Result& r) {
    if (!r.sys || r.sys->agreement.empty()) return;
    fmt::format_to(out, "$SYS     {}\n", r.sys->agreement);
}

void write_generator(Out out, const Result& r) {
    const GeneratorCost& g = r.generator;
    fmt::format_to(out, "load gen {} thread{}", g.threads, g.threads == 1 ? "" : "s");
    if (r.measured_seconds > 0) {
        fmt::format_to(out, ", {:.2f} cores", r.per_second(g.cpu_ns) / 1e9);
    }
    if (const auto us = r.generator_us_per_message()) {
        fmt::format_to(out, "  {:.3g} us/message  {}/cpu-s", *us, format_rate(1e6 / *us));
    }
    fmt::format_to(out, "  rss {}", format_bytes(static_cast<double>(g.rss_bytes)));
    if (r.counters.connected >= 500 && g.rss_connected > g.rss_before) {
        fmt::format_to(out, " ({}/conn)",
                       format_bytes(static_cast<double>(g.rss_connected - g.rss_before) /
                                    static_cast<double>(r.counters.connected)));
    }
    fmt::format_to(out, "     verdict: {}\n", r.verdict.text);
}

// Where bytes stood between us and the broker.
void write_queues(Out out, const Result& r) {
    const auto unread = r.unread_ns();
    const auto unsent = r.unsent_ns();
    const auto no_room = r.no_room_share();
    const auto again = r.retransmit_share();
    const Histogram& per_read = r.series.per_read;
    if (!unread && !unsent && !no_room && per_read.max() < 2) return;
    const auto share = [](std::uint64_t part, std::uint64_t whole) {
        return 100.0 * static_cast<double>(part) /
               static_cast<double>(std::max<std::uint64_t>(1, whole));
    };
    const Counters& c = r.counters;
    fmt::format_to(out, "queues ");
    if (unread) {
        fmt::format_to(out, "  unread {} ms ({:.0f} % of looks)", format_ms(*unread),
                       share(c.receive_queues_used, c.queue_samples));
    }
    if (unsent) {
        fmt::format_to(out, "  unsent {} ms ({:.0f} %)", format_ms(*unsent),
                       share(c.send_queues_used, c.queue_samples));
    }
    if (no_room) fmt::format_to(out, "  broker without room {:.1f} %", *no_room * 100);
    if (again) fmt::format_to(out, "  sent again {:.2f} %", *again * 100);
    if (per_read.max() > 1) {
        fmt::format_to(out, "  messages per read p50 {} p99 {}", commas(per_read.at(0.5)),
                       commas(per_read.at(0.99)));
    }
    fmt::format_to(out, "\n");
}

void write_judgement(Out out, const Result& r) {
    for (const AssertionResult& assertion : r.assertions)
        fmt::format_to(out, "{}", assertion_line(assertion));
    if (!r.stopped_by.empty()) fmt::format_to(out, "stopped  early: {}\n", r.stopped_by);
    if (r.partial) fmt::format_to(out, "partial  the run ended before its time\n");
    if (!r.error.empty()) fmt::format_to(out, "error    {}\n", r.error);
    fmt::format_to(out, "exit     {}\n", r.exit_code);
}

}  // namespace

std::string assertion_line(const AssertionResult& a) {
    const std::string_view word = a.outcome == Expression::Outcome::pass   ? "PASS"
                                  : a.outcome == Expression::Outcome::fail ? "FAIL"
                                                                           : "UNKNOWN";
    return fmt::format("assert   {}  {} ({})\n", a.text, word, a.shown());
}

std::string summary_text(const Result& r) {
    std::string text;
    const Out out(text);
    fmt::format_to(out, "mqtt-bench  {}  seed {}\n", r.description, r.seed);
    fmt::format_to(out, "target   ");
    for (const std::string& target : r.targets)
        fmt::format_to(out, "{} ", target);
    if (r.sys && !r.sys->version.empty()) fmt::format_to(out, "({} by $SYS) ", r.sys->version);
    fmt::format_to(out, "  MQTT {}   ", r.version);
    if (r.command == "conn") {
        fmt::format_to(out, "connections only\n");
    } else if (r.publishers == 0) {
        fmt::format_to(out, "listening\n");
    } else if (r.saturation) {
        fmt::format_to(out, "saturation, fan-out {}\n", r.fan_out);
    } else {
        fmt::format_to(out, "open loop, {} msg/s x fan-out {}\n", format_rate(r.offered_rate),
                       r.fan_out);
    }
    write_connect(out, r);
    write_publish(out, r);
    write_deliver(out, r);
    write_latency(out, r);
    write_proof(out, r);
    write_stages(out, r);
    write_broker(out, r);
    write_sys(out, r);
    write_queues(out, r);
    write_hosts(out, r);
    write_generator(out, r);
    write_judgement(out, r);
    return text;
}

std::string live_line(const Result& r, const Second& s) {
    std::string text = fmt::format("{:5.0f} s", s.at);
    const Out out(text);
    if (r.command == "conn") {
        fmt::format_to(out, "  connected {}", commas(s.connected));
    }
    if (r.publishers > 0)
        fmt::format_to(out, "  sent {}/s", format_rate(static_cast<double>(s.sent)));
    if (r.qos > 0 && r.publishers > 0) {
        fmt::format_to(out, "  acked {}/s", format_rate(static_cast<double>(s.acked)));
    }
    if (r.subscribers > 0) {
        fmt::format_to(out, "  delivered {}/s", format_rate(static_cast<double>(s.received)));
        if (s.e2e_max_ns > 0) {
            fmt::format_to(out, "  p50 {}  p99 {}  max {} ms", known_ms(s.shown_p50_ns()),
                           known_ms(s.shown_p99_ns()), format_ms(s.e2e_max_ns));
        }
    }
    if (s.outstanding > 0) fmt::format_to(out, "  waiting {}", commas(s.outstanding));
    if (r.broker) fmt::format_to(out, "  broker {:.0f} %", s.broker_cpu_share * 100);
    fmt::format_to(out, "  load {:.0f} %", s.generator_cpu_share * 100);
    return text;
}

}  // namespace mqtt::bench
