// Slopes of the last seconds.
#include "mqtt-bench/warmup.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "mqtt-bench/statistics.hpp"

namespace mqtt::bench {
namespace {

// Change per second, as a part of the value.
constexpr double kRateSlope = 0.01;
constexpr double kLatencySlope = 0.05;
// Below it a change of the median is the clock's and the scheduler's.
constexpr double kNoLatency = 50e3;  // ns

bool is_flat(const std::vector<double>& values, double slope, double least) {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const double middle = sorted[sorted.size() / 2];
    return std::abs(median_slope(values)) <= std::max(slope * middle, least);
}

}  // namespace

bool is_steady(std::span<const Second> seconds, bool delivers) {
    std::vector<double> rates;
    std::vector<double> medians;
    // The first second has the start in it.
    for (const Second& second : seconds) {
        if (second.at < 1.5) continue;
        rates.push_back(static_cast<double>(delivers ? second.received : second.sent));
        medians.push_back(second.e2e_p50_ns);
    }
    if (rates.size() < kSteadySeconds) return false;
    rates.erase(rates.begin(), rates.end() - kSteadySeconds);
    medians.erase(medians.begin(), medians.end() - kSteadySeconds);
    return is_flat(rates, kRateSlope, 1) && is_flat(medians, kLatencySlope, kNoLatency);
}

}  // namespace mqtt::bench
