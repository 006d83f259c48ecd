// Numbers as the summary, the live line and the reports write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/expression.hpp"

namespace mqtt::bench {

class Histogram;

std::string with_commas(std::int64_t value);  // "7,500,000"
std::string format_ms(double ns);             // three significant digits: "0.31", "17.9", "2,130"
std::string known_ms(double ns);              // the same, "-" for 0
std::string commas(std::uint64_t value);      // with_commas() of a count
// A percentile in ms, "-" where the samples do not support it.
std::string supported_ms(const Histogram& histogram, double percentile);
std::string format_rate(double per_second);  // "250", "9,870", "250.0k", "1.96M"
std::string format_bytes(double bytes);      // "812 B", "3.2 kB", "41.2 MB"
// "2.94 ms", "412,000"; nothing: empty.
std::string format_metric(const std::optional<tools::MetricValue>& value);
std::string format_json_string(std::string_view text);  // with quotes

}  // namespace mqtt::bench
