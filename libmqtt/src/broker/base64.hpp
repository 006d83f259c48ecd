// Base64 with padding, as password files and SCRAM write it. Strict: nothing but its alphabet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt::broker {

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);
std::string to_base64(Bytes bytes);

}  // namespace mqtt::broker
