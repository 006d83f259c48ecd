// The general case: sequences of 2 to 4 bytes, with the ranges of the second byte that exclude
// overlong forms, surrogates and code points above U+10FFFF (Unicode, table 3-7).
#include "core/utf8.hpp"

namespace mqtt::core {
namespace {

constexpr bool is_continuation(std::uint8_t byte) {
    return (byte & 0xC0) == 0x80;
}

// Size of the sequence of 2 to 4 bytes at `at`, of which `left` bytes are there; 0: not well-formed.
inline std::size_t sequence_size(const std::uint8_t* at, std::size_t left) {
    const std::uint8_t lead = at[0];
    if (lead < 0xC2) return 0;  // a continuation byte, or an overlong form
    if (left < 2 || !is_continuation(at[1])) return 0;
    const std::uint8_t second = at[1];
    if (lead < 0xE0) return 2;
    if (left < 3 || !is_continuation(at[2])) return 0;
    if (lead < 0xF0) {
        if (lead == 0xE0 && second < 0xA0) return 0;  // overlong
        if (lead == 0xED && second > 0x9F) return 0;  // a surrogate
        return 3;
    }
    if (left < 4 || !is_continuation(at[3])) return 0;
    if (lead == 0xF0 && second < 0x90) return 0;  // overlong
    if (lead == 0xF4 && second > 0x8F) return 0;  // above U+10FFFF
    return lead <= 0xF4 ? 4 : 0;
}

template <bool kNulAllowed>
bool is_well_formed(std::string_view text) {
    if (is_plain_ascii<false>(text)) return true;
    const auto* at = reinterpret_cast<const std::uint8_t*>(text.data());
    std::size_t left = text.size();
    while (left != 0) {
        std::size_t size = *at == 0 && !kNulAllowed ? 0 : 1;
        if (*at >= 0x80) size = sequence_size(at, left);
        if (size == 0) return false;
        at += size;
        left -= size;
    }
    return true;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
    return is_well_formed<false>(text);
}

bool is_well_formed_utf8(std::string_view text) {
    return is_well_formed<true>(text);
}

}  // namespace mqtt::core
