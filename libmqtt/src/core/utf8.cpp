// The general case: sequences of 2 to 4 bytes, with the ranges of the second byte that exclude
// overlong forms, surrogates and code points above U+10FFFF (Unicode, table 3-7).
#include "core/utf8.hpp"

namespace mqtt::core {
namespace {

struct Lead {
    int continuation_bytes;  // 0: not a lead byte
    std::uint8_t second_minimum = 0x80;
    std::uint8_t second_maximum = 0xBF;
};

constexpr Lead classify(std::uint8_t byte) {
    if (byte < 0xC2) return {0};  // a continuation byte, or an overlong form
    if (byte < 0xE0) return {1};
    if (byte == 0xE0) return {2, 0xA0, 0xBF};
    if (byte == 0xED) return {2, 0x80, 0x9F};  // no surrogates
    if (byte < 0xF0) return {2};
    if (byte == 0xF0) return {3, 0x90, 0xBF};
    if (byte < 0xF4) return {3};
    if (byte == 0xF4) return {3, 0x80, 0x8F};
    return {0};
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
    if (is_plain_ascii<false>(text)) return true;
    const auto* at = reinterpret_cast<const std::uint8_t*>(text.data());
    const auto* end = at + text.size();
    while (at != end) {
        if (*at < 0x80) {
            if (*at == 0) return false;
            ++at;
            continue;
        }
        const Lead lead = classify(*at++);
        if (lead.continuation_bytes == 0 || end - at < lead.continuation_bytes) return false;
        if (*at < lead.second_minimum || *at > lead.second_maximum) return false;
        for (int i = 1; i < lead.continuation_bytes; ++i) {
            if ((at[i] & 0xC0) != 0x80) return false;
        }
        at += lead.continuation_bytes;
    }
    return true;
}

}  // namespace mqtt::core
