// What a UTF-8 string of MQTT may hold: well-formed UTF-8, no surrogates, no U+0000.
// Used by reader, topic and properties. U+FEFF is an ordinary character [MQTT-1.5.4-3].
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace mqtt::core {

// [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT311-1.5.3-1] [MQTT311-1.5.3-2]
bool is_valid_utf8(std::string_view text);
// The same with U+0000: what a payload may hold that is marked as text [5.0 section 3.3.2.3.2].
bool is_well_formed_utf8(std::string_view text);

namespace detail {

inline constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
inline constexpr std::uint64_t kHighBits = 0x80 * kOnes;

inline std::uint64_t load8(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    return word;
}

// A word whose high bits are all set when each of its 8 bytes is ASCII and neither NUL nor (for
// names) + or #, which differ only in bit 3. A carry can only come from a byte over 0x7F, whose own
// bit is already clear in the result.
template <bool kName>
constexpr std::uint64_t plain_marks(std::uint64_t word) {
    std::uint64_t marks = (word + 0x7F * kOnes) & ~word;
    if constexpr (kName) {
        const std::uint64_t wild = (word | 0x08 * kOnes) ^ 0x2B * kOnes;
        marks &= wild + 0x7F * kOnes;
    }
    return marks & kHighBits;
}

// Some byte of the word is + or #, whatever the others are.
constexpr bool has_wildcard_byte(std::uint64_t word) {
    const std::uint64_t wild = (word | 0x08 * kOnes) ^ 0x2B * kOnes;
    const std::uint64_t low_bits = ~kHighBits;
    return (((wild & low_bits) + low_bits) | wild | low_bits) != ~std::uint64_t{0};
}

}  // namespace detail

// True when `text` is ASCII without NUL (kName: also without wildcards), 8 bytes at a time. False
// says nothing: ask is_valid_utf8 and look for wildcards then.
template <bool kName>
inline bool is_plain_ascii(std::string_view text) {
    const char* at = text.data();
    std::size_t left = text.size();
    if (left >= 8) {
        std::uint64_t marks = detail::kHighBits;
        for (; left > 8; at += 8, left -= 8)
            marks &= detail::plain_marks<kName>(detail::load8(at));
        marks &= detail::plain_marks<kName>(detail::load8(at + left - 8));  // may overlap
        return marks == detail::kHighBits;
    }
    std::uint64_t word = detail::kOnes;  // 1..7 bytes: the rest stays harmless
    if (left >= 4) {
        std::uint32_t low = 0;
        std::uint32_t high = 0;
        std::memcpy(&low, at, 4);
        std::memcpy(&high, at + left - 4, 4);
        word = std::uint64_t{high} << 32 | low;
    } else if (left > 0) {
        const auto byte = [&](std::size_t i) {
            return std::uint64_t{static_cast<std::uint8_t>(at[i])};
        };
        word = (detail::kOnes & ~std::uint64_t{0xFF'FFFF}) | byte(0) | byte(left / 2) << 8 |
               byte(left - 1) << 16;
    }
    return detail::plain_marks<kName>(word) == detail::kHighBits;
}

}  // namespace mqtt::core
