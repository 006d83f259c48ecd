// The options of mqtt-bench: its own table, and those of connect_flags with the letters that mean
// something else in load tests (-c -d -i -I -L -M) left out. Fills a Spec; opens nothing.
#pragma once

#include <span>
#include <vector>

#include "common/connect_flags.hpp"
#include "common/flags.hpp"
#include "mqtt-bench/spec.hpp"

namespace mqtt::bench {

// What the command line says before it is put together.
struct BenchSettings {
    Spec spec;
    tools::ConnectSettings connect;
    std::vector<std::string> urls;
    bool rate_given = false;
    bool interval_given = false;
    bool duration_given = false;
    bool color = true;
};

using BenchRow = tools::FlagRow<BenchSettings>;

std::span<const BenchRow> load_rows();    // bench_flags.cpp
std::span<const BenchRow> output_rows();  // output_flags.cpp

// All of them, for parser, help, man page and completions.
const std::vector<const tools::Flag*>& bench_flags();

// Puts everything together. Throws tools::UsageError.
Spec make_spec(Command command, std::span<const tools::FlagUse> uses, std::string command_line);

}  // namespace mqtt::bench
