// Runs a tool: reads options file and command line, answers --help, --version and --generate, catches
// what is thrown, says one clear line on stderr, and gives the exit code.
// Used by every main.cpp. Knows no tool.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/docs_gen.hpp"
#include "common/flags.hpp"

namespace tools {

// How the program was started.
struct Invocation {
    Persona persona = Persona::ours;
    std::string name;           // as in argv[0], without folders
    std::vector<FlagUse> uses;  // options file first, then the command line
    // Under mosquitto's names: what comes when all of `uses` are right, --help or the first word that is wrong.
    std::function<void()> at_end{};
};

// How a tool goes through its options: `apply` takes one, in order. Throws what is wrong with them.
void for_each_use(const Invocation& invocation, const std::function<void(const FlagUse&)>& apply);

// A run that failed for a known reason: `what` is the line for stderr.
class ToolError : public std::runtime_error {
public:
    ToolError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
    int code() const { return code_; }

private:
    int code_;
};

struct Tool {
    ToolInfo info;
    // Options files are looked for under these names: the tool's own, or mosquitto's when started as
    // such. Empty: the tool has no implicit options file.
    std::string_view options_file{};
    std::function<int(const Invocation&)> run;
};

// Rows that every tool has: --help, --version, -o, --generate.
std::span<const Flag> general_flags();
void append_general_flags(std::vector<const Flag*>& flags);

Persona persona_of(std::string_view program_name);

// Exit code of the whole program.
int run_app(int argc, char** argv, const Tool& tool);

// "mqtt-pub: text" on stderr ("Error: text" under mosquitto's names).
void say_error(const Invocation& invocation, std::string_view text);

// To standard output, at once. Throws ToolError when it could not be written; a reader who has gone has had enough.
void print_output(std::string_view text);

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace tools
