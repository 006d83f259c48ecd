// Unpredictable bytes from the system, fetched in batches. Used for WebSocket masks and keys.
#pragma once

#include <cstdint>
#include <span>

namespace mqtt::net {

void fill_random(std::span<std::uint8_t> out);

}  // namespace mqtt::net
