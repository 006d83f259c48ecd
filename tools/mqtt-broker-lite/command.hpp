// The frame of the commands beside serving (passwd, init): their help, and how a failure is told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tools::broker_lite {

// Thrown by a command that could not be carried out.
struct CommandFailure {
    std::string text;
};

struct Command {
    std::string_view name;
    std::string_view help;
    void (*execute)(const std::vector<std::string>& words);
};

// Exit code; CommandFailure and UsageError become one line on standard error.
int run_command(const Command& command, const std::vector<std::string>& words);

}  // namespace tools::broker_lite
