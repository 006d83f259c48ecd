// The only file that includes CLI11: it registers a table's rows, parses, and gives back the
// occurrences in the order in which they were typed.
#include "common/cli.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "common/mosquitto_argv.hpp"
#include "common/nearest_word.hpp"

namespace tools {
namespace {

std::string cli11_names(const Flag& flag) {
    std::string names;
    if (flag.short_name != 0) names = std::string("-") + flag.short_name + ",";
    names += "--" + std::string(flag.long_name);
    for (const std::string_view alias : split_words(flag.aliases)) {
        names += ",--" + std::string(alias);
    }
    return names;
}

CLI::Option* register_flag(CLI::App& parser, const Flag& flag) {
    if (flag.takes == Takes::nothing) {
        return parser.add_flag(cli11_names(flag))
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    CLI::Option* option = parser.add_option(cli11_names(flag), CLI::callback_t{});
    option->type_size(flag.takes == Takes::property ? 4 : 1)->expected(1);
    return option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// CLI11 gets the options that occur, not all that there are: registering a hundred would take as long as
// publishing a message does.
std::vector<const Flag*> occurring(const std::vector<std::string>& words,
                                   std::span<const Flag* const> flags, Persona persona) {
    std::vector<const Flag*> found;
    for (const std::string& word : words) {
        bool joined = false;
        const Flag* flag = find_flag(word, flags, persona, joined);
        if (flag == nullptr || std::find(found.begin(), found.end(), flag) != found.end()) continue;
        found.push_back(flag);
        // -dv: what follows the first letter may be more of them.
        const bool is_cluster = joined && word[1] != '-' && flag->takes == Takes::nothing;
        for (std::size_t i = 2; is_cluster && i < word.size(); ++i) {
            const Flag* more = find_flag(std::string{'-', word[i]}, flags, persona, joined);
            if (more == nullptr) break;
            if (std::find(found.begin(), found.end(), more) == found.end()) found.push_back(more);
            if (more->takes != Takes::nothing) break;
        }
    }
    return found;
}

// CLI11's own sentences start with the name list of the option; ours name what was missing.
[[noreturn]] void fail_missing_word(const std::vector<std::string>& words,
                                    std::span<const Flag* const> flags, Persona persona) {
    bool joined = false;
    const Flag* flag = words.empty() ? nullptr : find_flag(words.back(), flags, persona, joined);
    if (flag == nullptr) throw UsageError("an option lacks its argument");
    throw UsageError("option '" + words.back() + "' needs " + std::string(flag->argument));
}

// The long option that was meant, as a question.
std::string meant(std::string_view word, std::span<const Flag* const> flags, Persona persona) {
    if (!word.starts_with("--")) return {};
    std::vector<std::string_view> known = {"help", "version"};
    for (const Flag* flag : flags) {
        if (flag->hidden || !is_known_to(*flag, persona)) continue;
        known.push_back(flag->long_name);
        for (const std::string_view alias : split_words(flag->aliases))
            known.push_back(alias);
    }
    return suggestion(word.substr(2, word.find('=') - 2), known, "--");
}

}  // namespace

std::vector<FlagUse> parse_words(std::span<const std::string> words,
                                 std::span<const Flag* const> flags, Persona persona) {
    if (persona != Persona::ours) {
        std::string fault;
        std::vector<FlagUse> uses = read_mosquitto_words(words, flags, persona, fault);
        if (!fault.empty()) throw UsageError(fault);
        return uses;
    }
    std::vector<std::string> normalised = normalise_argv(words, flags);
    CLI::App parser;
    parser.set_help_flag();
    parser.allow_extras();
    struct Registered {
        const Flag* flag;
        std::size_t taken = 0;  // results handed out so far
    };
    std::map<const CLI::Option*, Registered> options;
    for (const Flag* flag : occurring(normalised, flags, persona)) {
        options[register_flag(parser, *flag)] = {flag};
    }
    try {
        std::vector<std::string> reversed(normalised.rbegin(), normalised.rend());
        parser.parse(std::move(reversed));
    } catch (const CLI::ArgumentMismatch&) {
        fail_missing_word(normalised, flags, persona);
    } catch (const CLI::ParseError& error) {
        throw UsageError(error.what());
    }
    const std::vector<std::string> extras = parser.remaining();
    if (!extras.empty()) {
        const std::string& word = extras.front();
        if (!word.starts_with('-')) throw UsageError("unexpected word '" + word + "'");
        throw UsageError("unknown option '" + word + "'" + meant(word, flags, persona));
    }
    std::vector<FlagUse> uses;
    std::size_t words_due = 0;  // of the occurrence that is being gathered
    for (const CLI::Option* option : parser.parse_order()) {
        Registered& entry = options.at(option);
        if (words_due == 0) {
            uses.push_back({.flag = entry.flag});
            words_due = entry.flag->takes == Takes::property ? 4 : 1;
        }
        if (entry.flag->takes != Takes::nothing) {
            uses.back().words.push_back(option->results()[entry.taken++]);
        }
        --words_due;
    }
    for (const FlagUse& use : uses) {
        if (use.flag->takes == Takes::word) check_choice(use);
    }
    return uses;
}

void check_repeats(std::span<const FlagUse> uses) {
    for (std::size_t i = 0; i < uses.size(); ++i) {
        if (!uses[i].flag->once) continue;
        for (std::size_t j = i + 1; j < uses.size(); ++j) {
            if (uses[j].flag != uses[i].flag) continue;
            throw UsageError("option '" + uses[j].typed() + "' was given twice");
        }
    }
}

}  // namespace tools
