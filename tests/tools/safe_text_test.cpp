// Nothing of a message can control a terminal; columns are counted as terminals count them.
#include "common/safe_text.hpp"

#include <doctest/doctest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>

#include "common/json.hpp"
#include "common/message_output.hpp"
#include "common/terminal.hpp"

using namespace tools;

namespace {

std::string safe(std::string text, Lines lines = Lines::keep) {
    make_safe(text, 0, lines);
    return text;
}

std::string fitted(std::string_view text, std::size_t columns, bool pad = true) {
    std::string out;
    append_columns(out, text, columns, pad);
    return out;
}

std::string printed(const MessageStyle& style, std::string_view topic, std::string_view payload) {
    MessagePrinter printer(style);
    std::string out;
    printer.append(out, {.topic = topic, .payload = mqtt::as_bytes(payload)});
    return out;
}

}  // namespace

TEST_CASE("safe text: control characters, C1, direction and stray bytes are shown, not obeyed") {
    CHECK(safe("plain ü 楼 \\ text") == "plain ü 楼 \\ text");
    CHECK(safe("a\nb\tc\rd") == "a\nb\tc\\rd");
    CHECK(safe("a\nb\tc", Lines::escape) == "a\\nb\\tc");
    CHECK(safe("\x1b[2J\x07") == "\\x1b[2J\\x07");
    CHECK(safe(std::string("\0", 1)) == "\\x00");
    CHECK(safe("\x7f") == "\\u007f");
    CHECK(safe("\xc2\x9b") == "\\u009b");           // CSI as one character
    CHECK(safe("\xe0\x80\x9b") != "\xe0\x80\x9b");  // the same, too long
    CHECK(safe("\xff\xc2") == "\\xff\\xc2");
    CHECK(safe("\xe2\x80\xae"
               "abc") == "\\u202eabc");  // right to left
    std::string tail = "\x1b[0m";
    tail += "\x1b";
    make_safe(tail, 4, Lines::keep);
    CHECK(tail == "\x1b[0m\\x1b");
}

TEST_CASE("safe text: no byte string leaves anything that a terminal obeys") {
    std::uint32_t seed = 3;
    for (int round = 0; round < 2'000; ++round) {
        std::string text;
        for (int i = 0; i < 12; ++i) {
            seed = seed * 1'664'525 + 1'013'904'223;
            text += static_cast<char>(seed >> 24);
        }
        const std::string shown = safe(text, Lines::escape);
        REQUIRE(is_valid_utf8(shown));
        for (std::size_t i = 0; i < shown.size(); ++i) {
            const auto byte = static_cast<std::uint8_t>(shown[i]);
            REQUIRE(byte >= 0x20);
            REQUIRE(byte != 0x7F);
            if (byte == 0xC2) REQUIRE(static_cast<std::uint8_t>(shown[i + 1]) >= 0xA0);
        }
    }
}

TEST_CASE("safe text: wide characters take two columns, marks none; what is cut ends in dots") {
    CHECK(columns_of("abc") == 3);
    CHECK(columns_of("楼温") == 4);
    CHECK(columns_of("e\xcc\x81") == 1);
    CHECK(columns_of("😀") == 2);
    CHECK(fitted("abc", 5) == "abc  ");
    CHECK(fitted("abcde", 5) == "abcde");
    CHECK(fitted("abcdef", 5) == "abcd…");
    CHECK(fitted("楼温度", 5) == "楼温…");
    CHECK(fitted("楼温度", 4) == "楼… ");
    CHECK(fitted("楼温", 4) == "楼温");
    CHECK(fitted("a", 0).empty());
    CHECK(fitted("abc", 1) == "…");
}

TEST_CASE("output: on a terminal topics are coloured and payloads safe, in every form") {
    const std::string_view evil = "\x1b]0;title\x07\xff";
    CHECK(printed({.verbose = true}, "a/b", evil) == "a/b " + std::string(evil) + "\n");
    CHECK(printed({.verbose = true, .safe = true, .color = true}, "a\x1b", evil) ==
          "\x1b[36ma\\x1b\x1b[0m \\x1b]0;title\\x07\\xff\n");
    CHECK(printed({.format = "\\e[1m%t\\e[0m %p %x", .safe = true}, "a\x1b", "\x1b") ==
          "\x1b[1ma\\x1b\x1b[0m \\x1b 1b\n");
    const std::string json = printed({.json = true, .safe = true}, "a", "\xc2\x9b\x7f");
    CHECK(json.find("\"payload\":\"\\u009b\\u007f\"") != std::string::npos);
    CHECK(is_json(json));
}

TEST_CASE("--color and NO_COLOR: what decides about colours, on a terminal and elsewhere") {
    int terminal = -1;
    int other_end = -1;
    REQUIRE(::openpty(&other_end, &terminal, nullptr, nullptr, nullptr) == 0);
    const auto automatic = [&](const char* no_color, const char* term) {
        no_color == nullptr ? ::unsetenv("NO_COLOR") : ::setenv("NO_COLOR", no_color, 1);
        term == nullptr ? ::unsetenv("TERM") : ::setenv("TERM", term, 1);
        return style_for({}, Persona::ours, terminal, ColorWish::automatic).color;
    };
    CHECK(automatic(nullptr, "xterm"));
    CHECK(automatic("", "xterm"));  // no-color.org: set and not empty
    CHECK_FALSE(automatic("1", "xterm"));
    CHECK_FALSE(automatic(nullptr, "dumb"));
    CHECK_FALSE(automatic(nullptr, nullptr));
    ::setenv("NO_COLOR", "1", 1);  // --color says otherwise
    CHECK(style_for({}, Persona::ours, terminal, parse_color_wish("--color", "always")).color);
    ::unsetenv("NO_COLOR");
    CHECK_FALSE(style_for({}, Persona::ours, terminal, parse_color_wish("--color", "never")).color);
    // Payloads are harmless on a terminal whatever the colours.
    CHECK(style_for({}, Persona::ours, terminal, ColorWish::never).safe);
    CHECK_THROWS_AS(parse_color_wish("--color", "sometimes"), UsageError);
    ::close(terminal);
    ::close(other_end);
}

TEST_CASE("output: pipes and mosquitto's names get exact bytes") {
    const MessageStyle pipe =
        style_for({}, Persona::ours, -1, ColorWish::automatic);  // no terminal behind -1
    CHECK_FALSE(pipe.safe);
    CHECK_FALSE(pipe.color);
    const MessageStyle always = style_for({}, Persona::ours, -1, ColorWish::always);
    CHECK(always.safe);
    CHECK(always.color);
    CHECK_FALSE(style_for({}, Persona::mosquitto_sub, -1, ColorWish::always).safe);
}
