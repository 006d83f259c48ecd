// Variable byte integers: 1 to 4 bytes, 7 bits each, low bits first, in the shortest form.
// Used by frame, reader, writer and property code.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mqtt::core {

inline constexpr std::uint32_t kLargestVarint = 268'435'455;

// A larger value, which no caller may have, counts 5, as many as encode_varint then writes.
constexpr std::size_t varint_size(std::uint32_t value) {
    if (value < 0x80) return 1;
    if (value < 0x4000) return 2;
    if (value < 0x20'0000) return 3;
    return value <= kLargestVarint ? 4 : 5;
}

inline constexpr int kVarintIncomplete = 0;
inline constexpr int kVarintMalformed = -1;

// Reads from [at, end). Returns the number of bytes read (1..4); kVarintIncomplete when more are
// needed; kVarintMalformed for a fifth byte or a longer form than necessary [MQTT-1.5.5-1].
constexpr int decode_varint(const std::uint8_t* at, const std::uint8_t* end, std::uint32_t& value) {
    if (at != end && *at < 0x80) {  // nearly always
        value = *at;
        return 1;
    }
    std::uint32_t sum = 0;
    for (int i = 0; i < 4; ++i) {
        if (at + i == end) return kVarintIncomplete;
        const std::uint8_t byte = at[i];
        sum |= static_cast<std::uint32_t>(byte & 0x7F) << (7 * i);
        if (byte >= 0x80) continue;
        if (byte == 0 && i > 0) return kVarintMalformed;
        value = sum;
        return i + 1;
    }
    return kVarintMalformed;
}

// Writes the shortest form of `value` (<= kLargestVarint) and returns the end of it.
constexpr std::uint8_t* encode_varint(std::uint8_t* at, std::uint32_t value) {
    while (value >= 0x80) {
        *at++ = static_cast<std::uint8_t>(value | 0x80);
        value >>= 7;
    }
    *at++ = static_cast<std::uint8_t>(value);
    return at;
}

}  // namespace mqtt::core
