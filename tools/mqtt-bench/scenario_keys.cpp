// From keys to options.
#include "mqtt-bench/scenario_keys.hpp"

#include <fmt/format.h>

#include "common/mosquitto_argv.hpp"
#include "common/nearest_word.hpp"

namespace mqtt::bench {

using tools::Flag;
using tools::FlagUse;
using tools::Takes;
using tools::UsageError;

namespace {

constexpr std::string_view kOwnGroupKeys[] = {"name", "role", "clients"};

std::vector<std::string_view> option_names() {
    std::vector<std::string_view> names;
    for (const Flag* flag : bench_flags()) {
        if (!flag->hidden) names.push_back(flag->long_name);
    }
    return names;
}

// "publish user-property name value", or "name=value", as the four words of -D.
std::vector<std::string> property_words(const TomlFile& file, const TomlEntry& entry,
                                        const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals < text.find(' ')) return tools::short_property_words(text);
    std::vector<std::string> words;
    std::string_view rest = text;
    const std::size_t wanted = text.find("user-property") != std::string::npos ? 4 : 3;
    while (!rest.empty() && words.size() + 1 < wanted) {
        const std::size_t blank = std::min(rest.find(' '), rest.size());
        words.emplace_back(rest.substr(0, blank));
        rest.remove_prefix(std::min(blank + 1, rest.size()));
    }
    words.emplace_back(rest);
    if (words.size() != wanted) {
        throw TomlError(file, entry.line,
                        fmt::format("'{}' needs packet, property and value", entry.key));
    }
    words.resize(4);
    return words;
}

void add_uses(const TomlFile& file, const TomlEntry& entry, std::vector<FlagUse>& out) {
    const Flag* flag = find_option(entry.key);
    if (flag == nullptr) refuse_unknown(file, entry, "key", option_names());
    if (entry.is_array && !flag->repeatable && flag->takes != Takes::property) {
        throw TomlError(file, entry.line,
                        fmt::format("'{}' takes one value; several go into [sweep]", entry.key));
    }
    for (const std::string& value : entry.values) {
        FlagUse use{.flag = flag, .words = {}, .from_file = true};
        if (flag->takes == Takes::nothing) {
            if (!entry.is_bool) {
                throw TomlError(file, entry.line, fmt::format("'{}' is true or false", entry.key));
            }
            if (value == "false") continue;
        } else if (flag->takes == Takes::property) {
            use.words = property_words(file, entry, value);
        } else {
            use.words = {value};
            const auto choices = tools::split_words(flag->choices);
            if (!choices.empty() && !contains(choices, value)) {
                throw TomlError(file, entry.line,
                                fmt::format("'{}' does not know '{}'; choose from {}", entry.key,
                                            value, flag->choices));
            }
        }
        out.push_back(std::move(use));
    }
}

}  // namespace

std::string normal_key(std::string_view key) {
    std::string out(key);
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
}

const Flag* find_option(std::string_view key) {
    const std::string name = normal_key(key);
    for (const Flag* flag : bench_flags()) {
        if (flag->long_name == name) return flag;
        for (const std::string_view alias : tools::split_words(flag->aliases)) {
            if (alias == name || alias == key) return flag;
        }
    }
    return nullptr;
}

[[noreturn]] void refuse_unknown(const TomlFile& file, const TomlEntry& entry,
                                 std::string_view what, std::vector<std::string_view> known) {
    throw TomlError(file, entry.line,
                    fmt::format("{} '{}' is not known{}", what, entry.key,
                                tools::suggestion(entry.key, known)));
}

void apply_entries(const TomlFile& file, const TomlTable& table, BenchSettings& settings,
                   bool is_group) {
    for (const TomlEntry& entry : table.entries) {
        if (is_group && contains(kOwnGroupKeys, entry.key) && entry.key != "clients") continue;
        if (!is_group && (entry.key == "description" || entry.key == "name")) continue;
        std::vector<FlagUse> uses;
        add_uses(file, entry, uses);
        try {
            apply_flags(settings, uses);
        } catch (const UsageError& error) {
            throw TomlError(file, entry.line, error.what());
        }
    }
}

}  // namespace mqtt::bench
