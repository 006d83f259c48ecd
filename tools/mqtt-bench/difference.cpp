// The rows, their intervals, the words.
#include "mqtt-bench/difference.hpp"

#include <fmt/format.h>

#include <iterator>

#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

struct Compared {
    std::string_view metric;
    bool more_is_better;
    double (*of_second)(const Second&);  // none: known of the run as a whole only
};

constexpr Compared kCompared[] = {
    {"recv.rate", true, [](const Second& s) { return static_cast<double>(s.received); }},
    {"sent.rate", true, [](const Second& s) { return static_cast<double>(s.sent); }},
    {"acked.rate", true, [](const Second& s) { return static_cast<double>(s.acked); }},
    {"e2e.p50", false, [](const Second& s) { return s.e2e_p50_ns; }},
    {"e2e.p90", false, nullptr},
    {"e2e.p99", false, [](const Second& s) { return s.e2e_p99_ns; }},
    {"e2e.p99.9", false, nullptr},
    {"e2e.max", false, [](const Second& s) { return s.e2e_max_ns; }},
    {"service.p99", false, nullptr},
    {"ack.p50", false, nullptr},
    {"ack.p99", false, [](const Second& s) { return s.ack_p99_ns; }},
    {"lag.p99", false, [](const Second& s) { return s.lag_p99_ns; }},
    {"connect.p50", false, nullptr},
    {"connect.p99", false, nullptr},
    {"loss", false, nullptr},
    {"dup", false, nullptr},
    {"reorder", false, nullptr},
    {"broker.cpu_us_per_msg", false, nullptr},
    {"broker.bytes_per_conn", false, nullptr},
    {"broker.rss", false, nullptr},
    {"generator.cpu_us_per_msg", false, nullptr},
};

std::vector<double> seconds_of(const Result& r, double (*value)(const Second&)) {
    std::vector<double> out;
    for (const Second& s : r.seconds) {
        const bool measured =
            s.at > r.warmup_seconds + 0.5 && s.at <= r.warmup_seconds + r.measured_seconds + 0.5;
        if (measured && value(s) > 0) out.push_back(value(s));
    }
    return out;
}

std::string_view judge_row(const DifferenceRow& row) {
    if (row.before.value == row.after.value) return "the same";
    const bool better = (row.after.value > row.before.value) == row.more_is_better;
    if (row.interval.middle <= 0) return "";
    if (row.interval.low <= 1 && row.interval.high >= 1) return "no difference shown";
    return better ? "better" : "worse";
}

}  // namespace

std::vector<DifferenceRow> compare_results(const Result& before, const Result& after) {
    std::vector<DifferenceRow> rows;
    for (const Compared& c : kCompared) {
        const auto a = metric(before, c.metric);
        const auto b = metric(after, c.metric);
        if (!a || !b || (a->value == 0 && b->value == 0)) continue;
        DifferenceRow row{c.metric, c.more_is_better, *a, *b, 0, {}, {}};
        if (a->value > 0 && b->value > 0) row.ratio = b->value / a->value;
        if (c.of_second != nullptr) {
            row.interval =
                unpaired_ratio(seconds_of(before, c.of_second), seconds_of(after, c.of_second), 1);
        }
        row.verdict = judge_row(row);
        rows.push_back(row);
    }
    return rows;
}

std::string difference_text(const Result& before, const Result& after) {
    std::string text;
    const auto out = std::back_inserter(text);
    fmt::format_to(out, "old      {}  ({})\nnew      {}  ({})\n", before.description,
                   before.verdict.text, after.description, after.verdict.text);
    fmt::format_to(out, "{:<26}{:>14}{:>14}{:>9}\n", "", "old", "new", "new/old");
    for (const DifferenceRow& row : compare_results(before, after)) {
        fmt::format_to(out, "{:<26}{:>14}{:>14}", row.metric, format_metric(row.before),
                       format_metric(row.after));
        fmt::format_to(out, "{:>9}", row.ratio > 0 ? fmt::format("x{:.3f}", row.ratio) : "");
        if (row.interval.middle > 0) {
            fmt::format_to(out, "  [{:.3f}, {:.3f}]", row.interval.low, row.interval.high);
        }
        fmt::format_to(out, "{}{}\n", row.verdict.empty() ? "" : "  ", row.verdict);
    }
    fmt::format_to(out,
                   "         intervals: 95 %, of the medians of seconds; runs made at different "
                   "times also differ by what else the machine did (mqtt-bench vs pairs them)\n");
    return text;
}

std::optional<MetricValue> difference_metric(const Result& before, const Result& after,
                                             std::string_view name) {
    constexpr std::string_view kOld = "old.";
    if (name.starts_with(kOld)) return metric(before, name.substr(kOld.size()));
    return metric(after, name);
}

}  // namespace mqtt::bench
