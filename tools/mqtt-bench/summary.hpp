// A result as text for people and grep, as JSON for programs, as CSV for spreadsheets; and the live
// line of a running second. Strings out, no files.
#pragma once

#include <string>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

std::string summary_text(const Result& result);
std::string live_line(const Result& result, const Second& second);
std::string result_json(const Result& result);
std::string seconds_csv(const Result& result);

}  // namespace mqtt::bench
