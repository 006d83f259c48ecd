// --help and --help all: options grouped by category, wrapped to the width of the terminal.
#include <fmt/format.h>

#include <algorithm>

#include "common/docs_gen.hpp"
#include "common/exit_code.hpp"

namespace tools {
namespace {

constexpr std::size_t kColumn = 30;  // where the text of an option starts

std::string option_names(const Flag& flag) {
    std::string names = flag.short_name != 0 ? fmt::format("  -{}, ", flag.short_name) : "      ";
    names += fmt::format("--{}", flag.long_name);
    if (!flag.argument.empty()) names += fmt::format(" {}", flag.argument);
    return names;
}

// Appends `text` wrapped between columns `indent` and `width`; the cursor stands at `column`.
void append_wrapped(std::string& out, std::string_view text, std::size_t column, std::size_t indent,
                    std::size_t width) {
    bool at_start = true;
    for (const std::string_view word : split_words(text)) {
        if (!at_start && column + 1 + word.size() > width) {
            out += '\n';
            out.append(indent, ' ');
            column = indent;
            at_start = true;
        }
        if (!at_start) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
        at_start = false;
    }
    out += '\n';
}

void append_option(std::string& out, const Flag& flag, bool everything, std::size_t width) {
    const std::string names = option_names(flag);
    out += names;
    std::size_t column = names.size();
    if (column + 2 > kColumn) {
        out += '\n';
        column = 0;
    }
    out.append(kColumn - column, ' ');
    std::string text(flag.help);
    if (!flag.choices.empty()) text += fmt::format(" ({})", flag.choices);
    if (!flag.initial.empty()) text += fmt::format(" [{}]", flag.initial);
    append_wrapped(out, text, kColumn, kColumn, width);
    if (!everything) return;
    if (!flag.details.empty()) {
        out.append(kColumn, ' ');
        append_wrapped(out, flag.details, kColumn, kColumn, width);
    }
    if (!flag.aliases.empty()) {
        out.append(kColumn, ' ');
        std::string also = "Also:";
        for (const std::string_view alias : split_words(flag.aliases)) {
            also += fmt::format(" --{}", alias);
        }
        append_wrapped(out, also, kColumn, kColumn, width);
    }
}

void append_exit_codes(std::string& out, const ToolInfo& tool, std::size_t width) {
    out += "\nExit codes:\n";
    for (const ExitRow& row : tool.exits) {
        const std::string head = fmt::format("  {:>4}  ", row.code);
        out += head;
        append_wrapped(out, row.text, head.size(), head.size(), width);
    }
}

}  // namespace

std::vector<FlagGroup> group_flags(const ToolInfo& tool) {
    std::vector<FlagGroup> groups;
    for (const Flag* flag : tool.flags) {
        if (flag->hidden || !is_known_to(*flag, tool.persona)) continue;
        const auto same = [flag](const FlagGroup& g) { return g.category == flag->category; };
        auto group = std::find_if(groups.begin(), groups.end(), same);
        if (group == groups.end()) {
            groups.push_back({.category = flag->category, .flags = {}});
            group = groups.end() - 1;
        }
        group->flags.push_back(flag);
    }
    return groups;
}

std::string help_text(const ToolInfo& tool, bool everything, int width_given) {
    const auto width = static_cast<std::size_t>(std::clamp(width_given, 60, 110));
    std::string out = fmt::format("{}: {}\n\n", tool.name, tool.summary);
    for (const std::string_view line : tool.synopsis) {
        out += fmt::format("  {} {}\n", tool.name, line);
    }
    for (const FlagGroup& group : group_flags(tool)) {
        const auto is_shown = [everything](const Flag* f) { return everything || f->common; };
        if (std::none_of(group.flags.begin(), group.flags.end(), is_shown)) continue;
        out += fmt::format("\n{}:\n", group.category);
        for (const Flag* flag : group.flags) {
            if (is_shown(flag)) append_option(out, *flag, everything, width);
        }
    }
    constexpr std::size_t kExamplesOfShortHelp = 4;
    if (!tool.examples.empty()) out += "\nExamples:\n";
    for (const Example& example : tool.examples) {
        const auto n = static_cast<std::size_t>(&example - tool.examples.data());
        if (!everything && n == kExamplesOfShortHelp) break;
        out += fmt::format("  {}\n      {}\n", example.command, example.meaning);
    }
    if (everything) {
        append_exit_codes(out, tool, width);
    } else {
        out +=
            fmt::format("\nEvery option: {0} --help all.  The whole story: man {0}\n", tool.name);
    }
    return out;
}

}  // namespace tools
