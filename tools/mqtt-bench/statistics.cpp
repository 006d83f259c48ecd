// Medians and resampling; see the header.
#include "mqtt-bench/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "mqtt-bench/schedule.hpp"

namespace mqtt::bench {

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
    constexpr int kResamples = 2000;
    Random random(seed);
    std::vector<double> medians;
    std::vector<double> sample(logs.size());
    for (int i = 0; i < kResamples; ++i) {
        for (double& value : sample)
            value = logs[random.below(logs.size())];
        medians.push_back(median(sample));
    }
    std::sort(medians.begin(), medians.end());
    return {std::exp(median(logs)), std::exp(medians[kResamples * 25 / 1000]),
            std::exp(medians[kResamples * 975 / 1000 - 1])};
}

double median_slope(std::span<const double> values) {
    std::vector<double> slopes;
    for (std::size_t i = 0; i < values.size(); ++i) {
        for (std::size_t k = i + 1; k < values.size(); ++k) {
            slopes.push_back((values[k] - values[i]) / static_cast<double>(k - i));
        }
    }
    return median(slopes);
}

}  // namespace mqtt::bench
