// What the JSON form of a result consists of: one row per figure with its name, meaning and place.
// Writer, reader, CSV and the description of the schema in the man page are made from these rows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

inline constexpr std::string_view kResultSchema = "mqtt-bench/1";

using Slot = std::variant<std::uint64_t*, std::uint32_t*, int*, double*, bool*, std::string*>;
using ConstSlot = std::variant<const std::uint64_t*, const std::uint32_t*, const int*,
                               const double*, const bool*, const std::string*>;

template <class T>
struct Field {
    std::string_view name;
    std::string_view meaning;  // with its unit; empty: the name says it
    Slot (*slot)(T&);
    ConstSlot (*value)(const T&);
};

// A figure that follows from others: written, not read. Nothing: left out.
struct DerivedField {
    std::string_view name;
    std::string_view meaning;
    std::optional<double> (*value)(const Result&);
};

std::span<const Field<Result>> head_fields();   // members of the outermost object
std::span<const Field<Result>> count_fields();  // of "counts"
std::span<const DerivedField> rate_fields();    // of "rates"
std::span<const Field<BrokerCost>> broker_fields();
std::span<const DerivedField> broker_derived_fields();
std::span<const Field<SysCounts>> sys_fields();  // of "sys"
std::span<const Field<GeneratorCost>> generator_fields();
std::span<const DerivedField> generator_derived_fields();
std::span<const Field<StageResult>> stage_fields();  // of each element of "stages"
std::span<const Field<Second>> second_fields();      // of each element of "seconds"

// The schema in words, for the man page.
std::string schema_text();

}  // namespace mqtt::bench
