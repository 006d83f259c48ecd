// From a file's text to runs: --set, [sweep], and what a file may not say.
#include "mqtt-bench/scenario.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "common/nearest_word.hpp"
#include "mqtt-bench/presets.hpp"
#include "mqtt-bench/scenario_keys.hpp"

namespace mqtt::bench {
namespace {

using tools::FlagUse;
using tools::UsageError;

constexpr std::string_view kScenarioTables[] = {"group", "stage", "assert", "sweep"};
// Of the command line these would change every group's part: --set GROUP.key=value says which.
constexpr std::string_view kGroupOnly[] = {"clients", "topic",    "topics",    "filter",
                                           "rate",    "interval", "client-id", "start",
                                           "pubs",    "subs",     "shape"};

// A group by its name, a single table, or the n-th stage: "stage1".
TomlTable* find_table(TomlFile& file, std::string_view word) {
    int stages = 0;
    for (TomlTable& table : file.tables) {
        if (table.name == "stage" && fmt::format("stage{}", ++stages) == word) return &table;
        const TomlEntry* name = table.find("name");
        const TomlEntry* role = table.find("role");
        if (table.name == "group" &&
            ((name != nullptr && name->values[0] == word) ||
             (name == nullptr && role != nullptr && role->values[0] == word))) {
            return &table;
        }
        if (table.name == word && !table.repeats) return &table;
    }
    return nullptr;
}

void set_entry(TomlFile& file, const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw UsageError(fmt::format("option '--set' needs key=value, not '{}'", text));
    }
    std::string key = text.substr(0, equals);
    const std::string value = text.substr(equals + 1);
    TomlTable* table = &file.tables.front();
    if (const std::size_t dot = key.find('.'); dot != std::string::npos) {
        table = find_table(file, key.substr(0, dot));
        if (table == nullptr && key.starts_with("sweep.")) {
            file.tables.push_back({.name = "sweep"});
            table = &file.tables.back();
        }
        if (table == nullptr) {
            throw UsageError(
                fmt::format("option '--set': there is no group '{}'", key.substr(0, dot)));
        }
        key.erase(0, dot + 1);
    }
    TomlEntry entry;
    entry.key = key;
    entry.is_bool = value == "true" || value == "false";
    entry.is_array = table->name == "sweep";
    std::string_view rest = value;
    while (entry.is_array && rest.find(',') != std::string_view::npos) {
        entry.values.emplace_back(rest.substr(0, rest.find(',')));
        rest.remove_prefix(rest.find(',') + 1);
    }
    entry.values.emplace_back(rest);
    std::erase_if(table->entries,
                  [&](const TomlEntry& old) { return normal_key(old.key) == normal_key(key); });
    table->entries.push_back(std::move(entry));
}

void check_tables(const TomlFile& file) {
    for (std::size_t i = 1; i < file.tables.size(); ++i) {
        const TomlTable& table = file.tables[i];
        if (!contains(kScenarioTables, table.name)) {
            throw TomlError(file, table.line,
                            fmt::format("table '{}' is not known{}", table.name,
                                        tools::suggestion(table.name, kScenarioTables)));
        }
        const bool should_repeat = table.name == "group" || table.name == "stage";
        if (table.repeats != should_repeat) {
            throw TomlError(file, table.line,
                            should_repeat
                                ? fmt::format("write [[{}]]: there may be several", table.name)
                                : fmt::format("write [{}]: there is one", table.name));
        }
    }
}

}  // namespace

std::string scenario_text(const std::string& name) {
    if (std::filesystem::is_directory(name)) {
        throw std::invalid_argument(fmt::format("'{}' is a folder, not a scenario file", name));
    }
    if (std::ifstream file(name, std::ios::binary); file) {
        std::string text{std::istreambuf_iterator<char>(file), {}};
        if (file.bad()) throw std::invalid_argument(fmt::format("cannot read '{}'", name));
        return text;
    }
    if (const auto text = preset_text(name)) return *text;
    std::vector<std::string_view> known;
    for (const Preset& preset : presets())
        known.push_back(preset.name);
    const std::string_view near = tools::nearest_word(name, known);
    throw std::invalid_argument(
        fmt::format("'{}' is neither a scenario file nor a preset{}; mqtt-bench list names them",
                    name, near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
}

TomlFile load_scenario(const std::string& name) {
    return parse_toml(name, scenario_text(name));
}

std::vector<ScenarioRun> make_runs(TomlFile file, std::span<const FlagUse> uses,
                                   const std::string& command_line) {
    BenchSettings typed;
    apply_flags(typed, uses);
    for (const std::string& set : typed.sets)
        set_entry(file, set);
    check_tables(file);
    for (const FlagUse& use : uses) {
        if (!contains(kGroupOnly, use.flag->long_name)) continue;
        throw UsageError(
            fmt::format("option '{0}' belongs to a group of the scenario: --set GROUP.{1}=...",
                        use.typed(), use.flag->long_name));
    }
    // Every combination of the sweep's values, the last key fastest.
    std::vector<std::pair<std::string, TomlFile>> variants{{std::string(), file}};
    for (const TomlTable& table : file.tables) {
        if (table.name != "sweep") continue;
        for (const TomlEntry& entry : table.entries) {
            std::vector<std::pair<std::string, TomlFile>> more;
            for (const auto& [title, variant] : variants) {
                for (const std::string& value : entry.values) {
                    TomlFile copy = variant;
                    set_entry(copy, fmt::format("{}={}", entry.key, value));
                    more.emplace_back(
                        fmt::format("{}{}{}={}", title, title.empty() ? "" : " ", entry.key, value),
                        std::move(copy));
                }
            }
            variants = std::move(more);
        }
    }
    std::vector<ScenarioRun> runs;
    for (const auto& [title, variant] : variants)
        runs.push_back({title, make_scenario(variant, typed.scale, uses, command_line)});
    // Last, so that a mistake with a place in the file is told first.
    if (runs.front().settings.spec.groups.empty()) {
        throw std::invalid_argument(
            fmt::format("'{}' has no [[group]]: a scenario needs clients", file.name));
    }
    return runs;
}

}  // namespace mqtt::bench
