// The rows of the latency heat map: eight per factor of ten, from 1 us to 100 s, so that a second
// of any load is at most 64 numbers. Used by the run, the JSON form and the HTML report.
#pragma once

#include <cstdint>
#include <vector>

#include "mqtt-bench/histogram.hpp"
#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

inline constexpr std::uint32_t kHeatRows = 64;
inline constexpr std::uint32_t kHeatRowsPerDecade = 8;

std::uint32_t heat_row_of(double ns);  // what is shorter or longer counts in the outer rows
double heat_row_begins_ns(std::uint32_t row);

// The rows that have samples, in order.
std::vector<HeatCell> heat_of(const Histogram& histogram);
void add_heat(std::vector<HeatCell>& to, const std::vector<HeatCell>& from);

}  // namespace mqtt::bench
