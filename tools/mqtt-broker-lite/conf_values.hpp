// Values of mosquitto.conf lines as numbers and words, and what the rows of the table have in common.
// Everything throws ConfError, to which the reader adds the place. Used by conf_keys_*.cpp only.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "mqtt-broker-lite/conf.hpp"

// A row's function: `c` is the Conf, `line` the line.
#define CONF_SET(...) [](Conf& c, const ConfLine& line) { __VA_ARGS__; }

namespace tools::broker_lite {

inline constexpr std::int64_t kMostNumber = std::numeric_limits<std::uint32_t>::max();

bool boolean(const ConfLine& line);
// As mosquitto reads it: 010 is eight, 0x10 sixteen.
std::int64_t integer(const ConfLine& line, std::int64_t least, std::int64_t most);
template <class T>
T number(const ConfLine& line, std::int64_t least, std::int64_t most) {
    return static_cast<T>(integer(line, least, most));
}
// Limits where mosquitto has -1 for none and we have 0.
std::size_t limit(const ConfLine& line);
std::vector<std::string> words(const std::string& text);

}  // namespace tools::broker_lite
