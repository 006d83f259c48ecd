// What a probe of find has shown: how long it must last, whether it held.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "mqtt-bench/find.hpp"
#include "mqtt-bench/statistics.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

// Longest that a backlog's growth over a probe may be the scheduler's, in seconds of load.
constexpr double kNoBacklog = 0.01;
constexpr double kLeastWindow = 5;  // seconds
constexpr double kSamplesAbovePercentile = 2000;

// Messages that pile up, per second.
Interval backlog_growth(const Result& result) {
    std::vector<double> waiting;
    for (const Second& second : result.seconds) {
        if (second.at > 0) waiting.push_back(static_cast<double>(second.outstanding));
    }
    return slope_interval(waiting);
}

// It grows, with 95 % confidence, and by more than milliseconds of load. Too short a run to tell: by
// the slope alone.
bool piles_up(const Probe& probe, std::size_t seconds) {
    const double over_all = probe.backlog_growth * static_cast<double>(seconds);
    if (over_all <= kNoBacklog * probe.rate) return false;
    return seconds < 4 ? seconds == 3 : probe.backlog_low > 0;
}

// Why connections are too few; empty: they are not.
std::string judge_connects(const Result& result, double rate) {
    const double achieved = standing_per_second(result);
    return achieved < 0.97 * rate ? fmt::format("connected {}/s", format_rate(achieved)) : "";
}

std::string judge_messages(const Result& result, const Probe& probe) {
    const Counters& c = result.counters;
    if (static_cast<double>(c.measured_sent) < 0.99 * static_cast<double>(c.measured_offered)) {
        return fmt::format("sent {} of {}", with_commas(static_cast<std::int64_t>(c.measured_sent)),
                           with_commas(static_cast<std::int64_t>(c.measured_offered)));
    }
    if (result.lost > 0) {
        return fmt::format("loss {}", with_commas(static_cast<std::int64_t>(result.lost)));
    }
    const auto loaded = std::count_if(result.seconds.begin(), result.seconds.end(),
                                      [](const Second& second) { return second.at > 0; });
    if (!piles_up(probe, static_cast<std::size_t>(loaded))) return {};
    return fmt::format("backlog +{}/s", format_rate(probe.backlog_growth));
}

std::string judge_objectives(const Result& result, const std::vector<std::string>& objectives) {
    const auto lookup = [&](std::string_view name) { return metric(result, name); };
    for (const std::string& objective : objectives) {
        const AssertionResult judged = evaluate_assertion(objective, lookup);
        if (judged.outcome == Expression::Outcome::pass) continue;
        return fmt::format("{}: {}", objective, judged.why.empty() ? judged.value : judged.why);
    }
    return {};
}

}  // namespace

double standing_per_second(const Result& result) {
    const double last = static_cast<double>(result.series[SeriesId::connect].at(0.5)) / 1e9;
    const double seconds = std::max(1e-6, result.connect_seconds - last);
    return (static_cast<double>(result.counters.connected) - 1) / seconds;
}

double window_seconds(const std::vector<std::string>& objectives, double samples_per_second) {
    double highest = 0;
    for (const std::string& objective : objectives) {
        const Expression expression = Expression::parse(objective);
        for (const std::string& name : expression.metrics())
            highest = std::max(highest, percentile_of(name).value_or(0));
    }
    if (highest <= 0) return kLeastWindow;
    return std::max(kLeastWindow, kSamplesAbovePercentile / (1 - highest) / samples_per_second);
}

Probe judge_probe(const Result& result, double rate, const std::vector<std::string>& objectives) {
    const bool connects = result.command == "conn";
    const auto& latency = result.series[connects ? SeriesId::connect : SeriesId::e2e];
    const Interval growth = backlog_growth(result);
    Probe probe;
    probe.rate = rate;
    probe.p50_ns = static_cast<double>(latency.supported(0.5).value_or(0));
    probe.p99_ns = static_cast<double>(latency.supported(0.99).value_or(0));
    probe.broker_us = result.broker_us_per_message().value_or(0);
    probe.seconds = result.measured_seconds;
    probe.backlog_growth = growth.middle;
    probe.backlog_low = growth.low;
    probe.backlog_high = growth.high;
    if (!result.verdict.valid) {
        probe.why = result.verdict.text;
    } else {
        probe.why = connects ? judge_connects(result, rate) : judge_messages(result, probe);
    }
    if (probe.why.empty()) probe.why = judge_objectives(result, objectives);
    probe.passed = probe.why.empty();
    return probe;
}

}  // namespace mqtt::bench
