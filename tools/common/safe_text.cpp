// See safe_text.hpp.
#include "common/safe_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "common/regex_program.hpp"

namespace tools {
namespace {

struct Range {
    std::uint32_t first, last;
};

// Beyond ASCII: C1 controls; marks, overrides and isolates of direction; line separators.
constexpr std::array kUnsafe{Range{0x80, 0x9F},     Range{0x061C, 0x061C}, Range{0x200E, 0x200F},
                             Range{0x2028, 0x202E}, Range{0x2066, 0x2069}, Range{0xD800, 0xDFFF},
                             Range{0xFFF9, 0xFFFB}};

// East Asian wide and full-width characters, and emoji (Unicode 15, blocks rather than characters).
constexpr std::array kWide{
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},
    Range{0x23E9, 0x23EC},   Range{0x25FD, 0x25FE},   Range{0x2614, 0x2615},
    Range{0x2648, 0x2653},   Range{0x26A1, 0x26A1},   Range{0x26BD, 0x26BE},
    Range{0x2705, 0x2705},   Range{0x2728, 0x2728},   Range{0x274C, 0x274C},
    Range{0x2753, 0x2755},   Range{0x2E80, 0x303E},   Range{0x3041, 0x33FF},
    Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},   Range{0xA000, 0xA4CF},
    Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},
    Range{0x16FE0, 0x18CFF}, Range{0x1AFF0, 0x1B2FF}, Range{0x1F004, 0x1F004},
    Range{0x1F0CF, 0x1F0CF}, Range{0x1F18E, 0x1F19A}, Range{0x1F200, 0x1F320},
    Range{0x1F32D, 0x1F335}, Range{0x1F337, 0x1F37C}, Range{0x1F37E, 0x1F393},
    Range{0x1F3A0, 0x1F3CA}, Range{0x1F3CF, 0x1F3D3}, Range{0x1F3E0, 0x1F3F0},
    Range{0x1F3F4, 0x1F3F4}, Range{0x1F3F8, 0x1F43E}, Range{0x1F440, 0x1F440},
    Range{0x1F442, 0x1F4FC}, Range{0x1F4FF, 0x1F53D}, Range{0x1F54B, 0x1F567},
    Range{0x1F595, 0x1F596}, Range{0x1F5A4, 0x1F5A4}, Range{0x1F5FB, 0x1F64F},
    Range{0x1F680, 0x1F6C5}, Range{0x1F6CC, 0x1F6CC}, Range{0x1F6D0, 0x1F6D2},
    Range{0x1F6D5, 0x1F6DF}, Range{0x1F6EB, 0x1F6EC}, Range{0x1F6F4, 0x1F6FC},
    Range{0x1F7E0, 0x1F7F0}, Range{0x1F90C, 0x1F9FF}, Range{0x1FA70, 0x1FAFF},
    Range{0x20000, 0x3FFFD}};

// Combining marks, joiners and variation selectors.
constexpr std::array kZero{
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x06D6, 0x06DC}, Range{0x0900, 0x0902}, Range{0x093C, 0x093C},
    Range{0x0941, 0x0948}, Range{0x0E31, 0x0E31}, Range{0x0E34, 0x0E3A}, Range{0x0E47, 0x0E4E},
    Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200D}, Range{0x20D0, 0x20FF},
    Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}, Range{0xFEFF, 0xFEFF}, Range{0xE0100, 0xE01EF}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& table, std::uint32_t code) {
    const auto found =
        std::lower_bound(table.begin(), table.end(), code,
                         [](const Range& range, std::uint32_t c) { return range.last < c; });
    return found != table.end() && code >= found->first;
}

bool is_safe(std::uint32_t code, Lines lines) {
    if (code < 0x20) return lines == Lines::keep && (code == '\n' || code == '\t');
    if (code < 0x7F) return true;
    return code != 0x7F && code <= kLastCodePoint && !is_in(kUnsafe, code);
}

void append_escape(std::string& out, std::uint32_t code) {
    switch (code) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
    }
    if (code < 0x20 || code >= kRawByte) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", code & 0xFF);
    } else {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
    }
}

std::size_t width_of(std::uint32_t code) {
    if (code < 0x300) return 1;
    if (is_in(kZero, code)) return 0;
    return is_in(kWide, code) ? 2 : 1;
}

}  // namespace

void make_safe(std::string& out, std::size_t start, Lines lines) {
    std::size_t at = start;
    std::size_t begin = at;
    while (at < out.size()) {
        begin = at;
        if (!is_safe(next_code_point(out, at), lines)) break;
        begin = at;
    }
    if (begin == out.size()) return;
    const std::string rest = out.substr(begin);
    out.resize(begin);
    for (at = 0; at < rest.size();) {
        begin = at;
        const std::uint32_t code = next_code_point(rest, at);
        if (is_safe(code, lines)) {
            out.append(rest, begin, at - begin);
        } else {
            append_escape(out, code);
        }
    }
}

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();)
        columns += width_of(next_code_point(text, at));
    return columns;
}

std::string_view cut_columns(std::string_view text, std::size_t columns) {
    std::size_t used = 0, at = 0;
    while (at < text.size()) {
        const std::size_t begin = at;
        used += width_of(next_code_point(text, at));
        if (used > columns) return text.substr(0, begin);
    }
    return text;
}

std::size_t append_columns(std::string& out, std::string_view text, std::size_t columns, bool pad) {
    // `fits` is where the text would be cut to leave a column for the dots.
    std::size_t used = 0, fits = 0, used_at_fits = 0, at = 0;
    bool is_cut = false;
    while (at < text.size()) {
        const std::size_t begin = at;
        const std::size_t width = width_of(next_code_point(text, at));
        if (used < columns) {
            fits = begin;
            used_at_fits = used;
        }
        if (used + width > columns) {
            is_cut = true;
            break;
        }
        used += width;
    }
    if (!is_cut) {
        out += text;
    } else {
        out += text.substr(0, fits);
        used = used_at_fits;
        if (columns > 0) {
            out += "…";
            ++used;
        }
    }
    if (pad && used < columns) out.append(columns - used, ' ');
    return used;
}

}  // namespace tools
