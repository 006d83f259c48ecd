// Regular expressions against what the usual engines say, and in linear time.
#include "common/regex.hpp"

#include <doctest/doctest.h>

#include <regex>
#include <stdexcept>
#include <string>

using tools::Regex;

namespace {

bool search(std::string_view pattern, std::string_view text) {
    return Regex(pattern).search(text);
}

std::string error_of(std::string_view pattern) {
    try {
        const Regex regex(pattern);
        return "none";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("regex: literals, classes, repeats, groups, anchors") {
    struct Row {
        const char *pattern, *text;
        bool found;
    };
    for (const Row& row : {Row{"kitchen", "a/kitchen/b", true},
                           {"^kitchen", "a/kitchen/b", false},
                           {"", "", true},
                           {"^$", "", true},
                           {"^$", "a", false},
                           {"a.c", "xabcx", true},
                           {"a.c", "a\nc", false},
                           {"(?s)a.c", "a\nc", true},
                           {"^b$", "a\nb", false},
                           {"(?m)^b$", "a\nb\nc", true},
                           {"ab*c", "ac", true},
                           {"ab+c", "ac", false},
                           {"^ab?c$", "abc", true},
                           {"^(ab|c)+$", "abcab", true},
                           {"^a{2,3}$", "aaaa", false},
                           {"^a{2,3}$", "aaa", true},
                           {"^a{2}$", "aa", true},
                           {"^a{2,}b$", "aaaaab", true},
                           {"[a-c]x", "bx", true},
                           {"[^a-c]x", "bx", false},
                           {"[]x]y", "]y", true},
                           {"[a-]b", "-b", true},
                           {"[\\d.]+C", "20.5C", true},
                           {"\\bcat\\b", "a cat!", true},
                           {"\\bcat\\b", "concat", false},
                           {"\\Bcat\\b", "concat", true},
                           {"^\\w+\\s\\W\\D$", "ab_1 -x", true},
                           {"(?i)Alarm", "the ALARM", true},
                           {"(?i)[a-c]", "B", true},
                           {"\\x41\\.\\/", "A./", true},
                           {"a|b|", "zzz", true},
                           {"(a*)*b", "aaab", true},
                           {"x*?y", "xxy", true},
                           {"()*", "", true}}) {
        CAPTURE(row.pattern);
        CAPTURE(row.text);
        CHECK(search(row.pattern, row.text) == row.found);
    }
}

TEST_CASE("regex: UTF-8 characters are one, bytes that are none match the dot") {
    CHECK(search("^.$", "é"));
    CHECK(search("^[à-ü]{2}$", "éè"));
    CHECK_FALSE(search("^[^à-ü]$", "é"));
    CHECK(search("^[^a]$", "楼"));
    CHECK(search("^..$", "\xff\xfe"));
    CHECK(search("\\xff", "a\xff"));
    CHECK_FALSE(search("ÿ", "\xff"));
    CHECK(search("a.b", std::string_view("a\0b", 3)));
}

TEST_CASE("regex: bad patterns name the place") {
    CHECK(error_of("a(b") == "regular expression 'a(b': expected ')' at column 4");
    CHECK(error_of("a)").find("')' without '(' at column 2") != std::string::npos);
    CHECK(error_of("*a").find("nothing to repeat") != std::string::npos);
    CHECK(error_of("[a").find("expected ']'") != std::string::npos);
    CHECK(error_of("(a)\\1").find("back references are not supported at column 5") !=
          std::string::npos);
    CHECK(error_of("(?=a)").find("only (?: )") != std::string::npos);
    CHECK(error_of("a{3,2}").find("wrong order") != std::string::npos);
    CHECK(error_of("((a{1000}){1000}){1000}").find("too large") != std::string::npos);
    CHECK(error_of("((){1000}){1000}").find("too large") != std::string::npos);
    CHECK(error_of(std::string(300, '(')).find("too many groups") != std::string::npos);
    CHECK(error_of("a**********").find("too many repeats") != std::string::npos);
    CHECK(error_of(std::string(5'000, 'a')).find("too long") != std::string::npos);
}

TEST_CASE("regex: what makes others take exponential time or memory is harmless") {
    const std::string text(100'000, 'a');
    CHECK_FALSE(search("^(a+)+$", text + 'b'));
    CHECK_FALSE(search("(a|aa)*b", text));
    CHECK_FALSE(search("(x+x+)+y", std::string(100'000, 'x')));
    // More sets of states than are kept: they are forgotten and made again.
    std::string random;
    std::uint32_t seed = 1;
    for (int i = 0; i < 20'000; ++i) {
        seed = seed * 1'664'525 + 1'013'904'223;
        random += (seed >> 24) % 2 == 0 ? 'a' : 'b';
    }
    CHECK_FALSE(search("a[ab]{14}c", random));
}

TEST_CASE("regex: agrees with the standard library's on generated patterns") {
    std::uint32_t seed = 7;
    const auto random = [&seed](std::uint32_t below) {
        seed = seed * 1'664'525 + 1'013'904'223;
        return (seed >> 16) % below;
    };
    const auto pick = [&](std::string_view from) {
        return from[random(static_cast<std::uint32_t>(from.size()))];
    };
    for (int round = 0; round < 500; ++round) {
        std::string pattern;
        for (std::uint32_t i = random(5) + 1; i > 0; --i) {
            const std::uint32_t kind = random(6);
            if (kind == 0) {
                pattern += "(a|bc)";
            } else if (kind == 1) {
                pattern += "[ab]";
            } else if (kind == 2) {
                pattern += "\\b";
                continue;
            } else {
                pattern += pick("abc.");
            }
            if (random(3) == 0) pattern += pick("*+?");
        }
        if (random(4) == 0) pattern = '^' + pattern;
        if (random(4) == 0) pattern += '$';
        CAPTURE(pattern);
        const Regex ours(pattern);
        const std::regex theirs(pattern);
        for (int i = 0; i < 20; ++i) {
            std::string text;
            for (std::uint32_t n = random(8); n > 0; --n)
                text += pick("abc ");
            CAPTURE(text);
            CHECK(ours.search(text) == std::regex_search(text, theirs));
        }
    }
}
