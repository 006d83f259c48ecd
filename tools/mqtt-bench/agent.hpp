// The agent command: a load host that waits for a coordinator's plans (--agents) and does its part.
#pragma once

#include "mqtt-bench/bench_flags.hpp"

namespace mqtt::bench {

// Until it is cancelled, or with --once until the first run is over; the exit code.
int run_agent(const BenchSettings& settings);

}  // namespace mqtt::bench
