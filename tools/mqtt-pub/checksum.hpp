// CRC-32 (IEEE 802.3), for records of the outbox. Used by outbox_segment.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mqtt_pub {

inline constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 1) != 0 ? value >> 1 ^ 0xEDB8'8320 : value >> 1;
        }
        table[byte] = value;
    }
    return table;
}();

// Of `bytes` behind what gave `before`.
constexpr std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0) {
    std::uint32_t value = ~before;
    for (const char c : bytes) {
        value = value >> 8 ^ kCrcTable[(value ^ static_cast<std::uint8_t>(c)) & 0xFF];
    }
    return ~value;
}
static_assert(crc32("123456789") == 0xCBF4'3926);

}  // namespace mqtt_pub
