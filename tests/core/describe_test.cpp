// Packets in words: nothing secret, nothing that a terminal would obey. The words of each packet are
// checked by the golden vectors.
#include "core/describe.hpp"

#include <doctest/doctest.h>

using namespace mqtt;
using namespace mqtt::core;

TEST_CASE("describe: controls, quotes and broken UTF-8 are escaped, other text is left alone") {
    CHECK(escape_controls("plain /text") == "plain /text");
    CHECK(escape_controls("温度 \xF0\x9D\x84\x9E") == "温度 \xF0\x9D\x84\x9E");
    CHECK(escape_controls(std::string_view("a\0b", 3)) == "a\\x00b");
    CHECK(escape_controls("\x1B[31m\r\n\t\x7F") == "\\x1b[31m\\x0d\\x0a\\x09\\x7f");
    CHECK(escape_controls("\xC2\x9B"
                          "31m") == "\\xc2\\x9b31m");
    CHECK(escape_controls("\xC2\xA0") == "\xC2\xA0");
    CHECK(escape_controls("it's \\") == "it\\'s \\\\");
    CHECK(escape_controls("a\xFF\xE6") == "a\\xff\\xe6");
}

TEST_CASE("describe: payloads, passwords and binary properties stay out") {
    PropertyList properties;
    properties.add(PropertyId::authentication_method, "m");
    properties.add(PropertyId::authentication_data, "SECRET");
    Connect connect;
    connect.properties = properties;
    connect.password = as_bytes("SECRET");
    WillView will;
    will.topic = "w";
    will.payload = as_bytes("SECRET");
    connect.will = will;
    CHECK(describe(connect).find("SECRET") == std::string::npos);
    Publish publish;
    publish.topic = "t";
    publish.payload = as_bytes("SECRET");
    CHECK(describe(publish) == "PUBLISH q0 r0 d0 't' 6 bytes");
    Ack ack;
    ack.id = 3;
    ack.reason = static_cast<ReasonCode>(0x03);
    CHECK(describe(ack) == "PUBACK id 3 unknown");
}

TEST_CASE("describe: every packet type has its name") {
    CHECK(packet_name(PacketType::connect) == "CONNECT");
    CHECK(packet_name(PacketType::pubrel) == "PUBREL");
    CHECK(packet_name(PacketType::auth) == "AUTH");
    CHECK(packet_name(static_cast<PacketType>(0)) == "reserved");
}
