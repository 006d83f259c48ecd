// Medians and resampling; see the header.
#include "mqtt-bench/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mqtt-bench/schedule.hpp"

namespace mqtt::bench {

namespace {

constexpr int kResamples = 2000;

std::vector<double> resample(std::span<const double> values, Random& random) {
    std::vector<double> out(values.size());
    for (double& value : out)
        value = values[random.below(values.size())];
    return out;
}

// The middle 95 % of what resampling gave.
Interval interval_of(double middle, std::vector<double>& resampled) {
    std::sort(resampled.begin(), resampled.end());
    const std::size_t n = resampled.size();
    if (n == 0) return {};
    return {middle, resampled[n * 25 / 1000], resampled[(n * 975 + 999) / 1000 - 1]};
}

}  // namespace

double median(std::span<const double> values) {
    if (values.empty()) return 0;
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

Interval paired_ratio(std::span<const double> a, std::span<const double> b, std::uint64_t seed) {
    std::vector<double> logs;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (a[i] > 0 && b[i] > 0) logs.push_back(std::log(b[i] / a[i]));
    }
    if (logs.empty()) return {};
    Random random(seed);
    std::vector<double> medians;
    std::vector<double> sample(logs.size());
    for (int i = 0; i < kResamples; ++i) {
        for (double& value : sample)
            value = logs[random.below(logs.size())];
        medians.push_back(median(sample));
    }
    const Interval logarithm = interval_of(median(logs), medians);
    return {std::exp(logarithm.middle), std::exp(logarithm.low), std::exp(logarithm.high)};
}

Interval unpaired_ratio(std::span<const double> a, std::span<const double> b, std::uint64_t seed) {
    constexpr std::size_t kEnough = 5;
    if (a.size() < kEnough || b.size() < kEnough || median(a) <= 0) return {};
    Random random(seed);
    std::vector<double> ratios;
    for (int i = 0; i < kResamples; ++i) {
        const double of_b = median(resample(b, random));
        const double of_a = median(resample(a, random));
        if (of_a > 0) ratios.push_back(of_b / of_a);
    }
    return interval_of(median(b) / median(a), ratios);
}

namespace {

std::vector<double> slopes_of(std::span<const double> values) {
    std::vector<double> slopes;
    for (std::size_t i = 0; i < values.size(); ++i) {
        for (std::size_t k = i + 1; k < values.size(); ++k) {
            slopes.push_back((values[k] - values[i]) / static_cast<double>(k - i));
        }
    }
    std::sort(slopes.begin(), slopes.end());
    return slopes;
}

}  // namespace

double median_slope(std::span<const double> values) {
    return median(slopes_of(values));
}

// Kendall's statistic of n points without a trend has the variance n(n-1)(2n+5)/18; the interval leaves
// out as many of the sorted slopes on either side as that allows.
Interval slope_interval(std::span<const double> values) {
    const std::vector<double> slopes = slopes_of(values);
    const auto n = static_cast<double>(values.size());
    const auto pairs = static_cast<double>(slopes.size());
    const double reach = 1.96 * std::sqrt(n * (n - 1) * (2 * n + 5) / 18);
    const double left_out = std::floor((pairs - reach) / 2);
    if (values.size() < 4) {
        constexpr double kAny = std::numeric_limits<double>::infinity();
        return {median(slopes), -kAny, kAny};
    }
    const auto skip = static_cast<std::size_t>(std::max(0.0, left_out - 1));
    return {median(slopes), slopes[skip], slopes[slopes.size() - 1 - skip]};
}

}  // namespace mqtt::bench
