// Small questions about Flag rows.
#include "common/flags.hpp"

#include <algorithm>

namespace tools {

std::string FlagUse::typed() const {
    if (flag->short_name != 0) return std::string("-") + flag->short_name;
    return "--" + std::string(flag->long_name);
}

std::vector<std::string_view> split_words(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::size_t blank = text.find(' ');
        if (blank != 0) words.push_back(text.substr(0, blank));
        if (blank == std::string_view::npos) break;
        text.remove_prefix(blank + 1);
    }
    return words;
}

bool may_stand_alone(const Flag& flag) {
    return flag.argument.starts_with('[') && flag.argument.ends_with(']');
}

bool is_known_to(const Flag& flag, Persona persona) {
    return (flag.names & static_cast<std::uint8_t>(persona)) != 0;
}

void check_choice(const FlagUse& use) {
    const auto choices = split_words(use.flag->choices);
    if (choices.empty()) return;
    if (use.word().empty() && may_stand_alone(*use.flag)) return;
    if (std::find(choices.begin(), choices.end(), use.word()) != choices.end()) return;
    throw UsageError("option '" + use.typed() + "' does not know '" + use.word() +
                     "'; choose from " + std::string(use.flag->choices));
}

}  // namespace tools
