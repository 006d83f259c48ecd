// Payloads as text: hex dumps and pack strings.
#include "common/payload_text.hpp"

#include <doctest/doctest.h>

#include "common/flags.hpp"
#include "common/message_output.hpp"

using namespace tools;

namespace {

std::string unpacked(std::string_view format, std::string_view payload) {
    std::string out = "[";
    const std::string_view complaint = Unpack(format).append(out, payload);
    if (!complaint.empty()) {
        CHECK(out == "[");
        return std::string(complaint);
    }
    return out.substr(1);
}

std::string dump(std::string_view bytes) {
    std::string out;
    append_hex_dump(out, bytes);
    return out;
}

}  // namespace

TEST_CASE("payload: a hex dump has offsets, bytes and printable text") {
    CHECK(dump("") == "");
    CHECK(dump("hi\n") == "00000000  68 69 0a                                          |hi.|");
    CHECK(dump("0123456789abcdef\xFF") ==
          "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
          "00000010  ff                                                |.|");
}

TEST_CASE("payload: pack strings read integers of either order, floats, text") {
    CHECK(unpacked("b", "\xFF") == "-1");
    CHECK(unpacked("B", "\xFF") == "255");
    CHECK(unpacked("h", "\xFF\xFE") == "-2");
    CHECK(unpacked("<h", "\xFE\xFF") == "-2");
    CHECK(unpacked("<H>H", std::string_view("\x01\x00\x00\x01", 4)) == "1 1");
    CHECK(unpacked("i", "\xFF\xFF\xFF\xFF") == "-1");
    CHECK(unpacked("I", "\xFF\xFF\xFF\xFF") == "4294967295");
    CHECK(unpacked("q", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF") == "-1");
    CHECK(unpacked("Q", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF") == "18446744073709551615");
    CHECK(unpacked("<f", std::string_view("\x00\x00\xC0\x3F", 4)) == "1.5");
    CHECK(unpacked("d", std::string_view("\xBF\xE0\0\0\0\0\0\0", 8)) == "-0.5");
    CHECK(unpacked("cc s", "abcd e") == "a b cd e");
    CHECK(unpacked("2Bx2c$", "\x01\x02\x03yz") == "1 2 y z");
    CHECK(unpacked("Bs", "\x07") == "7 ");
}

TEST_CASE("payload: a payload of another shape is told of, a bad pack string is refused") {
    CHECK(unpacked("H", "x").find("shorter") != std::string::npos);
    CHECK(unpacked("B$", "xy").find("longer") != std::string::npos);
    for (const char* bad : {"", "<", "z", "3", "99999999999999999999b", "B?"})
        CHECK_THROWS_AS(Unpack{bad}, UsageError);
}

TEST_CASE("payload: printed as dump or numbers, with the topic, whatever shape it has") {
    const auto printed = [](MessageStyle style, std::string_view payload) {
        mqtt::Publish message;
        message.topic = "a/b";
        message.payload = mqtt::as_bytes(payload);
        std::string out;
        MessagePrinter(style).append(out, message);
        return out;
    };
    MessageStyle style;
    style.unpack = ">H";
    CHECK(printed(style, std::string_view("\x01\x02", 2)) == "258\n");
    style.verbose = true;
    CHECK(printed(style, std::string_view("\x01\x02", 2)) == "a/b 258\n");
    CHECK(printed(style, "x") == "a/b\n" + dump("x") + "\n");
    style.unpack.reset();
    style.hex_dump = true;
    CHECK(printed(style, "x") == "a/b\n" + dump("x") + "\n");
    CHECK(printed(style, "") == "a/b\n");
    style.verbose = style.newline = false;
    CHECK(printed(style, "x") == dump("x"));
}
