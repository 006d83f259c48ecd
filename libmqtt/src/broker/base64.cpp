// Four characters at a time.
#include "broker/base64.hpp"

namespace mqtt::broker {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && text[text.size() - 1 - padding] == '=')
        ++padding;
    std::vector<std::uint8_t> bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::size_t digit = 0;
        if (i < text.size() - padding) {
            digit = kAlphabet.find(text[i]);
            if (digit == std::string_view::npos) return std::nullopt;
        }
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        if (i % 4 != 3) continue;
        for (int shift = 16; shift >= 0; shift -= 8)
            bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
        bits = 0;
    }
    for (; padding != 0; --padding)
        bytes.pop_back();
    return bytes;
}

std::string to_base64(Bytes bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t bits = 0;
        for (std::size_t j = i; j < i + 3; ++j)
            bits = bits << 8 | (j < bytes.size() ? bytes[j] : 0u);
        const std::size_t digits = bytes.size() - i + 1;
        for (std::size_t j = 0; j < 4; ++j) {
            text += j < digits ? kAlphabet[bits >> (18 - 6 * j) & 63] : '=';
        }
    }
    return text;
}

}  // namespace mqtt::broker
