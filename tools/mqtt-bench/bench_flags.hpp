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
    bool clean = true;
    Ending storm_ending = Ending::close;
    bool nagle = false;
    std::vector<std::string> sources;  // --bind: addresses and networks, as typed

    // run
    double scale = 1;
    std::vector<std::string> sets;

    // find
    std::vector<std::string> objectives;
    double low = 0;
    double high = 0;
    double tolerance = 0.03;
    // vs
    std::string url_a, url_b;
    pid_t pid_a = 0;
    pid_t pid_b = 0;
    int rounds = 8;

    // several load hosts
    bool agents_given = false;
    std::string control, join;
    bool once = false;
};

using BenchRow = tools::FlagRow<BenchSettings>;

std::span<const BenchRow> load_rows();      // bench_flags.cpp
std::span<const BenchRow> message_rows();   // message_flags.cpp
std::span<const BenchRow> client_rows();    // client_flags.cpp
std::span<const BenchRow> scenario_rows();  // scenario_flags.cpp
std::span<const BenchRow> output_rows();    // output_flags.cpp
std::span<const BenchRow> search_rows();    // search_flags.cpp
std::span<const BenchRow> team_rows();      // team_flags.cpp

// All of them, for parser, help, man page and completions.
const std::vector<const tools::Flag*>& bench_flags();

// The two halves of make_settings, for what comes from files: store, then put together and check.
void apply_flags(BenchSettings& settings, std::span<const tools::FlagUse> uses);
void finish_settings(BenchSettings& settings);

// Puts everything together; `spec` of the answer is ready to run. Throws tools::UsageError.
BenchSettings make_settings(Command command, std::span<const tools::FlagUse> uses,
                            std::string command_line);

}  // namespace mqtt::bench
