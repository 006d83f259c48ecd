// mqtt-bench check: is this machine fit for a load test, and what do N clients need of both hosts.
#pragma once

#include "mqtt-bench/bench_flags.hpp"

namespace mqtt::bench {

// Prints a line per subject; exit code 1 when something is too little for --clients and --rate.
int check_hosts(const BenchSettings& settings);

}  // namespace mqtt::bench
