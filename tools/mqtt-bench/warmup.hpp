// --warmup auto: when a load has become steady, by the seconds that it has run. Plain data in, a verdict
// out; the run asks once a second.
#pragma once

#include <span>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

// The last kSteadySeconds are alike: neither what is delivered (or sent, where nobody subscribes here) nor
// its median latency has a slope that matters.
bool is_steady(std::span<const Second> seconds, bool delivers);

inline constexpr std::size_t kSteadySeconds = 5;
// What is not steady by then is measured as it is, and told.
inline constexpr double kLongestWarmup = 60;  // seconds

}  // namespace mqtt::bench
