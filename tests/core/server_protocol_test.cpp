// The server's role, packet by packet, on fake time.
#include "core/server_protocol.hpp"

#include <doctest/doctest.h>

#include "protocol_fixture.hpp"

using namespace test;

TEST_CASE("server: CONNECT is answered with CONNACK 0 [MQTT-3.1.4-5] [MQTT311-3.1.4-4]") {
    for (const auto version :
         {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        Server server;
        Connect connect = connect_packet(version);
        connect.client_id = "c";
        server.feed(version, connect);
        CHECK(server.sent() == "CONNACK success");
        CHECK(server.protocol.is_connected());
    }
}

TEST_CASE("server: PINGREQ is answered with PINGRESP [MQTT-3.12.4-1] [MQTT311-3.12.4-1]") {
    Server server;
    server.connect();
    ByteVector pings;
    for (int i = 0; i < 1000; ++i)
        pings = pings + raw({0xC0, 0});
    server.feed(pings);
    CHECK(take(server.out).size() == 2000);
}

TEST_CASE("server: the answer to PUBLISH follows its QoS [MQTT-3.3.4-1] [MQTT311-3.3.4-1]") {
    Server server;
    server.connect();
    server.feed(incoming("t", "zero"));
    CHECK(server.sent() == "");
    server.feed(incoming("t", "one", QoS::at_least_once, 7));
    CHECK(server.sent() == "PUBACK id 7");
    server.feed(incoming("t", "two", QoS::exactly_once, 8));
    CHECK(server.sent() == "PUBREC id 8");
    server.feed(ack(PacketType::pubrel, 8));
    CHECK(server.sent() == "PUBCOMP id 8");
    CHECK(server.events() ==
          "PUBLISH q0 r0 d0 't' 4 bytes = zero | "
          "PUBLISH q1 r0 d0 id 7 't' 3 bytes = one | "
          "PUBLISH q2 r0 d0 id 8 't' 3 bytes = two");
}
