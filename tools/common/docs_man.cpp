// The man page in mdoc, clean under `mandoc -Tlint`.
#include <fmt/format.h>

#include <algorithm>

#include "common/docs_gen.hpp"
#include "common/exit_code.hpp"

namespace tools {
namespace {

// Text that must not be taken for markup: backslashes, and a dot or quote that begins a line.
std::string escape(std::string_view text) {
    std::string out;
    if (!text.empty() && (text[0] == '.' || text[0] == '\'')) out += "\\&";
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else if (c == '"') {
            out += "\\(dq";
        } else if (c == '~') {
            out += "\\(ti";
        } else if (c == '^') {
            out += "\\(ha";
        } else if (c == '`') {
            out += "\\(ga";
        } else {
            out += c;
        }
    }
    return out;
}

// One sentence, wrapped: mandoc's lint wants lines below 80 bytes.
void append_wrapped(std::string& out, std::string_view sentence) {
    constexpr std::size_t kWidth = 78;
    std::string line;
    for (const std::string_view word : split_words(sentence)) {
        const std::string escaped = escape(word);
        if (!line.empty() && line.size() + 1 + escaped.size() > kWidth) {
            out += line + '\n';
            line.clear();
        }
        if (!line.empty()) line += ' ';
        line += escaped;
    }
    if (!line.empty()) out += line + '\n';
}

// New sentence, new line: that is how mdoc sources are written, and what the lint asks for.
void append_sentences(std::string& out, std::string_view text) {
    while (!text.empty()) {
        std::size_t end = text.find(". ");
        if (end == std::string_view::npos) end = text.size() - 1;
        append_wrapped(out, text.substr(0, end + 1));
        text.remove_prefix(end + 1);
    }
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    return line;
}

// Paragraphs, and blocks of lines that begin with two blanks.
void append_text(std::string& out, std::string_view text) {
    bool in_display = false;
    bool wants_paragraph = false;
    std::string paragraph;
    const auto flush = [&] {
        if (paragraph.empty()) return;
        if (wants_paragraph) out += ".Pp\n";
        append_sentences(out, paragraph);
        paragraph.clear();
        wants_paragraph = true;
    };
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        const bool is_display = line.starts_with("  ");
        if (is_display && !in_display) {
            flush();
            out += ".Bd -literal -offset indent\n";
        }
        if (!is_display && in_display) {
            out += ".Ed\n";
            wants_paragraph = true;
        }
        in_display = is_display;
        if (is_display) {
            const std::size_t end = line.find_last_not_of(' ') + 1;
            out += escape(line.substr(2, std::max<std::size_t>(end, 2) - 2)) + "\n";
        } else if (line.empty()) {
            flush();
        } else {
            paragraph += (paragraph.empty() ? "" : " ") + std::string(line);
        }
    }
    flush();
    if (in_display) out += ".Ed\n";
}

void append_flag(std::string& out, const Flag& flag) {
    out += ".It";
    if (flag.short_name != 0) out += fmt::format(" Fl {} ,", flag.short_name);
    out += fmt::format(" Fl \\-{}", escape(flag.long_name));
    if (!flag.argument.empty()) out += fmt::format(" Ar {}", escape(flag.argument));
    out += "\n";
    std::string text(flag.help);
    if (!text.empty()) {
        text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
        text += '.';
    }
    append_sentences(out, text);
    append_sentences(out, flag.details);
    if (!flag.choices.empty()) {
        append_sentences(out, fmt::format("One of: {}.", flag.choices));
    }
    if (!flag.initial.empty()) append_sentences(out, fmt::format("Default: {}.", flag.initial));
    for (const std::string_view alias : split_words(flag.aliases)) {
        append_sentences(out, fmt::format("Also --{}.", alias));
    }
}

void append_synopsis(std::string& out, const ToolInfo& tool) {
    out += ".Sh SYNOPSIS\n";
    for (const std::string_view line : tool.synopsis) {
        out += ".Nm\n";
        for (std::string_view word : split_words(line)) {
            const bool closes = word.ends_with(']') && !word.starts_with('[');
            if (closes) word.remove_suffix(1);
            out += ".Ar " + escape(word) + (closes ? " ]\n" : "\n");
        }
    }
}

void append_options(std::string& out, const ToolInfo& tool) {
    out += ".Sh OPTIONS\n";
    for (const FlagGroup& group : group_flags(tool)) {
        out += fmt::format(".Ss {}\n.Bl -tag -width Ds\n", group.category);
        for (const Flag* flag : group.flags)
            append_flag(out, *flag);
        out += ".El\n";
    }
}

void append_exit_status(std::string& out, const ToolInfo& tool) {
    out += ".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n";
    for (const ExitRow& row : tool.exits) {
        out += fmt::format(".It {}\n", row.code);
        append_sentences(out, std::string(row.text) + ".");
    }
    out += ".El\n";
}

}  // namespace

std::string man_page(const ToolInfo& tool) {
    std::string title(tool.name);
    std::transform(title.begin(), title.end(), title.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    std::string out =
        ".\\\" Generated by scripts/gen-docs from the table of options: edit that table.\n";
    out += fmt::format(".Dd $Mdocdate$\n.Dt {} 1\n.Os\n.Sh NAME\n.Nm {}\n.Nd {}\n", title,
                       tool.name, escape(tool.summary));
    append_synopsis(out, tool);
    out += ".Sh DESCRIPTION\n";
    append_text(out, tool.description);
    append_options(out, tool);
    for (const ManSection& section : tool.sections) {
        out += fmt::format(".Sh {}\n", section.title);
        append_text(out, section.text);
    }
    append_exit_status(out, tool);
    if (!tool.examples.empty()) out += ".Sh EXAMPLES\n";
    bool is_first = true;
    for (const Example& example : tool.examples) {
        if (!is_first) out += ".Pp\n";
        is_first = false;
        append_sentences(out, example.meaning);
        out += fmt::format(".Dl {}\n", escape(example.command));
    }
    std::vector<std::string_view> pages = tool.see_also;
    pages.push_back("mqtt-tools 7");
    out += ".Sh SEE ALSO\n";
    std::sort(pages.begin(), pages.end(), [](std::string_view a, std::string_view b) {
        return std::pair(a.back(), a) < std::pair(b.back(), b);  // by section, then by name
    });
    for (std::size_t i = 0; i < pages.size(); ++i) {
        out += fmt::format(".Xr {}{}\n", pages[i], i + 1 == pages.size() ? "" : " ,");
    }
    return out;
}

std::string man_text(std::string_view text) {
    std::string out;
    append_sentences(out, text);
    return out;
}

std::string man_word(std::string_view word) {
    return escape(word);
}

}  // namespace tools
