// --exec, --exec-lines, --reply, --echo as plain data, and their rows. Included by options.hpp.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/flags.hpp"

namespace mqtt_sub {

struct Options;

struct CommandOptions {
    enum class Kind {
        none,
        exec,        // a process per message
        exec_lines,  // one process, a line per message
        reply,       // a process per request, what it prints is the response
        echo,        // the request is the response
    };
    enum class OnFailure { retry, stop, skip };

    Kind kind = Kind::none;
    std::string command;
    std::optional<std::size_t> jobs;
    OnFailure on_failure = OnFailure::retry;
    bool on_failure_given = false;
};

std::span<const tools::FlagRow<Options>> command_rows();
void check_commands(Options& options);
extern const std::string_view kCommandsText;  // for the man page

}  // namespace mqtt_sub
