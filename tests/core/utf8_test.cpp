// UTF-8 validation against a decoder written down from the definition.
#include "core/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mqtt::core;

namespace {

// One code point by its definition; 0 when there is none (or it is U+0000).
std::uint32_t decode_slowly(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0u;
    };
    const std::uint32_t lead = byte(at);
    const int size = lead < 0x80           ? 1
                     : (lead >> 5) == 0x06 ? 2
                     : (lead >> 4) == 0x0E ? 3
                     : (lead >> 3) == 0x1E ? 4
                                           : 0;
    if (size == 0) return 0;
    std::uint32_t c = size == 1 ? lead : lead & (0x7Fu >> size);
    for (int i = 1; i < size; ++i) {
        const std::uint32_t next = byte(at + static_cast<std::size_t>(i));
        if ((next & 0xC0) != 0x80) return 0;
        c = c << 6 | (next & 0x3F);
    }
    constexpr std::uint32_t kMinimum[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < kMinimum[size] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return 0;
    at += static_cast<std::size_t>(size);
    return c;
}

bool is_valid_slowly(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        if (decode_slowly(text, at) == 0) return false;
    }
    return true;
}

}  // namespace

TEST_CASE(
    "utf8: all strings of one and two bytes, wherever they stand [MQTT-1.5.4-1] "
    "[MQTT311-1.5.3-1]") {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const std::string pair{static_cast<char>(first), static_cast<char>(second)};
            const bool expected = is_valid_slowly(pair);
            if (is_valid_utf8(pair) != expected) FAIL_CHECK(first << ' ' << second);
            if (is_valid_utf8("12345678" + pair + "1234567890") != expected) {
                FAIL_CHECK(first << ' ' << second << " inside");
            }
        }
        const std::string one(1, static_cast<char>(first));
        CHECK(is_valid_utf8(one) == is_valid_slowly(one));
    }
}

TEST_CASE("utf8: all leads of three and four bytes with telling continuations [MQTT-1.5.4-1]") {
    constexpr int kTelling[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    for (int lead = 0xE0; lead < 256; ++lead) {
        for (int second = 0; second < 256; ++second) {
            for (const int third : kTelling) {
                for (const int fourth : kTelling) {
                    const std::string text{static_cast<char>(lead), static_cast<char>(second),
                                           static_cast<char>(third), static_cast<char>(fourth)};
                    if (is_valid_utf8(text) != is_valid_slowly(text)) {
                        FAIL_CHECK(lead << ' ' << second << ' ' << third << ' ' << fourth);
                    }
                    const std::string three = text.substr(0, 3);
                    if (is_valid_utf8(three) != is_valid_slowly(three)) {
                        FAIL_CHECK(lead << ' ' << second << ' ' << third);
                    }
                }
            }
        }
    }
}

TEST_CASE(
    "utf8: U+0000 is refused at every position of every length [MQTT-1.5.4-2] [MQTT311-1.5.3-2]") {
    CHECK(is_valid_utf8(""));
    for (std::size_t size = 1; size < 40; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, 'x');
            CHECK(is_plain_ascii<false>(text));
            text[at] = '\0';
            CHECK_FALSE(is_valid_utf8(text));
            text[at] = '\x7F';
            CHECK(is_plain_ascii<true>(text));
            text[at] = '+';
            CHECK(is_plain_ascii<false>(text));
            CHECK_FALSE(is_plain_ascii<true>(text));
        }
    }
}
