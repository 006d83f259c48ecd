// The client's role on fake time: sessions that are resumed, lost or forgotten, and DISCONNECT from either side.
#include "core/client_protocol.hpp"

#include <doctest/doctest.h>

#include "protocol_fixture.hpp"

using namespace ::test;

namespace {

Connack session_present(bool present = true) {
    Connack connack;
    connack.session_present = present;
    return connack;
}

FilterListBuilder one_filter(const char* filter) {
    FilterListBuilder builder(true);
    builder.add(filter);
    return builder;
}

}  // namespace

TEST_CASE("client: session present after a clean start is an error [MQTT-3.2.2-4]") {
    Client client;
    client.start();
    take(client.out);
    client.feed(session_present());
    CHECK(client.sent() == "DISCONNECT protocol_error");
    CHECK(client.events() == "error protocol_error");
    CHECK_FALSE(client.protocol.is_connected());
}

TEST_CASE(
    "client: a resumed session goes on where it was "
    "[MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT311-4.4.0-1] [MQTT311-3.1.2-4]") {
    Client client;
    client.connect(connect_packet(ProtocolVersion::v5, false));
    publish_kept(client.protocol, "t", "1", kQos1, 11);
    client.protocol.subscribe(one_filter("lost").view());
    publish_kept(client.protocol, "t", "2", kQos2, 12);
    client.feed(ack(PacketType::pubrec, 3));
    client.feed(incoming("t", "p", kQos2, 9));
    take(client.out);
    client.events();

    client.start(connect_packet(ProtocolVersion::v5, false));
    CHECK(client.sent() == "CONNECT 5.0 client 'c' keep-alive 60");
    client.sink.connack_hook = [&] { publish_kept(client.protocol, "t", "3", kQos1, 13); };
    client.feed(session_present());
    // A request is not part of the session; what is new comes after what is old.
    CHECK(client.sent() ==
          "PUBREL id 3 | PUBLISH q1 r0 d1 id 1 't' 1 bytes = 1 | "
          "PUBLISH q1 r0 d0 id 4 't' 1 bytes = 3");
    client.feed(ack(PacketType::puback, 1));
    client.feed(ack(PacketType::pubcomp, 3));
    Publish again = incoming("t", "p", kQos2, 9);
    again.dup = true;
    client.feed(again);
    CHECK(client.events() ==
          "CONNACK success session present | delivered 1 token 11 success | "
          "delivered 3 token 12 success");
    CHECK(client.sent() == "PUBREC id 9");
}

TEST_CASE(
    "client: told that there is no session, it forgets its own and says what is lost "
    "[MQTT-3.2.2-5]") {
    Client client;
    client.connect(connect_packet(ProtocolVersion::v5, false));
    publish_kept(client.protocol, "t", "1", kQos1);
    client.feed(incoming("t", "p", kQos2, 9));
    take(client.out);
    client.events();
    client.start(connect_packet(ProtocolVersion::v5, false));
    take(client.out);
    client.feed(Connack{});
    CHECK(client.events() == "session lost 1 | CONNACK success");
    CHECK(client.out.empty());
    CHECK(client.session.outgoing.empty());
    CHECK(client.session.inbox.count() == 0);
    client.feed(incoming("t", "new", kQos2, 9));
    CHECK(client.events() == "PUBLISH q2 r0 d0 id 9 't' 3 bytes = new");
}

TEST_CASE("client: a clean start forgets the session at once [MQTT-3.1.2-4] [MQTT311-3.1.2-6]") {
    Client client;
    client.connect(connect_packet(ProtocolVersion::v5, false));
    publish_kept(client.protocol, "t", "1", kQos1);
    client.start();
    CHECK(client.session.outgoing.empty());
    take(client.out);
    client.feed(Connack{});
    CHECK(client.events() == "CONNACK success");
}

TEST_CASE("client: 3.1 cannot be told of a session and resends without clean session [MQTT31-6]") {
    Client client;
    const Connect connect = connect_packet(ProtocolVersion::v3_1, false);
    client.connect(connect);
    publish_kept(client.protocol, "t", "1", kQos1);
    client.start(connect);
    take(client.out);
    client.feed(raw({0x20, 2, 0, 0}));
    CHECK(client.sent() == "PUBLISH q1 r0 d1 id 1 't' 1 bytes = 1");
}

TEST_CASE(
    "client: the server's DISCONNECT ends it all; in 3.x there is none "
    "[MQTT-4.13.2-1] [MQTT-3.14.2-1] [MQTT-3.14.2-2]") {
    Client client;
    client.connect();
    client.feed(to_bytes(ProtocolVersion::v5, Disconnect{ReasonCode::server_moved, {}}) +
                raw({0xD0, 0}));
    CHECK(client.events() == "DISCONNECT server_moved");
    CHECK(client.protocol.is_closing());
    CHECK(client.out.empty());

    Client old;
    old.connect(connect_packet(ProtocolVersion::v3_1_1));
    old.feed(raw({0xE0, 0}));
    CHECK(old.events() == "error protocol_error");
    CHECK(old.out.empty());

    Client third;
    third.connect();
    third.feed(Disconnect{ReasonCode::disconnect_with_will_message, {}});
    CHECK(third.sent() == "DISCONNECT protocol_error");

    Client fourth;
    fourth.connect();
    const PropertyList expiry = list(PropertyId::session_expiry_interval, 1);
    fourth.feed(Disconnect{ReasonCode::server_busy, expiry});
    CHECK(fourth.sent() == "DISCONNECT protocol_error");
}

TEST_CASE(
    "client: nothing is sent after DISCONNECT, nor read "
    "[MQTT-3.14.4-1] [MQTT311-3.14.4-2]") {
    Client client;
    client.connect();
    client.protocol.disconnect(ReasonCode::success);
    client.protocol.disconnect(ReasonCode::success);
    client.feed(incoming("t", "p", kQos1, 1));
    CHECK(publish_kept(client.protocol, "t", "p", QoS::at_most_once) == "not connected");
    CHECK(client.protocol.subscribe(one_filter("t").view()) == 0);
    client.protocol.on_time(kStart + 1h, client.sink);
    CHECK(take(client.out) == raw({0xE0, 0}));
    CHECK(client.events() == "");
}

TEST_CASE(
    "client: in 3.x DISCONNECT means that the will is not wanted, and nothing else "
    "[MQTT311-3.14.4-3]") {
    Client client;
    client.connect(connect_packet(ProtocolVersion::v3_1_1));
    SUBCASE("normal") {
        client.protocol.disconnect(ReasonCode::success);
        CHECK(take(client.out) == raw({0xE0, 0}));
    }
    SUBCASE("with will") {
        client.protocol.disconnect(ReasonCode::disconnect_with_will_message);
        CHECK(client.out.empty());
    }
    CHECK(client.protocol.is_closing());
}
