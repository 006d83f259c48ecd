// JSON in and out: always valid, numbers untouched, bytes as base64.
#include "common/json.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace tools;

namespace {

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out;
    append_base64(out, bytes);
    return out;
}

}  // namespace

TEST_CASE("json: strings are escaped wherever the special byte stands") {
    CHECK(quoted("plain") == "\"plain\"");
    CHECK(quoted("a\"b\\c\n\t\r\b\f\x01\x1f") == R"("a\"b\\c\n\t\r\b\f\u0001\u001f")");
    CHECK(quoted("楼/温度") == "\"楼/温度\"");
    for (std::size_t at = 0; at < 20; ++at) {
        std::string text(20, 'x');
        text[at] = '"';
        std::string expected = text;
        expected.insert(at, "\\");
        CHECK(quoted(text) == "\"" + expected + "\"");
        CHECK(json_string(quoted(text)).value() == text);
    }
}

TEST_CASE("json: UTF-8 is checked") {
    for (const char* good :
         {"", "abc", "\xc3\xa4", "\xe6\xa5\xbc", "\xf0\x9f\x98\x80", "12345678\xc3\xa4"}) {
        CHECK(is_valid_utf8(good));
    }
    for (const char* bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                            "1234567\xe6\xa5", "\x80"}) {
        CHECK_FALSE(is_valid_utf8(bad));
    }
}

TEST_CASE("json: base64 round-trips") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    for (const std::string& text :
         {std::string("\0\xff\xfe", 3), std::string("x"), std::string("ab")}) {
        CHECK(decode_base64(base64(text)).value() == text);
    }
    CHECK_FALSE(decode_base64("a").has_value());
    CHECK_FALSE(decode_base64("a*b=").has_value());
}

TEST_CASE("json: values are recognised, and what is none is not") {
    for (const char* good : {"1", "-0.5e+3", " true ", "null", "[]", "{}", "[1, 2]",
                             R"({"a": [{}]})", R"("\u00e4")", "12345678901234567890"}) {
        CAPTURE(good);
        CHECK(is_json(good));
    }
    for (const char* bad : {"", "01", "1.", "+1", "tru", "[1,]", "{\"a\"}", "{a:1}", "\"a",
                            "\"\\x\"", "1 2", "nan", "\"\n\"", "{\"a\":1,}", "\xff"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_json(bad));
    }
    CHECK_FALSE(is_json(std::string(100'000, '[')));
}

TEST_CASE("json: members and elements come as they stand in the text") {
    std::vector<std::string> seen;
    const auto note = [&seen](std::string_view key, std::string_view value) {
        seen.push_back(std::string(key) + "=" + std::string(value));
        return true;
    };
    CHECK(for_each_json_member(R"( {"a\n": 1.0, "b": [1, 2] , "c":"x"} )", note));
    CHECK(seen == std::vector<std::string>{"a\n=1.0", "b=[1, 2]", "c=\"x\""});
    int count = 0;
    const auto tally = [&count](std::string_view) { return ++count > 0; };
    CHECK(for_each_json_element("[1,[2,3],{}]", tally));
    CHECK(count == 3);
    CHECK_FALSE(for_each_json_member("[1]", note));
}

TEST_CASE("json: strings are unescaped, surrogate pairs included") {
    CHECK(json_string(R"("\u00e4\ud83d\ude00\/")").value() == "ä😀/");
    CHECK_FALSE(json_string(R"("\ud83d")").has_value());
    CHECK_FALSE(json_string("1").has_value());
}

TEST_CASE("json: compact and pretty forms keep number and string text") {
    std::string out;
    append_json_compact(out, R"({ "a" : [ 1.0 , 12345678901234567890 ], "b c" : "d \" e" })");
    CHECK(out == R"({"a":[1.0,12345678901234567890],"b c":"d \" e"})");
    std::string pretty;
    append_json_pretty(pretty, R"({"a":1.0,"b":[1,{"c":2}],"d":{}})");
    CHECK(pretty ==
          "{\n\t\"a\":\t1.0,\n\t\"b\":\t[1, {\n\t\t\t\"c\":\t2\n\t\t}],\n\t\"d\":\t{\n\t}\n}");
}
