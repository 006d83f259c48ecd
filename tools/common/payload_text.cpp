// See payload_text.hpp.
#include "common/payload_text.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <iterator>

#include "common/flags.hpp"

namespace tools {
namespace {

constexpr std::size_t kBytesPerLine = 16;
constexpr std::string_view kKinds = "bBhHiIqQfdcxs$";
constexpr std::size_t kMostRepeats = 10'000;

std::uint64_t read_integer(std::string_view bytes, bool is_little) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::size_t at = is_little ? bytes.size() - 1 - i : i;
        value = value << 8 | static_cast<unsigned char>(bytes[at]);
    }
    return value;
}

// The value of so many bytes with its sign.
std::int64_t with_sign(std::uint64_t value, std::size_t bytes) {
    const auto unused = static_cast<int>(64 - 8 * bytes);
    return static_cast<std::int64_t>(value << unused) >> unused;
}

void append_value(std::string& out, char kind, std::uint64_t value) {
    const auto end = std::back_inserter(out);
    switch (kind) {
    case 'b':
    case 'h':
    case 'i':
    case 'q': fmt::format_to(end, "{}", with_sign(value, pack_size_of(kind))); break;
    case 'f':
        fmt::format_to(end, "{}", std::bit_cast<float>(static_cast<std::uint32_t>(value)));
        break;
    case 'd': fmt::format_to(end, "{}", std::bit_cast<double>(value)); break;
    case 'c': out += static_cast<char>(value); break;
    default: fmt::format_to(end, "{}", value); break;
    }
}

}  // namespace

void append_hex_dump(std::string& out, std::string_view bytes) {
    const auto end = std::back_inserter(out);
    for (std::size_t at = 0; at < bytes.size(); at += kBytesPerLine) {
        const std::string_view line = bytes.substr(at, kBytesPerLine);
        if (at > 0) out += '\n';
        fmt::format_to(end, "{:08x} ", at);
        for (std::size_t i = 0; i < kBytesPerLine; ++i) {
            if (i % 8 == 0) out += ' ';
            if (i < line.size()) {
                fmt::format_to(end, "{:02x} ", static_cast<unsigned char>(line[i]));
            } else {
                out += "   ";
            }
        }
        out += " |";
        for (const char c : line)
            out += c >= ' ' && c <= '~' ? c : '.';
        out += '|';
    }
}

std::size_t pack_size_of(char kind) {
    switch (kind) {
    case 'h':
    case 'H': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'q':
    case 'Q':
    case 'd': return 8;
    case 's':
    case '$': return 0;
    default: return 1;
    }
}

std::string pack_fields(std::string_view format) {
    std::string fields;
    char order = '>';
    std::size_t repeats = 0;
    for (const char c : format) {
        if (c == '<' || c == '>') {
            order = c;
        } else if (c >= '0' && c <= '9' && repeats < kMostRepeats) {
            repeats = repeats * 10 + static_cast<std::size_t>(c - '0');
        } else if (kKinds.find(c) != std::string_view::npos && repeats <= kMostRepeats) {
            for (std::size_t n = std::max<std::size_t>(repeats, 1); n > 0; --n)
                (fields += c) += order;
            repeats = 0;
        } else if (c != ' ') {
            throw UsageError(fmt::format(
                "'{}' in the pack string '{}' is none of < > {} or a number", c, format, kKinds));
        }
    }
    if (fields.empty() || repeats != 0) {
        throw UsageError(fmt::format("the pack string '{}' is not complete", format));
    }
    return fields;
}

Unpack::Unpack(std::string_view format) : fields_(pack_fields(format)) {}

std::string_view Unpack::append(std::string& out, std::string_view payload) const {
    const std::size_t start = out.size();
    bool is_first = true;
    for (std::size_t i = 0; i < fields_.size(); i += 2) {
        const char kind = fields_[i];
        const std::size_t size = pack_size_of(kind);
        const bool is_wrong = kind == '$' ? !payload.empty() : payload.size() < size;
        if (is_wrong) {
            out.resize(start);
            return kind == '$' ? "the payload is longer than the pack string says"
                               : "the payload is shorter than the pack string says";
        }
        if (kind != 'x' && kind != '$') {
            if (!is_first) out += ' ';
            is_first = false;
            if (kind == 's') {
                out += payload;
                payload = {};
            } else {
                append_value(out, kind,
                             read_integer(payload.substr(0, size), fields_[i + 1] == '<'));
            }
        }
        payload.remove_prefix(std::min(size, payload.size()));
    }
    return {};
}

}  // namespace tools
