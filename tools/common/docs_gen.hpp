// Documentation from a tool's flag table: help, man page, completions, JSON. Text in, text out.
// Used by app (--help, --generate) and scripts/gen-docs.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/exit_code.hpp"
#include "common/flags.hpp"

namespace tools {

struct Example {
    std::string_view command;
    std::string_view meaning;
};

// A section of the man page beyond the usual ones. Paragraphs are separated by empty lines; a line
// that begins with two blanks is set as it stands.
struct ManSection {
    std::string_view title;
    std::string_view text;
};

// What a tool says about itself.
struct ToolInfo {
    std::string_view name;                   // "mqtt-pub"
    std::string_view summary;                // one line, no full stop
    std::vector<std::string_view> synopsis;  // without the name
    std::string_view description;            // paragraphs separated by empty lines
    std::vector<const Flag*> flags{};
    std::vector<Example> examples{};
    std::vector<ManSection> sections{};
    std::vector<std::string_view> see_also{};  // "mqtt-sub 1"
    std::span<const ExitRow> exits = exit_rows();
    Persona persona = Persona::ours;  // who asks: the flags that are told of
};

std::string help_text(const ToolInfo& tool, bool everything, int width);
std::string man_page(const ToolInfo& tool);  // mdoc
std::string bash_completion(const ToolInfo& tool);
std::string zsh_completion(const ToolInfo& tool);
std::string fish_completion(const ToolInfo& tool);
std::string flags_json(const ToolInfo& tool);

// Pieces of a page that is not a tool's: sentences, each on lines of its own, and a single word.
std::string man_text(std::string_view text);
std::string man_word(std::string_view word);

// `what`: man, bash, zsh, fish or json. Throws UsageError for another word.
std::string generate(const ToolInfo& tool, std::string_view what);

// The persona's flags that are not hidden, grouped by category in order of first appearance.
struct FlagGroup {
    std::string_view category;
    std::vector<const Flag*> flags;
};
std::vector<FlagGroup> group_flags(const ToolInfo& tool);

}  // namespace tools
