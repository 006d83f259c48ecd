// See payload_input.hpp.
#include "common/payload_input.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstdint>

#include "common/flags.hpp"
#include "common/payload_text.hpp"

namespace tools {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kOffsetDigits = 8;

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::size_t> offset_of(std::string_view digits) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value, 16);
    if (error != std::errc() || end != digits.end()) return std::nullopt;
    return value;
}

// The digits of a line of a dump, without its offset and its text; other lines are all digits.
// The last line of hexdump -C is an offset alone.
std::string_view digits_of_line(std::string_view line, std::size_t bytes_before) {
    if (line.size() < kOffsetDigits) return line;
    const bool is_here = offset_of(line.substr(0, kOffsetDigits)) == bytes_before;
    const std::string_view rest = line.substr(kOffsetDigits);
    if (is_here && rest.starts_with("  ")) return rest.substr(0, rest.find(" |"));
    if (is_here && rest.starts_with(": ")) {
        const std::string_view groups = rest.substr(2);
        return groups.substr(0, groups.find("  "));
    }
    const bool is_end = is_here && bytes_before > 0 && rest.empty();
    return is_end ? std::string_view() : line;
}

std::string append_digits(std::string& out, std::string_view digits) {
    for (std::size_t at = 0; at < digits.size(); ++at) {
        const char c = digits[at];
        if (c == ':' || kBlanks.find(c) != std::string_view::npos) continue;
        const int high = digit_of(c);
        if (high < 0) return fmt::format("'{}' is no hexadecimal digit", c);
        const int low = at + 1 < digits.size() ? digit_of(digits[at + 1]) : -1;
        if (low < 0) return fmt::format("the hexadecimal digit '{}' has no second one", c);
        out += static_cast<char>(high << 4 | low);
        ++at;
    }
    return {};
}

std::string_view take_word(std::string_view& text) {
    const std::size_t start = std::min(text.find_first_not_of(kBlanks), text.size());
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(word.size());
    return word;
}

// Decimal, or hexadecimal behind 0x.
template <class Integer>
std::optional<std::uint64_t> integer_of(std::string_view word) {
    const bool is_hex = word.starts_with("0x") || word.starts_with("0X");
    if (is_hex) word.remove_prefix(2);
    Integer value = 0;
    const auto [end, error] = std::from_chars(word.begin(), word.end(), value, is_hex ? 16 : 10);
    if (error != std::errc() || end != word.end()) return std::nullopt;
    return static_cast<std::uint64_t>(value);
}

template <class Float, class Bits>
std::optional<std::uint64_t> float_of(std::string_view word) {
    Float value = 0;
    const auto [end, error] = std::from_chars(word.begin(), word.end(), value);
    if (error != std::errc() || end != word.end()) return std::nullopt;
    return std::bit_cast<Bits>(value);
}

std::optional<std::uint64_t> value_of(char kind, std::string_view word) {
    switch (kind) {
    case 'b': return integer_of<std::int8_t>(word);
    case 'B': return integer_of<std::uint8_t>(word);
    case 'h': return integer_of<std::int16_t>(word);
    case 'H': return integer_of<std::uint16_t>(word);
    case 'i': return integer_of<std::int32_t>(word);
    case 'I': return integer_of<std::uint32_t>(word);
    case 'q': return integer_of<std::int64_t>(word);
    case 'Q': return integer_of<std::uint64_t>(word);
    case 'f': return float_of<float, std::uint32_t>(word);
    case 'd': return float_of<double, std::uint64_t>(word);
    default:  // c
        if (word.size() != 1) return std::nullopt;
        return static_cast<unsigned char>(word[0]);
    }
}

void append_value(std::string& out, std::uint64_t value, std::size_t size, bool is_little) {
    for (std::size_t i = 0; i < size; ++i) {
        const std::size_t shift = 8 * (is_little ? i : size - 1 - i);
        out += static_cast<char>(value >> shift & 0xFF);
    }
}

}  // namespace

std::string append_from_hex(std::string& out, std::string_view text) {
    const std::size_t start = out.size();
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        std::string complaint = append_digits(out, digits_of_line(line, out.size() - start));
        if (complaint.empty()) continue;
        out.resize(start);
        return complaint;
    }
    return {};
}

Pack::Pack(std::string_view format) : fields_(pack_fields(format)) {}

std::string Pack::append(std::string& out, std::string_view text) const {
    const std::size_t start = out.size();
    for (std::size_t i = 0; i < fields_.size(); i += 2) {
        const char kind = fields_[i];
        if (kind == '$') continue;
        if (kind == 's') {
            if (i > 0 && text.starts_with(' ')) text.remove_prefix(1);
            out += text;
            text = {};
            continue;
        }
        if (kind == 'x') {
            out += '\0';
            continue;
        }
        const std::string_view word = take_word(text);
        if (const auto value = value_of(kind, word)) {
            append_value(out, *value, pack_size_of(kind), fields_[i + 1] == '<');
            continue;
        }
        out.resize(start);
        return word.empty()
                   ? "there are fewer values than the pack string has fields"
                   : fmt::format("'{}' is no value for '{}' of the pack string", word, kind);
    }
    const std::string_view more = take_word(text);
    if (more.empty()) return {};
    out.resize(start);
    return fmt::format("'{}' is more than the pack string has fields for", more);
}

}  // namespace tools
