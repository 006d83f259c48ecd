// The subcommands: one load, a search for the highest rate, or two brokers compared; and where their
// output goes. Used by main.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

enum class Mode : std::uint8_t { once, find, versus, list, check, agent };

struct CommandWords {
    Mode mode = Mode::once;
    Command load = Command::pubsub;  // also what find and vs run
    std::string scenario;            // of run and list: a file or a preset
};

// Reads "pubsub", "find pubsub" or "run NAME" from the front; returns how many words it took, 0 for none.
std::size_t read_command(std::span<char* const> words, CommandWords& out);

// Runs it and writes its output; the exit code. Throws std::invalid_argument for what the command
// line got wrong, std::runtime_error for what prevented a run.
int run_command(const CommandWords& what, std::span<const tools::FlagUse> uses,
                const std::string& command_line);

// Ends the present run early, its figures kept. From any thread, also from a signal handler.
void cancel_run();
bool is_run_cancelled();

}  // namespace mqtt::bench
