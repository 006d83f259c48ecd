// What happens in the middle of a scenario: [[stage]].
#include <fmt/format.h>

#include "common/units.hpp"
#include "mqtt-bench/scenario_keys.hpp"

namespace mqtt::bench {

using tools::UsageError;

namespace {

constexpr std::string_view kStageKeys[] = {"at",   "action", "group", "fraction", "count",
                                           "mode", "repeat", "every", "rate",     "over"};
constexpr std::string_view kActions[] = {"drop",      "disconnect",  "connect",
                                         "subscribe", "unsubscribe", "rate"};

void set_ending(Stage& stage, std::string_view word) {
    if (word == "close") {
        stage.ending = Ending::close;
    } else if (word == "disconnect") {
        stage.ending = Ending::disconnect;
    } else if (word == "rst") {
        stage.ending = Ending::reset;
    } else {
        throw UsageError(
            "'mode' is close (the link ends), disconnect (with DISCONNECT) or rst (a TCP reset)");
    }
}

void set_action(Stage& stage, std::string_view word) {
    const auto found = std::find(std::begin(kActions), std::end(kActions), word);
    if (found == std::end(kActions)) {
        throw UsageError(fmt::format("action '{}' is not known; choose from {}", word,
                                     fmt::join(kActions, " ")));
    }
    stage.action = static_cast<Stage::Action>(found - std::begin(kActions));
}

// "50k/s" of the group, "2/s/client" of each.
void set_rate(Stage& stage, std::string_view key, std::string_view word) {
    constexpr std::string_view kEach = "/client";
    stage.rate_each = word.ends_with(kEach);
    if (stage.rate_each) word.remove_suffix(kEach.size());
    stage.rate = tools::parse_rate(key, word);
}

void set_key(Stage& stage, std::string_view key, const std::string& value) {
    const auto count = [&](std::int64_t most) {
        return static_cast<std::uint32_t>(tools::parse_integer(key, value, 1, most));
    };
    if (key == "at") stage.at = tools::parse_duration(key, value);
    if (key == "every") stage.every = tools::parse_duration(key, value);
    if (key == "over") stage.over = tools::parse_duration(key, value);
    if (key == "group") stage.group = value;
    if (key == "fraction") stage.fraction = tools::parse_number(key, value, 0, 1);
    if (key == "count") stage.count = count(100'000'000);
    if (key == "repeat") stage.repeat = count(10'000);
    if (key == "mode") set_ending(stage, value);
    if (key == "action") set_action(stage, value);
    if (key == "rate") set_rate(stage, key, value);
}

// Keys that contradict each other.
void check_stage(const TomlFile& file, const TomlTable& table, const Stage& stage) {
    const auto refuse = [&](std::string_view text) {
        throw TomlError(file, table.line, std::string(text));
    };
    const bool is_rate = stage.action == Stage::Action::rate;
    const auto has = [&](std::string_view key) { return table.find(key) != nullptr; };
    if (!has("at")) refuse("the stage has no 'at'");
    if (stage.repeat > 1 && stage.every.count() == 0) refuse("a repeated stage needs 'every'");
    if (is_rate && !has("rate")) refuse("a stage of action rate needs 'rate'");
    if (!is_rate && (has("rate") || has("over"))) {
        refuse("'rate' and 'over' belong to a stage of action rate");
    }
    if (is_rate && (has("fraction") || has("count") || has("mode") || has("repeat"))) {
        refuse("a change of rate is of the whole group, once: no fraction, count, mode, repeat");
    }
}

}  // namespace

Stage make_stage(const TomlFile& file, const TomlTable& table, double scale) {
    Stage stage;
    for (const TomlEntry& entry : table.entries) {
        if (!contains(kStageKeys, entry.key)) {
            refuse_unknown(file, entry, "key of a stage",
                           {std::begin(kStageKeys), std::end(kStageKeys)});
        }
        try {
            set_key(stage, entry.key, entry.values[0]);
        } catch (const UsageError& error) {
            throw TomlError(file, entry.line, error.what());
        }
    }
    check_stage(file, table, stage);
    if (stage.count != 0) stage.count = scaled(stage.count, scale);
    if (!stage.rate_each) stage.rate *= scale;
    return stage;
}

}  // namespace mqtt::bench
