// Small statistics for comparing runs: medians, bootstrap intervals of paired ratios, slopes.
// Plain functions of numbers.
#pragma once

#include <cstdint>
#include <span>

namespace mqtt::bench {

double median(std::span<const double> values);  // 0 when empty

struct Interval {
    double middle = 0;
    double low = 0;
    double high = 0;
};

// Median of b/a over pairs and its 95 % interval by bootstrap over the pairs. Pairs with a value of
// 0 or below are left out. The same seed gives the same interval.
Interval paired_ratio(std::span<const double> a, std::span<const double> b, std::uint64_t seed);

// The ratio of the medians of two samples that are not paired, b to a, and its 95 % interval by
// bootstrap over both. All 0 when one of them has fewer than five values.
Interval unpaired_ratio(std::span<const double> a, std::span<const double> b, std::uint64_t seed);

// Theil-Sen: the median slope per step over all pairs of points of an evenly spaced series.
double median_slope(std::span<const double> values);
// The same with Sen's 95 % interval. With fewer than four points it cannot be narrower than any slope.
Interval slope_interval(std::span<const double> values);

}  // namespace mqtt::bench
