// The client's role, packet by packet, on fake time.
#include "core/client_protocol.hpp"

#include <doctest/doctest.h>

#include "protocol_fixture.hpp"

using namespace test;

TEST_CASE("client: CONNECT is the first packet [MQTT-3.1.0-1] [MQTT311-3.1.0-1]") {
    Client client;
    client.start();
    CHECK(publish_kept(client.protocol, "t", "p", QoS::at_most_once) == "not connected");
    CHECK(client.protocol.subscribe(FilterListBuilder(true).add("t").view()) == 0);
    CHECK(client.sent() == "CONNECT 5.0 client 'c' clean keep-alive 60");
    client.feed(Connack{});
    CHECK(client.events() == "CONNACK success");
    CHECK(client.protocol.is_connected());
}

TEST_CASE("client: all three QoS are carried through") {
    Client client;
    client.connect();
    CHECK(publish_kept(client.protocol, "t", "0", QoS::at_most_once) == "sent");
    CHECK(publish_kept(client.protocol, "t", "1", QoS::at_least_once, 71) == "sent 1");
    CHECK(publish_kept(client.protocol, "t", "2", QoS::exactly_once, 72) == "sent 2");
    CHECK(client.sent() ==
          "PUBLISH q0 r0 d0 't' 1 bytes = 0 | "
          "PUBLISH q1 r0 d0 id 1 't' 1 bytes = 1 | "
          "PUBLISH q2 r0 d0 id 2 't' 1 bytes = 2");
    client.feed(ack(PacketType::puback, 1));
    client.feed(ack(PacketType::pubrec, 2));
    CHECK(client.sent() == "PUBREL id 2");
    client.feed(ack(PacketType::pubcomp, 2));
    CHECK(client.events() == "delivered 1 token 71 success | delivered 2 token 72 success");
    CHECK(client.session.outgoing.empty());
}
