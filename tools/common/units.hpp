// Numbers with units as people type them: durations, sizes, rates, plain ranges.
// Used by flag tables. Every function throws UsageError naming the option.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tools {

// The word, unless it is empty: what a script's unset variable leaves is no wish.
const std::string& required_word(std::string_view option, const std::string& word);

// "500ms", "10s", "1h30m", "2.5s", "100us"; a bare number counts in seconds. Never negative.
std::chrono::nanoseconds parse_duration(std::string_view option, std::string_view text);

// "64", "4k", "1.5M", "2GiB": k, M, G are powers of 1000, Ki, Mi, Gi (with or without B) of 1024.
std::uint64_t parse_size(std::string_view option, std::string_view text);

// Events per second: "50", "50k", "50k/s", "600/m", "1M/h".
double parse_rate(std::string_view option, std::string_view text);

// A decimal integer in [minimum, maximum], whole text.
std::int64_t parse_integer(std::string_view option, std::string_view text, std::int64_t minimum,
                           std::int64_t maximum);

double parse_number(std::string_view option, std::string_view text, double minimum, double maximum);

// "1.5 s", "250 ms", "42 us": for people.
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace tools
