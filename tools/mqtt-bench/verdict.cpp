// Who was the limit, what the assertions say, and the exit code.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "mqtt-bench/results.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

constexpr double kBusy = 0.90;          // of a core: an open loop has no slack left
constexpr double kWaiting = 0.20;       // of the time: somebody else has the core
constexpr double kTolerableLag = 10e6;  // ns: below it lateness is told, not fatal
constexpr double kNoticeableLag = 1e6;

double as_percent(double share) {
    return share * 100;
}

// The generator's own trouble, as the reason why the figures are not the broker's; empty: none.
std::string generator_trouble(const Result& r) {
    const GeneratorCost& g = r.generator;
    // Saturation makes no statement about time: nothing to invalidate.
    if (r.saturation) return {};
    if (g.waiting_share > kWaiting) {
        return fmt::format("a worker waited {:.0f} % of the time for a core that others used",
                           as_percent(g.waiting_share));
    }
    if (g.busiest_share > kBusy && !g.polls) {
        return fmt::format("a worker was {:.0f} % busy: use more threads (-j)",
                           as_percent(g.busiest_share));
    }
    const Histogram& lag = r.series[SeriesId::lag];
    const auto late = static_cast<double>(lag.at(0.99));
    const auto e2e = static_cast<double>(r.series[SeriesId::e2e].at(0.99));
    if (late > kTolerableLag && late > 0.1 * e2e) {
        return fmt::format("the generator was late by itself: p99 {} ms of schedule lag",
                           format_ms(late));
    }
    return {};
}

std::string broker_limit(const Result& r) {
    const Counters& c = r.counters;
    if (r.saturation) return "saturation run: latency is queueing";
    if (c.measured_sent < c.measured_offered - c.measured_offered / 100) {
        return fmt::format(
            "broker-limited: {} of {} messages could not be sent in time",
            with_commas(static_cast<std::int64_t>(c.measured_offered - c.measured_sent)),
            with_commas(static_cast<std::int64_t>(c.measured_offered)));
    }
    const std::uint64_t waits = c.waits_window + c.waits_socket;
    if (waits > c.offered / 10) {
        return fmt::format("broker-limited: {:.0f} % of the messages waited for {}",
                           100.0 * static_cast<double>(waits) / static_cast<double>(c.offered),
                           c.waits_window > c.waits_socket ? "acknowledgements" : "its socket");
    }
    return {};
}

// Where messages waited before they were sent, when that is what the tail is made of.
std::string held_by(const Result& r) {
    const auto response = static_cast<double>(r.series[SeriesId::e2e].at(0.99));
    const auto service = static_cast<double>(r.series[SeriesId::service].at(0.99));
    if (r.saturation || service <= 0 || response < 1.1 * service ||
        response - service < kNoticeableLag) {
        return {};
    }
    const auto late = static_cast<double>(r.series[SeriesId::lag].at(0.99));
    const Counters& c = r.counters;
    std::string_view queue = "the generator, which was late by itself";
    if (late < 0.5 * (response - service)) {
        if (c.waits_window + c.waits_socket == 0) return {};
        queue = c.waits_window > c.waits_socket ? "acknowledgements (the window was full)"
                                                : "their socket";
    }
    return fmt::format(
        "; p99 is {} ms from intended and {} ms from actual send: messages waited "
        "for {}",
        format_ms(response), format_ms(service), queue);
}

RunVerdict verdict_of(const Result& r) {
    RunVerdict verdict;
    if (const std::string trouble = generator_trouble(r); !trouble.empty()) {
        return {false, Limit::generator, "measurement invalid, generator-limited: " + trouble};
    }
    if (const std::string limit = broker_limit(r); !limit.empty()) {
        verdict.limit = Limit::broker;
        verdict.text = "measurement valid; " + limit + held_by(r);
        if (r.saturation && r.generator.busiest_share > kBusy) {
            verdict.limit = Limit::generator;
            verdict.text += fmt::format("; the generator was {:.0f} % busy and may be the limit",
                                        as_percent(r.generator.busiest_share));
        } else if (r.saturation && r.generator.waiting_share > kWaiting) {
            verdict.text += fmt::format("; the generator waited {:.0f} % of the time for a core",
                                        as_percent(r.generator.waiting_share));
        }
        return verdict;
    }
    verdict.text = "measurement valid";
    const auto late = static_cast<double>(r.series[SeriesId::lag].at(0.99));
    const auto e2e = static_cast<double>(r.series[SeriesId::e2e].at(0.99));
    if (const std::string queue = held_by(r); !queue.empty()) {
        verdict.text += queue;
    } else if (late > kNoticeableLag && late > 0.1 * e2e) {
        verdict.text +=
            fmt::format("; schedule lag (p99 {} ms) is part of the tail", format_ms(late));
    }
    return verdict;
}

struct NamedCount {
    std::string_view name;
    double (*get)(const Result&);
    bool says_early = false;  // before the end of the run, too
};

double to_double(std::uint64_t value) {
    return static_cast<double>(value);
}

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
double percentile_of(std::string_view name) {
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
    const double p = percentile_of(what);
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
           percentile_of(what) > 0;
}

void check_metrics(const std::string& text, bool (*is_known)(std::string_view)) {
    const Expression expression = Expression::parse(text);
    for (const std::string& name : expression.metrics()) {
        if (is_known(name)) continue;
        throw std::invalid_argument(fmt::format("'{}': no metric is called {}", text, name));
    }
}

AssertionResult evaluate_assertion(const std::string& text, const MetricLookup& lookup) {
    Expression::Verdict verdict = Expression::parse(text).evaluate(lookup);
    return {text, verdict.outcome, format_metric(verdict.left), std::move(verdict.why)};
}

std::uint64_t Result::work_in_window() const {
    return subscribers > 0 ? counters.received_in_window : counters.sent_in_window;
}

std::optional<double> Result::broker_us_per_message() const {
    if (!broker || work_in_window() == 0 || broker->cpu_ns == 0) return std::nullopt;
    return to_double(broker->cpu_ns) / 1e3 / to_double(work_in_window());
}

std::optional<double> Result::generator_us_per_message() const {
    if (work_in_window() == 0 || generator.cpu_ns == 0) return std::nullopt;
    return to_double(generator.cpu_ns) / 1e3 / to_double(work_in_window());
}

std::optional<double> Result::broker_bytes_per_connection() const {
    // Pages are the unit of what can be seen: few connections say nothing; an embedded broker's
    // memory is not told apart from ours.
    constexpr std::uint64_t kEnough = 500;
    if (!broker || counters.connected < kEnough || broker->source == "embedded" ||
        broker->rss_connected < broker->rss_before) {
        return std::nullopt;
    }
    return to_double(broker->rss_connected - broker->rss_before) / to_double(counters.connected);
}

void judge(Result& result) {
    if (result.command != "conn") {
        result.verdict = verdict_of(result);
    } else {
        result.verdict.text = "measurement valid";
    }
    bool failed_assertion = false;
    for (AssertionResult& assertion : result.assertions) {
        assertion = evaluate_assertion(assertion.text,
                                       [&](std::string_view name) { return metric(result, name); });
        if (assertion.outcome != Expression::Outcome::pass) failed_assertion = true;
    }
    result.exit_code = kExitOk;
    if (!result.stopped_by.empty()) failed_assertion = true;
    if (failed_assertion) result.exit_code = kExitAssertion;
    if (!result.verdict.valid) result.exit_code = kExitInvalid;
    if (!result.error.empty()) result.exit_code = kExitRunFailed;
}

}  // namespace mqtt::bench
