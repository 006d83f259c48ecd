// The commands find and vs: from settings to runs, and from their results to text and JSON. Used by
// commands, which says how one run is made: by this host, or by several.
#pragma once

#include <functional>
#include <span>

#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

using RunOne = std::function<Result(const Spec&)>;

// The exit code. Throw as run_command does. `uses`: of the command line, not of a scenario's file.
int search_rate(const BenchSettings& settings, std::span<const tools::FlagUse> uses,
                const RunOne& run);
int compare_brokers(const BenchSettings& settings, std::span<const tools::FlagUse> uses,
                    const RunOne& run);

}  // namespace mqtt::bench
