// One result of several that ran at the same time, such as generators on several hosts. Used by
// report_commands.
#pragma once

#include <span>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

// Counts, rates, memory and histograms add; seconds are laid over each other by the wall clock,
// counts of a second add, its latencies are the worst of all. The verdict is that of the sum, and
// invalid when one of them was. Throws std::invalid_argument when there is none.
Result merge_results(std::span<const Result> results);

}  // namespace mqtt::bench
