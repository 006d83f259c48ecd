// A compiled regular expression: the states of a non-deterministic automaton over code points.
// Made by regex_parse.cpp, run by regex.cpp; nobody else includes it.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tools {

// Bytes that are no UTF-8 are code points of their own, behind the last real one.
inline constexpr std::uint32_t kLastCodePoint = 0x10FFFF;
inline constexpr std::uint32_t kRawByte = 0x110000;

struct CharSet {
    std::bitset<128> ascii;
    struct Range {
        std::uint32_t first = 0, last = 0;
    };
    std::vector<Range> ranges;  // beyond ASCII
    bool negated = false;       // beyond ASCII: everything but the ranges (ascii is as it says)

    bool contains(std::uint32_t code) const;
};

struct RegexState {
    enum class Kind : std::uint8_t {
        chars,       // a code point of set `set`, then `next`
        split,       // `next` or `other`
        text_start,  // ^
        text_end,    // $
        line_start,  // ^ with (?m)
        line_end,    // $ with (?m)
        word_edge,   // \b
        word_inner,  // \B
        match,
    };
    Kind kind = Kind::match;
    std::uint32_t next = 0;
    std::uint32_t other = 0;
    std::uint32_t set = 0;
};

struct RegexProgram {
    std::vector<RegexState> states;
    std::vector<CharSet> sets;
    std::uint32_t start = 0;
};

// Throws std::invalid_argument.
RegexProgram compile_regex(std::string_view pattern);

// Reads one code point at `at` and moves past it.
std::uint32_t next_code_point(std::string_view text, std::size_t& at);

}  // namespace tools
