// Rows of the heat map from histograms.
#include "mqtt-bench/heat.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace mqtt::bench {
namespace {

using Rows = std::array<std::uint64_t, kHeatRows>;
constexpr double kFirstNs = 1000;

std::vector<HeatCell> to_cells(const Rows& rows) {
    std::vector<HeatCell> cells;
    for (std::uint32_t row = 0; row < kHeatRows; ++row) {
        if (rows[row] != 0) cells.push_back({row, rows[row]});
    }
    return cells;
}

}  // namespace

std::uint32_t heat_row_of(double ns) {
    if (ns < kFirstNs) return 0;
    const double row = std::floor(std::log10(ns / kFirstNs) * kHeatRowsPerDecade + 1e-9);
    return static_cast<std::uint32_t>(std::min<double>(row, kHeatRows - 1));
}

double heat_row_begins_ns(std::uint32_t row) {
    return kFirstNs * std::pow(10.0, static_cast<double>(row) / kHeatRowsPerDecade);
}

std::vector<HeatCell> heat_of(const Histogram& histogram) {
    if (histogram.empty()) return {};
    Rows rows{};
    const std::uint32_t last = histogram.used_buckets();
    for (std::uint32_t i = Histogram::index_of(histogram.min()); i < last; ++i) {
        const std::uint64_t count = histogram.count_at_index(i);
        // The highest value, as percentiles do: a round number is not below itself.
        if (count != 0) rows[heat_row_of(static_cast<double>(Histogram::highest_of(i)))] += count;
    }
    return to_cells(rows);
}

void add_heat(std::vector<HeatCell>& to, const std::vector<HeatCell>& from) {
    Rows rows{};
    const auto add = [&](const std::vector<HeatCell>& cells) {
        for (const HeatCell& cell : cells) {
            if (cell.row < kHeatRows) rows[cell.row] += cell.count;
        }
    };
    add(to);
    add(from);
    to = to_cells(rows);
}

}  // namespace mqtt::bench
