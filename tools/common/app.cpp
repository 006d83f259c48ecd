// See app.hpp.
#include "common/app.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "common/cli.hpp"
#include "common/exit_code.hpp"
#include "common/incomplete_command.hpp"
#include "common/mosquitto_argv.hpp"
#include "common/mosquitto_checks.hpp"
#include "common/mosquitto_words.hpp"
#include "common/options_file.hpp"
#include "common/profile.hpp"
#include "common/safe_text.hpp"
#include "common/standard_streams.hpp"
#include "common/terminal.hpp"

namespace tools {
namespace {

constexpr std::string_view kMosquittoVersion = "2.1.2";

constexpr std::array kGeneral{
    Flag{.long_name = "options-file",
         .short_name = 'o',
         .argument = "FILE",
         .category = "General",
         .help = "read options from this file first",
         .details =
             "One option per line, its value after the first blank, as it stands. Lines that "
             "begin with # are comments. Without it the file of the tool's name in "
             "$XDG_CONFIG_HOME or ~/.config is read when it exists.",
         .complete = Complete::file,
         .once = true},
    Flag{.long_name = "help",
         .takes = Takes::nothing,
         .category = "General",
         .help = "the common options; --help all: every option",
         .common = true},
    Flag{.long_name = "version",
         .takes = Takes::nothing,
         .category = "General",
         .help = "print the version"},
    Flag{.long_name = "generate",
         .argument = "WHAT",
         .category = "General",
         .help = "print man page or completion",
         .choices = "man bash zsh fish json",
         .complete = Complete::choices,
         .names = kOurs,
         .hidden = true},
};

std::string base_name(std::string_view path) {
    return std::string(path.substr(path.rfind('/') + 1));
}

bool is_use_of(const FlagUse& use, std::string_view long_name) {
    return use.flag->long_name == long_name;
}

const FlagUse* find_use(const std::vector<FlagUse>& uses, std::string_view long_name) {
    const auto found = std::find_if(uses.begin(), uses.end(),
                                    [&](const FlagUse& use) { return is_use_of(use, long_name); });
    return found == uses.end() ? nullptr : &*found;
}

// Mosquitto's programs do not look whether somebody got it.
void print(const Invocation& invocation, std::string_view text) {
    try {
        print_output(text);
    } catch (const ToolError&) {
        if (invocation.persona == Persona::ours) throw;
    }
}

// Scripts that look for a version of mosquitto find the one whose behaviour is ours.
std::string version_text(const Invocation& invocation) {
    if (invocation.persona == Persona::ours) {
        return fmt::format("{} version {}\n", invocation.name, kVersion);
    }
    return fmt::format("{} version {} running on mqtt-tools {}.\n", invocation.name,
                       kMosquittoVersion, kVersion);
}

// How their --help begins, for scripts that look for "Usage: mosquitto_pub" or the version in it.
struct MosquittoHelp {
    Persona persona;
    std::string_view what;
    std::string_view usage;
};
constexpr std::array kMosquittoHelp{
    MosquittoHelp{Persona::mosquitto_pub, "publishes a message on a topic",
                  "{-t topic | -L URL} {-f file | -l | -n | -m message | -s} [options]"},
    MosquittoHelp{Persona::mosquitto_sub, "subscribes to topics and prints what it receives",
                  "{-t topic | -L URL [-t topic]} [options]"},
    MosquittoHelp{Persona::mosquitto_rr, "publishes a request and prints the response",
                  "{-t topic | -L URL} -e response-topic {-f file | -n | -m message | -s} "
                  "[options]"},
};

// Under mosquitto's names all that they know, in their order: what it is, version, usage, options.
void print_help(const Invocation& invocation, ToolInfo info, bool everything) {
    const int width = terminal_width(STDOUT_FILENO);
    for (const MosquittoHelp& row : kMosquittoHelp) {
        if (row.persona != invocation.persona) continue;
        info.name = invocation.name;
        info.examples.clear();
        info.persona = invocation.persona;
        info.synopsis.clear();
        const std::string options = help_text(info, true, width);
        print(invocation,
              fmt::format(
                  "{0} is an MQTT client that {1}.\n{2}\nUsage: {0} {3}\n       {0} --help\n{4}",
                  info.name, row.what, version_text(invocation), row.usage,
                  options.substr(options.find("\n\n") + 1)));
        return;
    }
    print(invocation, help_text(info, everything, width));
}

OptionsFile options_from_file(const Invocation& invocation, const Tool& tool,
                              const FlagUse* named) {
    if (named != nullptr) {
        auto file = read_options_file(named->word(), tool.info.flags, invocation.persona);
        if (file) return *file;
        if (invocation.persona != Persona::ours) return {};
        throw UsageError("cannot read the options file '" + named->word() + "'");
    }
    if (tool.options_file.empty()) return {};
    const std::string path = default_options_path(
        invocation.persona == Persona::ours ? std::string(tool.options_file) : invocation.name);
    if (path.empty()) return {};
    return read_options_file(path, tool.info.flags, invocation.persona).value_or(OptionsFile{});
}

// --profile or MQTT_PROFILE, for tools that know profiles.
std::vector<FlagUse> options_from_profile(const Invocation& invocation, const Tool& tool) {
    const auto& flags = tool.info.flags;
    const bool knows = std::any_of(flags.begin(), flags.end(),
                                   [](const Flag* flag) { return flag->long_name == "profile"; });
    if (!knows) return {};
    const FlagUse* named = find_use(invocation.uses, "profile");
    const char* variable = std::getenv("MQTT_PROFILE");
    if (named != nullptr) return read_profile(named->word(), flags);
    if (variable != nullptr && *variable != 0) return read_profile(variable, flags);
    return {};
}

// What asks for an answer and nothing else.
bool is_question(const FlagUse& use) {
    return is_use_of(use, "help") || is_use_of(use, "version");
}

void answer(const Invocation& invocation, const FlagUse& question, const ToolInfo& info,
            bool everything) {
    if (is_use_of(question, "version")) return print(invocation, version_text(invocation));
    print_help(invocation, info, everything);
}

struct Answered {};  // thrown: the run is over

void append(std::vector<FlagUse>& uses, std::vector<FlagUse> more) {
    uses.insert(uses.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

// The options file, then the command line, up to the first question or fault.
int run_as_mosquitto(Invocation& invocation, std::span<const std::string> words,
                     std::span<char* const> arguments, const Tool& tool) {
    std::string fault;
    std::vector<FlagUse> typed =
        read_mosquitto_words(words, tool.info.flags, invocation.persona, fault);
    scrub_arguments(arguments, typed);
    OptionsFile file = options_from_file(invocation, tool, find_use(typed, "options-file"));
    std::vector<FlagUse>& uses = invocation.uses;
    uses = std::move(file.uses);
    const bool ends_in_file = !file.fault.empty() || (!uses.empty() && is_question(uses.back()));
    if (ends_in_file) {
        fault = file.fault;
    } else {
        append(uses, std::move(typed));
    }
    check_repeats(uses);
    std::erase_if(uses, [](const FlagUse& use) { return is_use_of(use, "options-file"); });
    if (!fault.empty()) {
        invocation.at_end = [fault] { throw UsageError(fault); };
    } else if (!uses.empty() && is_question(uses.back())) {
        invocation.at_end = [&, question = uses.back()] {
            answer(invocation, question, tool.info, false);
            throw Answered();
        };
        uses.pop_back();
    }
    return tool.run(invocation);
}

int run_tool(Invocation& invocation, std::span<const std::string> words,
             std::span<char* const> arguments, const Tool& tool) {
    if (invocation.persona != Persona::ours) {
        return run_as_mosquitto(invocation, words, arguments, tool);
    }
    // "--help all" first: `all` is no option's word.
    const bool everything = words.size() == 2 && words[0] == "--help" && words[1] == "all";
    if (everything) words = words.first(1);
    invocation.uses = parse_words(words, tool.info.flags, invocation.persona);
    scrub_arguments(arguments, invocation.uses);
    for (const std::string_view question : {"help", "version"}) {
        const FlagUse* use = find_use(invocation.uses, question);
        if (use == nullptr) continue;
        answer(invocation, *use, tool.info, everything);
        return kExitDone;
    }
    if (const FlagUse* use = find_use(invocation.uses, "generate"); use != nullptr) {
        print(invocation, generate(tool.info, use->word()));
        return kExitDone;
    }
    check_repeats(invocation.uses);
    OptionsFile file =
        options_from_file(invocation, tool, find_use(invocation.uses, "options-file"));
    if (!file.fault.empty()) throw UsageError(file.fault);
    std::vector<FlagUse> uses = std::move(file.uses);
    append(uses, options_from_profile(invocation, tool));
    append(uses, std::move(invocation.uses));
    check_repeats(uses);
    std::erase_if(uses, [](const FlagUse& use) { return is_use_of(use, "options-file"); });
    invocation.uses = std::move(uses);
    return tool.run(invocation);
}

// As mosquitto's clients are; ours tell why they could not begin.
bool is_quiet(const Invocation& invocation) {
    return invocation.persona != Persona::ours && find_use(invocation.uses, "quiet") != nullptr;
}

void say_usage_error(const Invocation& invocation, std::string_view text) {
    if (invocation.persona == Persona::ours) {
        print_error("{}: {}; see {} --help\n", invocation.name, text, invocation.name);
    } else {
        print_error("{}", in_mosquitto_words(text, invocation.name, is_quiet(invocation)));
    }
}

}  // namespace

std::span<const Flag> general_flags() {
    return kGeneral;
}

void append_general_flags(std::vector<const Flag*>& flags) {
    for (const Flag& flag : kGeneral)
        flags.push_back(&flag);
}

void for_each_use(const Invocation& invocation, const std::function<void(const FlagUse&)>& apply) {
    for (const FlagUse& use : invocation.uses) {
        if (invocation.persona != Persona::ours) check_mosquitto_topic(use);
        apply(use);
    }
    if (invocation.at_end) invocation.at_end();
}

Persona persona_of(std::string_view program_name) {
    if (program_name == "mosquitto_pub") return Persona::mosquitto_pub;
    if (program_name == "mosquitto_sub") return Persona::mosquitto_sub;
    if (program_name == "mosquitto_rr") return Persona::mosquitto_rr;
    return Persona::ours;
}

// Reasons and topics come from strangers.
void say_error(const Invocation& invocation, std::string_view unsafe) {
    std::string text(unsafe);
    make_safe(text, 0, Lines::escape);
    if (invocation.persona == Persona::ours) {
        print_error("{}: {}\n", invocation.name, text);
    } else {
        print_error("{}", error_in_mosquitto_words(text));
    }
}

void print_output(std::string_view text) {
    const bool is_written =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    if (is_written || errno == EPIPE) return;
    throw ToolError(kExitOutput, "cannot write: " + std::generic_category().message(errno));
}

int run_app(int argc, char** argv, const Tool& tool) {
    secure_standard_streams();
    Invocation invocation;
    invocation.name = argc > 0 ? base_name(argv[0]) : std::string(tool.info.name);
    invocation.persona = persona_of(invocation.name);
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    try {
        const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
        return run_tool(invocation, words, arguments, tool);
    } catch (const Answered&) {
        return kExitUsage;  // as theirs
    } catch (const IncompleteCommand& error) {
        say_error(invocation, error.what());
        print_help(invocation, tool.info, false);
        return kExitUsage;
    } catch (const UsageError& error) {
        say_usage_error(invocation, error.what());
        return kExitUsage;
    } catch (const ToolError& error) {
        if (!is_quiet(invocation)) say_error(invocation, error.what());
        return error.code();
    } catch (const std::exception& error) {
        say_error(invocation, error.what());
        return kExitUsage;
    }
}

}  // namespace tools
