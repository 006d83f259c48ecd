// The charts of a result: rate and backlog over time, heat map, percentile curve, connections,
// CPU and memory. Used by html_report only.
#pragma once

#include <string>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

std::string result_charts(const Result& result);

}  // namespace mqtt::bench
