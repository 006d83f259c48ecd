// Reads what result_json wrote, for report, merge and diff. Members that are not known are skipped.
#pragma once

#include <string_view>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

// Throws std::invalid_argument with a sentence when `json` is no result, or of another schema.
Result read_result(std::string_view json);
// A line of --jsonl. Nothing: it is none.
std::optional<Second> read_second(std::string_view json);

}  // namespace mqtt::bench
