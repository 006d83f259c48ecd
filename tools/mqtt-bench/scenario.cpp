// From tables to settings: every key is an option's name and is read by that option's row.
#include "mqtt-bench/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "common/units.hpp"
#include "mqtt-bench/presets.hpp"

namespace mqtt::bench {
namespace {

using tools::Flag;
using tools::FlagUse;
using tools::Takes;
using tools::UsageError;

constexpr std::string_view kOwnGroupKeys[] = {"name", "role", "clients"};
constexpr std::string_view kStageKeys[] = {"at",    "action", "group",  "fraction",
                                           "count", "mode",   "repeat", "every"};
constexpr std::string_view kTables[] = {"group", "stage", "assert", "sweep"};
// Of the command line these would change every group's part: --set GROUP.key=value says which.
constexpr std::string_view kGroupOnly[] = {"clients", "topic",    "topics",    "filter",
                                           "rate",    "interval", "client-id", "start",
                                           "pubs",    "subs",     "shape"};

template <class Range>
bool contains(const Range& range, std::string_view word) {
    return std::find(std::begin(range), std::end(range), word) != std::end(range);
}

std::string normal(std::string_view key) {
    std::string out(key);
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
}

const Flag* find_option(std::string_view key) {
    const std::string name = normal(key);
    for (const Flag* flag : bench_flags()) {
        if (flag->long_name == name) return flag;
        for (const std::string_view alias : tools::split_words(flag->aliases)) {
            if (alias == name || alias == key) return flag;
        }
    }
    return nullptr;
}

[[noreturn]] void unknown(const TomlFile& file, const TomlEntry& entry, std::string_view what,
                          std::vector<std::string_view> known) {
    const std::string_view near = nearest_word(entry.key, known);
    throw TomlError(file, entry.line,
                    fmt::format("{} '{}' is not known{}", what, entry.key,
                                near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

std::vector<std::string_view> option_names() {
    std::vector<std::string_view> names;
    for (const Flag* flag : bench_flags()) {
        if (!flag->hidden) names.push_back(flag->long_name);
    }
    return names;
}

// "publish user-property name value" as the four words of -D.
std::vector<std::string> property_words(const TomlFile& file, const TomlEntry& entry,
                                        const std::string& text) {
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
    if (flag == nullptr) unknown(file, entry, "key", option_names());
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

// What an option's row says against a value gets the place in the file.
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

std::uint32_t scaled(std::uint32_t count, double scale) {
    return std::max(1u, static_cast<std::uint32_t>(std::lround(count * scale)));
}

void scale_traffic(Traffic& t, double scale) {
    if (scale == 1) return;
    t.rate *= scale;
    t.connect_rate *= scale;
    if (t.topics != 0) t.topics = scaled(t.topics, scale);
    if (t.limit != 0) {
        t.limit = std::max<std::uint64_t>(
            1, static_cast<std::uint64_t>(std::llround(static_cast<double>(t.limit) * scale)));
    }
    for (RateProfile::Piece& piece : t.steps) {
        piece.from *= scale;
        piece.to *= scale;
    }
}

Role to_role(const TomlFile& file, const TomlEntry& entry) {
    std::vector<std::string_view> names;
    for (const Role role : {Role::pub, Role::sub, Role::both, Role::idle, Role::answer}) {
        if (entry.values[0] == role_name(role)) return role;
        names.push_back(role_name(role));
    }
    throw TomlError(file, entry.line,
                    fmt::format("role '{}' is not known; choose from pub sub both idle answer",
                                entry.values[0]));
}

class Maker {
public:
    Maker(const TomlFile& file, double scale, std::span<const FlagUse> uses)
        : file_(file)
        , scale_(scale)
        , uses_(uses) {}

    BenchSettings make(const std::string& command_line) {
        BenchSettings base;
        base.spec.command = Command::run;
        base.spec.command_line = command_line;
        base.spec.scenario = file_.name;
        apply_entries(file_, file_.tables.front(), base, false);
        std::vector<Group> groups;
        std::vector<Stage> stages;
        for (const TomlTable& table : file_.tables) {
            if (table.name == "group") groups.push_back(make_group(table, base));
            if (table.name == "stage") stages.push_back(make_stage(table));
            if (table.name == "assert") add_assertions(table, base);
        }
        apply_flags(base, uses_);
        finish_settings(base);
        scale_traffic(base.spec, scale_);
        std::uint32_t clients = 0;
        for (Group& group : groups) {
            // Ids of their own begin at 0; the common pattern numbers through.
            if (group.client_id == base.spec.client_id) group.id_base = clients;
            clients += group.clients;
        }
        base.spec.groups = std::move(groups);
        base.spec.stages.insert(base.spec.stages.end(), stages.begin(), stages.end());
        return base;
    }

private:
    Group make_group(const TomlTable& table, const BenchSettings& base) {
        BenchSettings own = base;
        if (own.spec.clients == 0) own.spec.clients = 1;
        apply_entries(file_, table, own, true);
        apply_flags(own, uses_);
        const std::uint32_t clients = own.spec.clients;
        finish_settings(own);
        Group group;
        static_cast<Traffic&>(group) = own.spec;
        group.connect = own.spec.connect;
        group.targets = own.spec.targets;
        group.clients = scaled(clients, scale_);
        scale_traffic(group, scale_);
        const TomlEntry* name = table.find("name");
        const TomlEntry* role = table.find("role");
        if (role == nullptr) throw TomlError(file_, table.line, "the group has no role");
        group.role = to_role(file_, *role);
        group.name = name != nullptr ? name->values[0] : std::string(role_name(group.role));
        if (!names_.insert_new(group.name)) {
            throw TomlError(file_, table.line,
                            fmt::format("a second group is called '{}'", group.name));
        }
        group.round_trip = group.role == Role::both && has_answerers();
        return group;
    }

    bool has_answerers() const {
        return std::any_of(file_.tables.begin(), file_.tables.end(), [](const TomlTable& table) {
            const TomlEntry* role = table.find("role");
            return table.name == "group" && role != nullptr && role->values[0] == "answer";
        });
    }

    Stage make_stage(const TomlTable& table) {
        Stage stage;
        for (const TomlEntry& entry : table.entries) {
            if (!contains(kStageKeys, entry.key)) {
                unknown(file_, entry, "key of a stage",
                        {std::begin(kStageKeys), std::end(kStageKeys)});
            }
            try {
                set_stage(stage, entry);
            } catch (const UsageError& error) {
                throw TomlError(file_, entry.line, error.what());
            }
        }
        if (table.find("at") == nullptr)
            throw TomlError(file_, table.line, "the stage has no 'at'");
        if (stage.repeat > 1 && stage.every.count() == 0) {
            throw TomlError(file_, table.line, "a repeated stage needs 'every'");
        }
        if (stage.count != 0) stage.count = scaled(stage.count, scale_);
        return stage;
    }

    void set_stage(Stage& stage, const TomlEntry& entry) {
        const std::string& value = entry.values[0];
        if (entry.key == "at") stage.at = tools::parse_duration(entry.key, value);
        if (entry.key == "every") stage.every = tools::parse_duration(entry.key, value);
        if (entry.key == "group") stage.group = value;
        if (entry.key == "fraction") stage.fraction = tools::parse_number(entry.key, value, 0, 1);
        if (entry.key == "count") {
            stage.count =
                static_cast<std::uint32_t>(tools::parse_integer(entry.key, value, 1, 100'000'000));
        }
        if (entry.key == "repeat") {
            stage.repeat =
                static_cast<std::uint32_t>(tools::parse_integer(entry.key, value, 1, 10'000));
        }
        if (entry.key == "mode") {
            if (value != "close" && value != "disconnect") {
                throw UsageError("'mode' is close (the link ends) or disconnect (with DISCONNECT)");
            }
            stage.polite = value == "disconnect";
        }
        if (entry.key == "action") {
            static constexpr std::string_view kActions[] = {"drop", "disconnect", "connect",
                                                            "subscribe", "unsubscribe"};
            const auto found = std::find(std::begin(kActions), std::end(kActions), value);
            if (found == std::end(kActions)) {
                throw UsageError(
                    fmt::format("action '{}' is not known; choose from drop "
                                "disconnect connect subscribe unsubscribe",
                                value));
            }
            stage.action = static_cast<Stage::Action>(found - std::begin(kActions));
        }
    }

    void add_assertions(const TomlTable& table, BenchSettings& base) {
        const Flag* flag = find_option("assert");
        for (const TomlEntry& entry : table.entries) {
            for (const std::string& value : entry.values) {
                try {
                    apply_flags(base, std::vector<FlagUse>{{flag, {entry.key + value}, true}});
                } catch (const UsageError& error) {
                    throw TomlError(file_, entry.line, error.what());
                }
            }
        }
    }

    struct Names {
        std::vector<std::string> seen;
        bool insert_new(const std::string& name) {
            if (contains(seen, name)) return false;
            seen.push_back(name);
            return true;
        }
    } names_;
    const TomlFile& file_;
    double scale_;
    std::span<const FlagUse> uses_;
};

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
                  [&](const TomlEntry& old) { return normal(old.key) == normal(key); });
    table->entries.push_back(std::move(entry));
}

void check_tables(const TomlFile& file) {
    for (std::size_t i = 1; i < file.tables.size(); ++i) {
        const TomlTable& table = file.tables[i];
        if (!contains(kTables, table.name)) {
            const auto near = nearest_word(table.name, kTables);
            throw TomlError(
                file, table.line,
                fmt::format("table '{}' is not known{}", table.name,
                            near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
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

TomlFile load_scenario(const std::string& name) {
    if (std::ifstream file(name, std::ios::binary); file) {
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        if (!file.bad() && !text.empty()) return parse_toml(name, text);
    }
    if (const auto text = preset_text(name)) return parse_toml(name, *text);
    std::vector<std::string_view> known;
    for (const Preset& preset : presets())
        known.push_back(preset.name);
    const std::string_view near = nearest_word(name, known);
    throw std::invalid_argument(
        fmt::format("'{}' is neither a scenario file nor a preset{}; mqtt-bench list names them",
                    name, near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
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
        runs.push_back({title, Maker(variant, typed.scale, uses).make(command_line)});
    return runs;
}

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known) {
    std::string_view best;
    std::size_t best_distance = word.size() / 3 + 2;
    for (const std::string_view candidate : known) {
        // Edit distance, one row at a time.
        std::vector<std::size_t> row(candidate.size() + 1);
        for (std::size_t j = 0; j < row.size(); ++j)
            row[j] = j;
        for (std::size_t i = 1; i <= word.size(); ++i) {
            std::size_t diagonal = row[0];
            row[0] = i;
            for (std::size_t j = 1; j < row.size(); ++j) {
                const std::size_t change = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
            }
        }
        if (row.back() >= best_distance) continue;
        best_distance = row.back();
        best = candidate;
    }
    return best;
}

}  // namespace mqtt::bench
