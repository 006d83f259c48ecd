// Two results beside each other: figures, ratios, and whether the seconds of the two runs differ by
// more than they scatter. Used by report_commands.
#pragma once

#include <string>
#include <vector>

#include "mqtt-bench/results.hpp"
#include "mqtt-bench/statistics.hpp"

namespace mqtt::bench {

struct DifferenceRow {
    std::string_view metric;  // as in --assert
    bool more_is_better = false;
    MetricValue before;
    MetricValue after;
    double ratio = 0;   // 0: one of them is 0
    Interval interval;  // of the medians of seconds; middle 0: not known by seconds
    std::string_view verdict;
};

std::vector<DifferenceRow> compare_results(const Result& before, const Result& after);
std::string difference_text(const Result& before, const Result& after);

// What --assert of diff may name: a metric of the new run, or old.METRIC.
std::optional<MetricValue> difference_metric(const Result& before, const Result& after,
                                             std::string_view name);

}  // namespace mqtt::bench
