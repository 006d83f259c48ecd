// The JSON form (schema "mqtt-bench/1") and the CSV of seconds.
#include <fmt/format.h>

#include <iterator>

#include "mqtt-bench/hdr_log.hpp"
#include "mqtt-bench/summary.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

// Writes members with commas and indentation; numbers as they are, strings quoted.
class Json {
public:
    explicit Json(std::string& out) : out_(out) {}

    void begin(std::string_view name, char bracket) {
        key(name);
        out_ += bracket;
        first_ = true;
        ++depth_;
    }
    void end(char bracket) {
        --depth_;
        out_ += '\n';
        out_.append(static_cast<std::size_t>(depth_) * 2, ' ');
        out_ += bracket;
        first_ = false;
    }
    void text(std::string_view name, std::string_view value) {
        key(name);
        out_ += format_json_string(value);
    }
    void number(std::string_view name, double value) {
        key(name);
        fmt::format_to(std::back_inserter(out_), "{:.10g}", value);
    }
    void count(std::string_view name, std::uint64_t value) {
        key(name);
        fmt::format_to(std::back_inserter(out_), "{}", value);
    }
    void flag(std::string_view name, bool value) {
        key(name);
        out_ += value ? "true" : "false";
    }

private:
    void key(std::string_view name) {
        if (depth_ > 0) {
            out_ += first_ ? "\n" : ",\n";
            out_.append(static_cast<std::size_t>(depth_) * 2, ' ');
        }
        first_ = false;
        if (!name.empty()) fmt::format_to(std::back_inserter(out_), "\"{}\": ", name);
    }
    std::string& out_;
    int depth_ = 0;
    bool first_ = true;
};

void write_asked(Json& json, const Result& r) {
    json.text("schema", "mqtt-bench/1");
    json.text("command", r.command);
    json.text("shape", r.shape);
    json.text("description", r.description);
    json.text("command_line", r.command_line);
    json.begin("targets", '[');
    for (const std::string& target : r.targets)
        json.text("", target);
    json.end(']');
    json.text("mqtt_version", r.version);
    json.count("qos", static_cast<std::uint64_t>(r.qos));
    json.flag("saturation", r.saturation);
    json.count("seed", r.seed);
    json.text("run_id", fmt::format("{:08x}", r.run_id));
    json.number("started", r.started_epoch);
    json.count("clients", r.clients);
    json.count("publishers", r.publishers);
    json.count("subscribers", r.subscribers);
    json.count("fan_out", r.fan_out);
    json.count("payload_bytes", r.payload_bytes);
    json.number("offered_rate", r.offered_rate);
}

void write_counts(Json& json, const Result& r) {
    const Counters& c = r.counters;
    json.number("connect_seconds", r.connect_seconds);
    json.number("measured_seconds", r.measured_seconds);
    json.number("drain_seconds", r.drain_seconds);
    json.begin("counts", '{');
    json.count("connected", c.connected);
    json.count("connect_failed", c.connect_failed);
    json.count("connections_lost", c.connections_lost);
    json.count("subscribed", c.subscribed);
    json.count("offered", c.measured_offered);
    json.count("sent", c.measured_sent);
    json.count("acked", c.measured_acked);
    json.count("refused", c.refused);
    json.count("received", c.measured_received);
    json.count("expected", c.measured_sent * r.fan_out);
    json.count("all_sent", c.sent);
    json.count("all_received", c.received);
    json.count("all_expected", r.expected);
    json.count("loss", r.lost);
    json.count("duplicates", r.checks.duplicates);
    json.count("redelivered", r.checks.flagged_duplicates);
    json.count("reordered", r.checks.reordered);
    json.count("foreign", c.foreign);
    json.count("unmeasured", c.unmeasured);
    json.end('}');
    json.begin("rates", '{');
    json.number("sent", r.per_second(c.sent_in_window));
    json.number("acked", r.per_second(c.acked_in_window));
    json.number("received", r.per_second(c.received_in_window));
    json.end('}');
    json.number("fairness", r.fairness);
}

void write_series(Json& json, const Result& r) {
    json.begin("latency_ns", '{');
    for (std::size_t i = 0; i < kSeriesCount; ++i) {
        const Histogram& h = r.series.series[i];
        if (h.empty()) continue;
        json.begin(kSeriesNames[i], '{');
        json.count("count", h.count());
        json.count("min", h.min());
        json.number("mean", h.mean());
        for (const double p : {50.0, 90.0, 99.0, 99.9, 99.99, 99.999}) {
            const auto value = h.supported(p / 100);
            if (value) json.count(fmt::format("p{:g}", p), *value);
        }
        json.count("max", h.max());
        json.text("hdr", encode_base64(encode_histogram(h)));
        json.end('}');
    }
    json.end('}');
}

void write_cost(Json& json, const Result& r) {
    if (r.broker) {
        json.begin("broker", '{');
        json.text("source", r.broker->source);
        json.count("cpu_ns", r.broker->cpu_ns);
        json.count("rss_before", r.broker->rss_before);
        json.count("rss_connected", r.broker->rss_connected);
        json.count("rss_after", r.broker->rss_after);
        json.count("context_switches", r.broker->switches);
        if (const auto us = r.broker_us_per_message()) {
            json.number("cpu_us_per_message", *us);
            json.number("messages_per_cpu_second", 1e6 / *us);
        }
        if (const auto bytes = r.broker_bytes_per_connection()) {
            json.number("bytes_per_connection", *bytes);
        }
        json.end('}');
    }
    json.begin("generator", '{');
    json.count("threads", r.generator.threads);
    json.count("cpu_ns", r.generator.cpu_ns);
    json.number("busiest_share", r.generator.busiest_share);
    json.number("waiting_share", r.generator.waiting_share);
    json.count("rss_before", r.generator.rss_before);
    json.count("rss_connected", r.generator.rss_connected);
    json.count("rss", r.generator.rss_bytes);
    if (const auto us = r.generator_us_per_message()) {
        json.number("messages_per_cpu_second", 1e6 / *us);
    }
    json.end('}');
}

void write_judgement(Json& json, const Result& r) {
    json.begin("verdict", '{');
    json.flag("valid", r.verdict.valid);
    json.text("limit", r.verdict.limit == Limit::none        ? "none"
                       : r.verdict.limit == Limit::generator ? "generator"
                                                             : "broker");
    json.text("text", r.verdict.text);
    json.end('}');
    json.begin("assertions", '[');
    for (const AssertionResult& a : r.assertions) {
        json.begin("", '{');
        json.text("text", a.text);
        json.text("outcome", a.verdict.outcome == Expression::Outcome::pass   ? "pass"
                             : a.verdict.outcome == Expression::Outcome::fail ? "fail"
                                                                              : "unknown");
        json.text("value", format_metric(a.verdict.left));
        json.text("why", a.verdict.why);
        json.end('}');
    }
    json.end(']');
    json.flag("partial", r.partial);
    json.text("error", r.error);
    json.count("exit_code", static_cast<std::uint64_t>(r.exit_code));
}

void write_seconds(Json& json, const Result& r) {
    json.begin("seconds", '[');
    for (const Second& s : r.seconds) {
        json.begin("", '{');
        json.number("at", s.at);
        json.count("offered", s.offered);
        json.count("sent", s.sent);
        json.count("acked", s.acked);
        json.count("received", s.received);
        json.count("outstanding", s.outstanding);
        json.number("e2e_p50_ns", s.e2e_p50_ns);
        json.number("e2e_p99_ns", s.e2e_p99_ns);
        json.number("e2e_max_ns", s.e2e_max_ns);
        json.number("broker_cpu_share", s.broker_cpu_share);
        json.count("broker_rss", s.broker_rss_bytes);
        json.number("generator_cpu_share", s.generator_cpu_share);
        json.end('}');
    }
    json.end(']');
}

}  // namespace

std::string result_json(const Result& r) {
    std::string out;
    Json json(out);
    json.begin("", '{');
    write_asked(json, r);
    write_counts(json, r);
    write_series(json, r);
    write_cost(json, r);
    write_judgement(json, r);
    json.begin("environment", '{');
    for (const auto& [name, value] : r.environment)
        json.text(name, value);
    json.end('}');
    write_seconds(json, r);
    json.end('}');
    return out + "\n";
}

std::string seconds_csv(const Result& r) {
    std::string out =
        "second,offered,sent,acked,received,outstanding,e2e_p50_ms,e2e_p99_ms,e2e_max_ms,"
        "broker_cpu_share,broker_rss_bytes,generator_cpu_share\n";
    for (const Second& s : r.seconds) {
        fmt::format_to(std::back_inserter(out),
                       "{:.0f},{},{},{},{},{},{:.3f},{:.3f},{:.3f},{:.3f},{},{:.3f}\n", s.at,
                       s.offered, s.sent, s.acked, s.received, s.outstanding, s.e2e_p50_ns / 1e6,
                       s.e2e_p99_ns / 1e6, s.e2e_max_ns / 1e6, s.broker_cpu_share,
                       s.broker_rss_bytes, s.generator_cpu_share);
    }
    return out;
}

}  // namespace mqtt::bench
