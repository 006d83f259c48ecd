// Command line to FlagUses. CLI11 does the reading and lives in cli.cpp alone.
// Used by app and by the tests; knows no option by name.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/flags.hpp"

namespace tools {

// Every option of `words` (without the program's name), in order. The word after an option that
// takes one is taken whatever it looks like; `-q1`, `-dv` and `--port=1883` are read too.
// Throws UsageError naming the option: unknown, without its word, not one of its choices, given
// twice though only one makes sense.
std::vector<FlagUse> parse_words(std::span<const std::string> words,
                                 std::span<const Flag* const> flags, Persona persona);

// Checks `once` over everything that was read, options file included.
void check_repeats(std::span<const FlagUse> uses);

}  // namespace tools
