// Keys of scenario files: every key is an option's name and is read by that option's row. For the
// files scenario*.cpp only.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/scenario.hpp"
#include "mqtt-bench/toml.hpp"

namespace mqtt::bench {

template <class Range>
bool contains(const Range& range, std::string_view word) {
    return std::find(std::begin(range), std::end(range), word) != std::end(range);
}

// conn_rate and conn-rate are one key.
std::string normal_key(std::string_view key);
// Null: no option is called so.
const tools::Flag* find_option(std::string_view key);
// Throws: `what` of this entry is not known; names the nearest one that is.
[[noreturn]] void refuse_unknown(const TomlFile& file, const TomlEntry& entry,
                                 std::string_view what, std::vector<std::string_view> known);
// Reads the table's keys into settings but for those that only the table's maker knows. What an
// option's row says against a value gets the place in the file.
void apply_entries(const TomlFile& file, const TomlTable& table, BenchSettings& settings,
                   bool is_group);

// [[stage]], its counts scaled.
Stage make_stage(const TomlFile& file, const TomlTable& table, double scale);

// So many clients at this scale: one at least.
std::uint32_t scaled(std::uint32_t count, double scale);

// One run of a file without [sweep]: groups, stages, assertions.
BenchSettings make_scenario(const TomlFile& file, double scale,
                            std::span<const tools::FlagUse> uses, const std::string& command_line);

}  // namespace mqtt::bench
