// JSON: writing strings, base64, and the reader's walks. The scanner is json_scan.cpp.
#include "common/json.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "common/json_scan.hpp"

namespace tools {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHex = "0123456789abcdef";

std::uint8_t byte_at(std::string_view text, std::size_t i) {
    return static_cast<std::uint8_t>(text[i]);
}

// True when none of the eight bytes needs an escape: no control, quote or backslash.
bool is_plain(std::uint64_t word) {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t high = 0x8080808080808080;
    const auto has_zero = [](std::uint64_t w) { return (w - ones) & ~w & high; };
    const std::uint64_t control = (word - ones * 0x20) & ~word & high;
    return (control | has_zero(word ^ ones * '"') | has_zero(word ^ ones * '\\')) == 0;
}

std::size_t plain_length(std::string_view text) {
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + i, 8);
        if (!is_plain(word)) break;
    }
    while (i < text.size() && byte_at(text, i) >= 0x20 && text[i] != '"' && text[i] != '\\')
        ++i;
    return i;
}

void append_escape(std::string& out, char c) {
    switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
    }
    out += "\\u00";
    out += kHex[static_cast<std::uint8_t>(c) >> 4];
    out += kHex[static_cast<std::uint8_t>(c) & 15];
}

int base64_value(char c) {
    const std::size_t at = kBase64.find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        if (i + 8 <= text.size()) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data() + i, 8);
            if ((word & 0x8080808080808080) == 0) {
                i += 8;
                continue;
            }
        }
        const std::uint8_t lead = byte_at(text, i);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return false;
        std::uint32_t code = lead & (0x7Fu >> length);
        for (std::size_t k = 1; k < length; ++k) {
            if ((byte_at(text, i + k) & 0xC0) != 0x80) return false;
            code = code << 6 | (byte_at(text, i + k) & 0x3F);
        }
        constexpr std::array<std::uint32_t, 5> lowest{0, 0, 0x80, 0x800, 0x10000};
        const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
        if (code < lowest[length] || code > 0x10FFFF || is_surrogate) return false;
        i += length;
    }
    return true;
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (true) {
        const std::size_t n = plain_length(text);
        out.append(text.data(), n);
        if (n == text.size()) break;
        append_escape(out, text[n]);
        text.remove_prefix(n + 1);
    }
    out += '"';
}

void append_base64(std::string& out, std::string_view bytes) {
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t v = static_cast<std::uint32_t>(byte_at(bytes, i)) << 16 |
                                static_cast<std::uint32_t>(byte_at(bytes, i + 1)) << 8 |
                                byte_at(bytes, i + 2);
        for (int shift = 18; shift >= 0; shift -= 6)
            out += kBase64[v >> shift & 63];
    }
    const std::size_t left = bytes.size() - i;
    if (left == 0) return;
    std::uint32_t v = static_cast<std::uint32_t>(byte_at(bytes, i)) << 16;
    if (left == 2) v |= static_cast<std::uint32_t>(byte_at(bytes, i + 1)) << 8;
    out += kBase64[v >> 18];
    out += kBase64[v >> 12 & 63];
    out += left == 2 ? kBase64[v >> 6 & 63] : '=';
    out += '=';
}

std::optional<std::string> decode_base64(std::string_view text) {
    while (text.ends_with('='))
        text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const int value = base64_value(c);
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xFF);
    }
    return out;
}

bool is_json(std::string_view text) {
    JsonScanner scanner(text);
    return scanner.skip_value() && scanner.at_end();
}

bool for_each_json_member(std::string_view text, const JsonMember& use) {
    JsonScanner scanner(text);
    if (!scanner.take('{')) return false;
    if (scanner.take('}')) return scanner.at_end();
    do {
        const auto key = scanner.take_value();
        const auto name = key ? json_string(*key) : std::nullopt;
        if (!name || !scanner.take(':')) return false;
        const auto value = scanner.take_value();
        if (!value || !use(*name, *value)) return false;
    } while (scanner.take(','));
    return scanner.take('}') && scanner.at_end();
}

bool for_each_json_element(std::string_view text, const JsonElement& use) {
    JsonScanner scanner(text);
    if (!scanner.take('[')) return false;
    if (scanner.take(']')) return scanner.at_end();
    do {
        const auto value = scanner.take_value();
        if (!value || !use(*value)) return false;
    } while (scanner.take(','));
    return scanner.take(']') && scanner.at_end();
}

}  // namespace tools
