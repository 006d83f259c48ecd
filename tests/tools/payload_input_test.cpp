// Binary payloads from text: hexadecimal, dumps, pack strings; and that they undo payload_text.
#include "common/payload_input.hpp"

#include <doctest/doctest.h>

#include "common/flags.hpp"
#include "common/payload_text.hpp"

using namespace tools;
using namespace std::string_literals;

namespace {

// The bytes, or "! " and the complaint; what was there before stays.
std::string from_hex(std::string_view text) {
    std::string out = "+";
    const std::string complaint = append_from_hex(out, text);
    if (complaint.empty()) return out.substr(1);
    CHECK(out == "+");
    return "! " + complaint;
}

std::string packed(std::string_view format, std::string_view text) {
    std::string out = "+";
    const std::string complaint = Pack(format).append(out, text);
    if (complaint.empty()) return out.substr(1);
    CHECK(out == "+");
    return "! " + complaint;
}

}  // namespace

TEST_CASE("payload: hexadecimal digits with blanks, colons or nothing between them") {
    CHECK(from_hex("") == "");
    CHECK(from_hex("01 02 ff") == "\x01\x02\xff");
    CHECK(from_hex("0102FF") == "\x01\x02\xff");
    CHECK(from_hex("01:02:ff\n00 ") == "\x01\x02\xff\x00"s);
    CHECK(from_hex("0g") == "! the hexadecimal digit '0' has no second one");
    CHECK(from_hex("0 1") == "! the hexadecimal digit '0' has no second one");
    CHECK(from_hex("012") == "! the hexadecimal digit '2' has no second one");
    CHECK(from_hex("01 xyz") == "! 'x' is no hexadecimal digit");
}

TEST_CASE("payload: dumps are read back, ours and those of hexdump and xxd") {
    std::string every;
    for (int i = 0; i < 300; ++i)
        every += static_cast<char>(i);
    for (const std::size_t size : {0U, 1U, 8U, 15U, 16U, 17U, 300U}) {
        std::string dump;
        append_hex_dump(dump, every.substr(0, size));
        CHECK(from_hex(dump) == every.substr(0, size));
    }
    CHECK(
        from_hex("00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
                 "00000010  30                                                |0|\n"
                 "00000011\n") == "0123456789abcdef0");
    CHECK(from_hex("00000000: 3031 3233 3435 3637 3839 6162 6364 6566  0123456789abcdef\n"
                   "00000010: 30                                       0\n") ==
          "0123456789abcdef0");
    CHECK(from_hex("*") == "! '*' is no hexadecimal digit");
    // Eight digits that are no offset are bytes.
    CHECK(from_hex("30313233") == "0123");
    CHECK(from_hex("00000001  30") == "\0\0\0\x01\x30"s);
}

TEST_CASE("payload: values by a pack string become bytes") {
    CHECK(packed("b", "-1") == "\xff");
    CHECK(packed("H", "513") == "\x02\x01");
    CHECK(packed("<H", "513") == "\x01\x02");
    CHECK(packed("<hHf", "-5 0x1fF 1.5") == "\xfb\xff\xff\x01\x00\x00\xc0\x3f"s);
    CHECK(packed(">d", "-2.5e0") == "\xc0\x04\0\0\0\0\0\0"s);
    CHECK(packed("Q", "18446744073709551615") == std::string(8, '\xff'));
    CHECK(packed("2Bxcs", "1 2 A some  text ") == "\x01\x02\0Asome  text "s);
    CHECK(packed("s", " as it is") == " as it is");
    CHECK(packed("B$", "7") == "\x07");
}

TEST_CASE("payload: values that do not fit a pack string are told of") {
    CHECK(packed("B", "256") == "! '256' is no value for 'B' of the pack string");
    CHECK(packed("b", "-129") == "! '-129' is no value for 'b' of the pack string");
    CHECK(packed("H", "-1") == "! '-1' is no value for 'H' of the pack string");
    CHECK(packed("f", "much") == "! 'much' is no value for 'f' of the pack string");
    CHECK(packed("c", "ab") == "! 'ab' is no value for 'c' of the pack string");
    CHECK(packed("2B", "1") == "! there are fewer values than the pack string has fields");
    CHECK(packed("B", "1 2") == "! '2' is more than the pack string has fields for");
    CHECK_THROWS_AS(Pack("z"), UsageError);
}

TEST_CASE("payload: what --unpack prints, --pack reads") {
    const std::string bytes = "\x80\xfe\x7f\xff\xff\xff\xff\x3f\x80\x00\x00 the rest"s;
    for (const std::string_view format : {"bBHhBfs", "<bBHhBfs"}) {
        std::string text;
        REQUIRE(Unpack(format).append(text, bytes).empty());
        CHECK(packed(format, text) == bytes);
    }
}
