// report, merge and diff: results read back from the files of --json, nothing is run. Used by main.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/flags.hpp"

namespace mqtt::bench {

bool is_report_command(std::string_view word);

// Takes the file names out of `words` (those that are neither options nor their values).
std::vector<std::string> take_files(std::vector<char*>& words,
                                    std::span<const tools::Flag* const> flags);

// The exit code: of the judged result, 99 for a failed assertion of diff. Throws
// std::invalid_argument for a wrong command line, std::runtime_error for files.
int run_report_command(std::string_view command, std::span<const std::string> files,
                       std::span<const tools::FlagUse> uses);

}  // namespace mqtt::bench
