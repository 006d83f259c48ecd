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

// The pieces of it, for whoever adds up in another order: one host's second to another's of the same
// time, and the judgement of a sum.
void add_second(Second& to, const Second& from);
void judge_together(Result& sum, std::span<const Result> results);

}  // namespace mqtt::bench
