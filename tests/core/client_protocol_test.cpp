// The client's role, packet by packet, on fake time: CONNACK, requests, PINGREQ, errors. PUBLISH and
// its acknowledgements, which both roles share, are in exchange_test.cpp.
#include "core/client_protocol.hpp"

#include <doctest/doctest.h>

#include "protocol_fixture.hpp"

using namespace ::test;

namespace {

FilterListBuilder filters(std::initializer_list<const char*> names, bool with_options = true) {
    FilterListBuilder builder(with_options);
    for (const char* name : names)
        builder.add(name);
    return builder;
}

}  // namespace

TEST_CASE(
    "client: CONNECT is the first packet and nothing follows before CONNACK "
    "[MQTT-3.1.0-1] [MQTT311-3.1.0-1] [MQTT-3.1.2-30]") {
    Client client;
    client.start();
    CHECK(publish_kept(client.protocol, "t", "p", QoS::at_most_once) == "not connected");
    CHECK(client.protocol.subscribe(filters({"t"}).view()) == 0);
    CHECK(client.protocol.on_time(kStart + 24h, client.sink) == TimePoint::max());
    CHECK(client.sent() == "CONNECT 5.0 client 'c' clean keep-alive 60");
    client.feed(Connack{});
    CHECK(client.events() == "CONNACK success");
    CHECK(client.protocol.is_connected());
}

TEST_CASE(
    "client: all three QoS are carried through "
    "[MQTT-4.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT-4.3.3-4]") {
    Client client;
    client.connect();
    CHECK(publish_kept(client.protocol, "t", "0", QoS::at_most_once) == "sent");
    CHECK(publish_kept(client.protocol, "t", "1", kQos1, 71) == "sent 1");
    CHECK(publish_kept(client.protocol, "t", "2", kQos2, 72) == "sent 2");
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

TEST_CASE("client: every PUBLISH is acknowledged by its QoS [MQTT-4.5.0-2] [MQTT311-4.5.0-2]") {
    Client client;
    client.connect();
    client.feed(incoming("t", "0"));
    client.feed(incoming("t", "1", kQos1, 4));
    client.feed(incoming("t", "2", kQos2, 5));
    client.feed(ack(PacketType::pubrel, 5));
    CHECK(client.sent() == "PUBACK id 4 | PUBREC id 5 | PUBCOMP id 5");
}

TEST_CASE(
    "client: requests have ids of their own, apart from those of PUBLISH, and need no quota "
    "[MQTT-2.2.1-3] [MQTT311-2.3.1-2] [MQTT-3.3.4-8] [MQTT-4.9.0-3]") {
    Client client;
    Connack connack;
    const PropertyList one = list(PropertyId::receive_maximum, 1);
    connack.properties = one;
    client.connect({}, connack);
    CHECK(publish_kept(client.protocol, "t", "p", kQos1) == "sent 1");
    CHECK(publish_kept(client.protocol, "t", "p", kQos1) == "no quota");
    CHECK(client.protocol.subscribe(filters({"a", "b"}).view()) == 2);
    CHECK(client.protocol.unsubscribe(filters({"a"}, false).view()) == 3);
    take(client.out);
    client.feed(Suback{2, {}, as_bytes({"\x01\x80", 2})});
    client.feed(Unsuback{3, {}, as_bytes("\x11")});
    CHECK(client.events() ==
          "SUBACK id 2 granted_qos_1 unspecified_error | "
          "UNSUBACK id 3 no_subscription_existed");
    CHECK(client.session.outgoing.count() == 1);
}

TEST_CASE("client: an answer that does not fit its request is a protocol error [MQTT-3.8.4-6]") {
    const auto answer = [](const Packet& packet) {
        Client client;
        client.connect();
        client.protocol.subscribe(filters({"a", "b"}).view());
        take(client.out);
        client.feed(packet);
        return client.sent() + " / " + client.events();
    };
    const std::string error = "DISCONNECT protocol_error / error protocol_error";
    CHECK(answer(Suback{1, {}, as_bytes("\x01")}) == error);
    CHECK(answer(Unsuback{1, {}, as_bytes("\x11\x11")}) == error);
    CHECK(answer(ack(PacketType::puback, 1)) == error);
    CHECK(answer(Suback{2, {}, as_bytes("\x01")}) == " / ");  // of nothing that we asked
}

TEST_CASE("client: a server of 3.1 that refuses a filter with the code of 3.1.1 is understood") {
    Client client;
    client.connect(connect_packet(ProtocolVersion::v3_1));
    CHECK(client.protocol.subscribe(filters({"a", "b"}).view()) == 1);
    take(client.out);
    client.feed(raw({0x90, 4, 0, 1, 0x80, 1}));
    CHECK(client.events() == "SUBACK id 1 unspecified_error granted_qos_1");
    CHECK(client.protocol.subscribe(filters({"a"}).view()) == 2);
    client.feed(raw({0x90, 3, 0, 2, 3}));
    CHECK(client.events() == "error protocol_error");
}

TEST_CASE("client: in 3.x UNSUBACK has no codes") {
    Client client;
    client.connect(connect_packet(ProtocolVersion::v3_1_1));
    CHECK(client.protocol.unsubscribe(filters({"a", "b"}, false).view()) == 1);
    take(client.out);
    client.feed(raw({0xB0, 2, 0, 1}));
    CHECK(client.events() == "UNSUBACK id 1");
}

TEST_CASE(
    "client: PINGREQ keeps the gap within the keep-alive "
    "[MQTT-3.1.2-20] [MQTT311-3.1.2-23]") {
    for (const std::uint16_t keep_alive : std::initializer_list<std::uint16_t>{1, 2, 10, 65535}) {
        Client client;
        Connect connect;
        connect.keep_alive = keep_alive;
        client.connect(connect);
        const TimePoint due = client.protocol.on_time(kStart, client.sink);
        CHECK(client.out.empty());
        // Room for a timer that is late by a tick of 100 ms.
        CHECK(due + 100ms < kStart + std::chrono::seconds(keep_alive));
        CHECK(due > kStart + std::chrono::milliseconds(500) * keep_alive);
        CHECK(client.protocol.on_time(due - 1ms, client.sink) == due);
        CHECK(client.out.empty());
        CHECK(client.protocol.on_time(due, client.sink) == due + 10s);
        CHECK(client.sent() == "PINGREQ");
        client.now = due + 1s;
        client.feed(Pingresp{});
        client.protocol.on_time(client.now, client.sink);
        CHECK_FALSE(client.protocol.is_closing());
    }
}

TEST_CASE(
    "client: PINGREQ comes also while only receiving, and while only sending "
    "[MQTT-3.1.2-20] [MQTT311-3.1.2-23]") {
    for (const bool receiving : {true, false}) {
        Client client;
        Connect connect;
        connect.keep_alive = 2;
        client.connect(connect);
        TimePoint due = TimePoint::max();
        for (auto passed = 0ms; passed < 2s; passed += 100ms) {
            client.now = kStart + passed;
            if (receiving) {
                client.feed(incoming("t", "p"));
            } else {
                client.protocol.on_sent(client.now);
            }
            due = client.protocol.on_time(client.now, client.sink);
            if (!client.out.empty()) break;
        }
        CHECK(client.sent() == "PINGREQ");
        CHECK(client.now <= kStart + 1800ms);
        CHECK(due == client.now + 10s);
    }
}

TEST_CASE("client: without an answer to PINGREQ the connection is lost after the ping timeout") {
    Client client;
    Connect connect;
    connect.keep_alive = 10;
    client.connect(connect);
    client.protocol.on_time(kStart + 9s, client.sink);
    CHECK(client.sent() == "PINGREQ");
    SUBCASE("silence") {
        CHECK(client.protocol.on_time(kStart + 19s - 1ms, client.sink) == kStart + 19s);
        CHECK(client.protocol.on_time(kStart + 19s, client.sink) == TimePoint::max());
        CHECK(client.events() == "error keep_alive_timeout");
        CHECK(client.out.empty());
        CHECK(client.protocol.is_closing());
    }
    SUBCASE("something else still arrives before it") {
        client.now = kStart + 15s;
        client.feed(incoming("t", "p"));
        client.protocol.on_received(kStart + 17s);  // a part of something large
        CHECK(client.protocol.on_time(kStart + 19s, client.sink) == kStart + 27s);
        CHECK_FALSE(client.protocol.is_closing());
    }
}

TEST_CASE("client: keep-alive 0 sends no PINGREQ") {
    Client client;
    Connect connect;
    connect.keep_alive = 0;
    client.connect(connect);
    CHECK(client.protocol.on_time(kStart + 24h * 400, client.sink) == TimePoint::max());
    CHECK(client.out.empty());
}

TEST_CASE(
    "client: Server Keep Alive replaces our own "
    "[MQTT-3.1.2-21] [MQTT-3.2.2-21] [MQTT-3.2.2-22]") {
    Client client;
    Connack connack;
    const PropertyList one = list(PropertyId::server_keep_alive, 1);
    connack.properties = one;
    client.connect({}, connack);
    CHECK(client.protocol.keep_alive() == 1);
    CHECK(client.protocol.on_time(kStart, client.sink) <= kStart + 900ms);
    Client other;
    other.connect();
    CHECK(other.protocol.keep_alive() == 60);
}

TEST_CASE(
    "client: what the server does not take is not sent "
    "[MQTT-3.2.2-11] [MQTT-3.2.2-14] [MQTT-3.2.2-15]") {
    Client client;
    Connack connack;
    PropertyList limits;
    limits.add(PropertyId::maximum_qos, 1u)
        .add(PropertyId::retain_available, 0u)
        .add(PropertyId::maximum_packet_size, 20)
        .add(PropertyId::wildcard_subscription_available, 0u)
        .add(PropertyId::subscription_identifier_available, 0u)
        .add(PropertyId::shared_subscription_available, 0u);
    connack.properties = limits;
    client.connect({}, connack);
    CHECK(publish_kept(client.protocol, "t", "p", kQos2) == "not supported");
    OutgoingPublish retained = outgoing("t", "p", QoS::at_most_once);
    retained.retain = true;
    CHECK(client.protocol.publish(retained, {}, 0).status == SendStatus::not_supported);
    CHECK(publish_kept(client.protocol, "t", std::string(20, 'p'), kQos1) == "too large");
    CHECK(client.protocol.subscribe(filters({"0123456789", "0123456789"}).view()) == 0);
    CHECK(client.out.empty());
    CHECK(client.session.outgoing.empty());
    CHECK(client.protocol.subscribe(filters({"0123"}).view()) == 2);
    CHECK_FALSE(client.protocol.peer_limits().wildcard_subscription_available);
    CHECK_FALSE(client.protocol.peer_limits().subscription_identifiers_available);
    CHECK_FALSE(client.protocol.peer_limits().shared_subscription_available);
}

TEST_CASE("client: a refusal is told and ends the connection [MQTT-4.13.2-1]") {
    Client client;
    client.start();
    take(client.out);
    client.feed(to_bytes(ProtocolVersion::v5, Connack{false, ReasonCode::banned, {}}) +
                raw({0xD0, 0}));
    CHECK(client.events() == "CONNACK banned");
    CHECK(client.protocol.is_closing());
    CHECK_FALSE(client.protocol.is_connected());
    CHECK(client.out.empty());
    Client old;
    old.start(connect_packet(ProtocolVersion::v3_1_1));
    old.feed(raw({0x20, 2, 0, 4}));
    CHECK(old.events() == "CONNACK bad_user_name_or_password");
}

TEST_CASE(
    "client: a peer that does not speak MQTT is found out at its first byte "
    "[MQTT-3.2.0-1] [MQTT311-3.2.0-1]") {
    for (const int first : {int('H'), 0x15, 0x30, 0xE0, 0x21}) {
        Client client;
        client.start();
        take(client.out);
        client.feed(raw({first}));
        CHECK(client.events() == "error not_mqtt");
        CHECK(client.out.empty());
    }
}

TEST_CASE("client: packets that only a client sends are a protocol error [MQTT311-4.8.0-1]") {
    const FilterListBuilder subscribed = filters({"t"});
    const FilterListBuilder unsubscribed = filters({"t"}, false);
    const Packet packets[] = {connect_packet(ProtocolVersion::v5), Connack{}, Pingreq{},
                              Subscribe{1, {}, subscribed.view()},
                              Unsubscribe{1, {}, unsubscribed.view()}};
    for (const Packet& packet : packets) {
        Client client;
        client.connect();
        client.feed(packet);
        CHECK(client.sent() == "DISCONNECT protocol_error");
        CHECK(client.events() == "error protocol_error");
    }
}

TEST_CASE(
    "client: sizes and Receive Maximum that it announced are enforced "
    "[MQTT-3.3.4-9] [MQTT-3.1.2-24]") {
    PropertyList own;
    own.add(PropertyId::receive_maximum, 1).add(PropertyId::maximum_packet_size, 40);
    Connect connect;
    connect.properties = own;
    Client client;
    client.connect(connect);
    client.feed(incoming("t", "p", kQos2, 1));
    take(client.out);
    SUBCASE("one message too many") {
        client.feed(incoming("t", "p", kQos2, 2));
        CHECK(client.sent() == "DISCONNECT receive_maximum_exceeded");
    }
    SUBCASE("one byte too many") {
        client.feed(raw({0x30, 39}));
        CHECK(client.sent() == "DISCONNECT packet_too_large");
    }
}

TEST_CASE("client: a limit of our own holds in 3.x too, and below what is announced") {
    const PropertyList larger = list(PropertyId::maximum_packet_size, 1000);
    for (const auto version : {ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        Client client;
        client.protocol.limit_incoming_packet_size(100);
        Connect connect = connect_packet(version);
        if (version == ProtocolVersion::v5) connect.properties = larger;
        client.connect(connect);
        client.feed(raw({0x30, 0x63}));
        CHECK(client.events() == "error packet_too_large");
    }
}

TEST_CASE("client: takes every alias up to the maximum that it announced [MQTT-3.3.2-10]") {
    const PropertyList own = list(PropertyId::topic_alias_maximum, 2);
    Connect connect;
    connect.properties = own;
    Client client;
    client.connect(connect);
    const auto feed_alias = [&](std::string_view topic, std::uint32_t alias) {
        const PropertyList properties = list(PropertyId::topic_alias, alias);
        Publish publish = incoming(topic, "p");
        publish.properties = properties;
        client.feed(publish);
    };
    feed_alias("topic", 2);
    feed_alias("", 2);
    CHECK(client.events() ==
          "PUBLISH q0 r0 d0 'topic' 1 bytes topic-alias 2 = p | "
          "PUBLISH q0 r0 d0 'topic' 1 bytes topic-alias 2 = p");
    feed_alias("topic", 3);
    CHECK(client.sent() == "DISCONNECT topic_alias_invalid");
}

TEST_CASE(
    "client: AUTH needs a method in CONNECT "
    "[MQTT-4.12.0-7] [MQTT-4.12.0-3] [MQTT-4.12.1-1]") {
    PropertyList method;
    method.add(PropertyId::authentication_method, "SCRAM");
    Client client;
    Connect connect;
    SUBCASE("with a method") {
        connect.properties = method;
        client.start(connect);
        take(client.out);
        client.feed(Auth{ReasonCode::continue_authentication, method});
        CHECK(client.events() == "AUTH continue_authentication authentication-method 'SCRAM'");
        client.protocol.auth(ReasonCode::continue_authentication, method);
        CHECK(client.sent() == "AUTH continue_authentication authentication-method 'SCRAM'");
        Connack connack;
        connack.properties = method;
        client.feed(connack);
        client.protocol.auth(ReasonCode::re_authenticate, method);
        CHECK(client.sent() == "AUTH re_authenticate authentication-method 'SCRAM'");
        client.feed(Auth{ReasonCode::re_authenticate, method});  // which only a client sends
        CHECK(client.sent() == "DISCONNECT protocol_error");
    }
    SUBCASE("without") {
        client.start(connect);
        take(client.out);
        client.protocol.auth(ReasonCode::re_authenticate, method);
        CHECK(client.out.empty());
        client.feed(Auth{ReasonCode::continue_authentication, method});
        CHECK(client.events() == "error protocol_error");
    }
}
