// The names that expressions may use, and what they are in a result.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "mqtt-bench/results.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

struct NamedCount {
    std::string_view name;
    double (*get)(const Result&);
    bool says_early = false;  // before the end of the run, too
};

constexpr NamedCount kCounts[] = {
    {"loss", [](const Result& r) { return to_double(r.lost); }},
    {"dup", [](const Result& r) { return to_double(r.checks.duplicates); }},
    {"dup.flagged", [](const Result& r) { return to_double(r.checks.flagged_duplicates); }},
    {"reorder", [](const Result& r) { return to_double(r.checks.reordered); }},
    {"offered", [](const Result& r) { return to_double(r.counters.measured_offered); }},
    {"sent", [](const Result& r) { return to_double(r.counters.measured_sent); }},
    {"acked", [](const Result& r) { return to_double(r.counters.measured_acked); }},
    {"recv", [](const Result& r) { return to_double(r.counters.measured_received); }},
    {"expected", [](const Result& r) { return to_double(r.counters.measured_owed); }},
    {"refused", [](const Result& r) { return to_double(r.counters.refused); }, true},
    {"connected", [](const Result& r) { return to_double(r.counters.connected); }},
    {"connect.failed", [](const Result& r) { return to_double(r.counters.connect_failed); }, true},
    {"connections.lost", [](const Result& r) { return to_double(r.counters.connections_lost); },
     true},
    {"dropped", [](const Result& r) { return to_double(r.counters.dropped); }, true},
    {"reconnected", [](const Result& r) { return to_double(r.counters.reconnected); }, true},
    {"sessions.lost", [](const Result& r) { return to_double(r.counters.sessions_lost); }, true},
    {"excused", [](const Result& r) { return to_double(r.excused); }},
    {"unsent", [](const Result& r) { return to_double(r.unsent()); }},
    {"retained", [](const Result& r) { return to_double(r.counters.retained); }, true},
    {"offered.rate", [](const Result& r) { return r.per_second(r.counters.measured_offered); },
     true},
    {"sent.rate", [](const Result& r) { return r.per_second(r.counters.sent_in_window); }, true},
    {"acked.rate", [](const Result& r) { return r.per_second(r.counters.acked_in_window); }, true},
    {"recv.rate", [](const Result& r) { return r.per_second(r.counters.received_in_window); },
     true},
    {"fairness", [](const Result& r) { return r.fairness; }},
    {"generator.busy", [](const Result& r) { return r.generator.busiest_share; }, true},
    {"generator.cpu_us_per_msg",
     [](const Result& r) { return r.generator_us_per_message().value_or(-1); }},
    {"broker.cpu_us_per_msg",
     [](const Result& r) { return r.broker_us_per_message().value_or(-1); }},
    {"broker.bytes_per_conn",
     [](const Result& r) { return r.broker_bytes_per_connection().value_or(-1); }},
    {"broker.rss", [](const Result& r) { return r.broker ? to_double(r.broker->rss_after) : -1; }},
};

// "p99.9" to 0.999; negative: not a percentile.
double to_percentile(std::string_view name) {
    if (!name.starts_with('p')) return -1;
    double percent = 0;
    const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), percent);
    if (error != std::errc{} || end != name.data() + name.size()) return -1;
    return percent <= 0 || percent >= 100 ? -1 : percent / 100;
}

int series_index(std::string_view name) {
    for (std::size_t i = 0; i < kSeriesCount; ++i) {
        if (kSeriesNames[i] == name) return static_cast<int>(i);
    }
    return -1;
}

}  // namespace

std::optional<MetricValue> metric(const Result& result, std::string_view name) {
    for (const NamedCount& row : kCounts) {
        if (row.name != name) continue;
        const double value = row.get(result);
        if (value < 0) return std::nullopt;
        return MetricValue{value, false};
    }
    const std::size_t dot = name.find('.');
    const int index = series_index(name.substr(0, dot));
    if (index < 0 || dot == std::string_view::npos) return std::nullopt;
    const Histogram& histogram = result.series.series[static_cast<std::size_t>(index)];
    const std::string_view what = name.substr(dot + 1);
    if (histogram.empty()) return std::nullopt;
    if (what == "max") return MetricValue{to_double(histogram.max()), true};
    if (what == "min") return MetricValue{to_double(histogram.min()), true};
    if (what == "mean") return MetricValue{histogram.mean(), true};
    if (what == "count") return MetricValue{to_double(histogram.count()), false};
    const double p = to_percentile(what);
    if (p < 0) return std::nullopt;
    const auto value = histogram.supported(p);
    if (!value) return std::nullopt;
    return MetricValue{to_double(*value), true};
}

std::optional<MetricValue> metric_so_far(const Result& result, std::string_view name) {
    for (const NamedCount& row : kCounts) {
        if (row.name == name && !row.says_early) return std::nullopt;
    }
    return metric(result, name);
}

bool is_metric(std::string_view name) {
    for (const NamedCount& row : kCounts) {
        if (row.name == name) return true;
    }
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos || series_index(name.substr(0, dot)) < 0) return false;
    const std::string_view what = name.substr(dot + 1);
    return what == "max" || what == "min" || what == "mean" || what == "count" ||
           to_percentile(what) > 0;
}

std::optional<double> percentile_of(std::string_view name) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos || series_index(name.substr(0, dot)) < 0) return std::nullopt;
    const double percentile = to_percentile(name.substr(dot + 1));
    return percentile > 0 ? std::optional(percentile) : std::nullopt;
}

void check_metrics(const std::string& text, bool (*is_known)(std::string_view)) {
    const Expression expression = Expression::parse(text);
    for (const std::string& name : expression.metrics()) {
        if (is_known(name)) continue;
        throw std::invalid_argument(fmt::format("'{}': no metric is called {}", text, name));
    }
}

AssertionResult evaluate_assertion(const std::string& text, const MetricLookup& lookup) {
    const Expression expression = Expression::parse(text);
    // Beside a rate a count is meant as its rate: recv.rate>=0.99*offered.
    const auto& names = expression.metrics();
    const bool of_rates = std::any_of(names.begin(), names.end(),
                                      [](const auto& name) { return name.ends_with(".rate"); });
    Expression::Verdict verdict = expression.evaluate([&](std::string_view name) {
        const auto rate = of_rates ? lookup(fmt::format("{}.rate", name)) : std::nullopt;
        return rate ? rate : lookup(name);
    });
    return {text, verdict.outcome, format_metric(verdict.left), std::move(verdict.why)};
}

}  // namespace mqtt::bench
