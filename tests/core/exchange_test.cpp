// PUBLISH and its acknowledgements, as both roles do them: QoS flows, order, ids that nobody knows. Mostly
// through the server's role; two_peers_test joins both. Quotas and sizes are in exchange_limits_test, aliases
// in exchange_alias_test, what comes after a lost connection in exchange_resend_test.
#include "core/exchange.hpp"

#include <doctest/doctest.h>

#include "protocol_fixture.hpp"

using namespace ::test;

TEST_CASE(
    "exchange: the answer to PUBLISH follows its QoS and repeats its id "
    "[MQTT-3.3.4-1] [MQTT-2.2.1-5] [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-4.3.3-11] "
    "[MQTT311-3.3.4-1] [MQTT311-2.3.1-6]") {
    for (const auto version :
         {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        Server server;
        server.connect(connect_packet(version));
        server.feed(incoming("t", "zero"));
        CHECK(server.sent() == "");
        server.feed(incoming("t", "one", kQos1, 65'535));
        CHECK(take(server.out) == raw({0x40, 2, 0xFF, 0xFF}));
        server.feed(incoming("t", "two", kQos2, 0x102));
        CHECK(take(server.out) == raw({0x50, 2, 1, 2}));
        server.feed(ack(PacketType::pubrel, 0x102));
        CHECK(take(server.out) == raw({0x70, 2, 1, 2}));
        CHECK(server.events() ==
              "PUBLISH q0 r0 d0 't' 4 bytes = zero | "
              "PUBLISH q1 r0 d0 id 65535 't' 3 bytes = one | "
              "PUBLISH q2 r0 d0 id 258 't' 3 bytes = two");
    }
}

TEST_CASE("exchange: after PUBACK the same id is a new message [MQTT-4.3.2-5] [MQTT311-4.3.2-2]") {
    Server server;
    server.connect();
    Publish publish = incoming("t", "p", kQos1, 9);
    server.feed(publish);
    publish.dup = true;
    server.feed(publish);
    CHECK(server.sent() == "PUBACK id 9 | PUBACK id 9");
    CHECK(server.events() ==
          "PUBLISH q1 r0 d0 id 9 't' 1 bytes = p | "
          "PUBLISH q1 r0 d1 id 9 't' 1 bytes = p");
}

TEST_CASE(
    "exchange: duplicate QoS 2 is acknowledged, not redelivered, until PUBREL "
    "[MQTT-4.3.3-10] [MQTT-4.3.3-12] [MQTT311-4.3.3-2] [MQTT31-10]") {
    for (const auto version :
         {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        Server server;
        server.connect(connect_packet(version));
        Publish publish = incoming("t", "p", kQos2, 9);
        server.feed(publish);
        publish.dup = true;
        server.feed(publish);
        CHECK(server.sent() == "PUBREC id 9 | PUBREC id 9");
        CHECK(server.events() == "PUBLISH q2 r0 d0 id 9 't' 1 bytes = p");
        server.feed(ack(PacketType::pubrel, 9));
        CHECK(server.sent() == "PUBCOMP id 9");
        publish.dup = false;
        server.feed(publish);
        CHECK(server.sent() == "PUBREC id 9");
        CHECK(server.events() == "PUBLISH q2 r0 d0 id 9 't' 1 bytes = p");
    }
}

TEST_CASE(
    "exchange: PUBREC with an error ends a QoS 2 exchange, the id is new "
    "[MQTT-4.3.3-9] [MQTT-3.5.2-1]") {
    Server server;
    server.connect();
    server.sink.publish_hook = [](const Publish&) {
        return AckDecision::now(ReasonCode::quota_exceeded);
    };
    server.feed(incoming("t", "p", kQos2, 9));
    server.feed(incoming("t", "p", kQos2, 9));
    CHECK(server.sent() == "PUBREC id 9 quota_exceeded | PUBREC id 9 quota_exceeded");
    CHECK(server.session.inbox.count() == 0);
    server.feed(incoming("t", "p", kQos1, 9));
    CHECK(server.sent() == "PUBACK id 9 quota_exceeded");
    CHECK(server.events() ==
          "PUBLISH q2 r0 d0 id 9 't' 1 bytes = p | "
          "PUBLISH q2 r0 d0 id 9 't' 1 bytes = p | "
          "PUBLISH q1 r0 d0 id 9 't' 1 bytes = p");
}

TEST_CASE(
    "exchange: 3.x acknowledges what is refused as usual "
    "[MQTT311-3.3.5-2] [MQTT31-11]") {
    Server server;
    server.connect(connect_packet(ProtocolVersion::v3_1_1));
    server.sink.publish_hook = [](const Publish&) {
        return AckDecision::now(ReasonCode::not_authorized);
    };
    server.feed(incoming("t", "p", kQos1, 8));
    server.feed(incoming("t", "p", kQos2, 9));
    server.feed(ack(PacketType::pubrel, 9));
    CHECK(take(server.out) == raw({0x40, 2, 0, 8, 0x50, 2, 0, 9, 0x70, 2, 0, 9}));
}

TEST_CASE(
    "exchange: unknown ids are answered, ignored, or an error, as it is documented "
    "[MQTT-3.7.2-1] [MQTT-3.6.2-1]") {
    Server server;
    server.connect();
    server.feed(ack(PacketType::pubrel, 5));
    CHECK(server.sent() == "PUBCOMP id 5 packet_identifier_not_found");
    server.feed(ack(PacketType::pubrec, 5));
    CHECK(take(server.out) == raw({0x62, 3, 0, 5, 0x92}));
    server.feed(ack(PacketType::pubrec, 5, ReasonCode::unspecified_error));
    server.feed(ack(PacketType::puback, 5));
    server.feed(ack(PacketType::pubcomp, 5));
    CHECK(server.sent() == "");
    CHECK(server.events() == "");
    CHECK_FALSE(server.protocol.is_closing());

    Server old;
    old.connect(connect_packet(ProtocolVersion::v3_1_1));
    old.feed(ack(PacketType::pubrel, 5));
    old.feed(ack(PacketType::pubrec, 5));
    CHECK(take(old.out) == raw({0x70, 2, 0, 5, 0x62, 2, 0, 5}));
}

TEST_CASE("exchange: an acknowledgement of the wrong kind is a protocol error") {
    const auto answer = [](QoS qos, PacketType type) {
        Server server;
        server.connect();
        publish_kept(server.protocol, "t", "p", qos);
        take(server.out);
        server.feed(ack(type, 1));
        return server.sent() + server.events();
    };
    const std::string error = "DISCONNECT protocol_errorerror protocol_error";
    CHECK(answer(kQos1, PacketType::pubrec) == error);
    CHECK(answer(kQos1, PacketType::pubcomp) == error);
    CHECK(answer(kQos2, PacketType::puback) == error);
    CHECK(answer(kQos2, PacketType::pubcomp) == error);
}

TEST_CASE(
    "exchange: acknowledgements with wrong ids, lengths and codes are broken "
    "[MQTT-3.4.2-1] [MQTT-2.2.1-3]") {
    const auto answer = [](std::initializer_list<int> bytes) {
        Server server;
        server.connect();
        server.feed(raw(bytes));
        return server.sent();
    };
    CHECK(answer({0x40, 2, 0, 0}) == "DISCONNECT protocol_error");
    CHECK(answer({0x40, 1, 0}) == "DISCONNECT malformed_packet");
    CHECK(answer({0x40, 3, 0, 1, 3}) == "DISCONNECT protocol_error");
    CHECK(answer({0x42, 2, 0, 1}) == "DISCONNECT malformed_packet");
    CHECK(answer({0x40, 3, 0, 1, 0x10}) == "");  // of something unknown, but sound
}

TEST_CASE(
    "exchange: PUBREL comes for every PUBREC, in its order "
    "[MQTT-4.3.3-4] [MQTT-4.6.0-4] [MQTT311-4.6.0-4] [MQTT-3.6.1-1]") {
    Server server;
    server.connect();
    for (int i = 1; i <= 3; ++i)
        publish_kept(server.protocol, "t", "p", kQos2, 100 + static_cast<std::uint64_t>(i));
    take(server.out);
    for (const PacketId id : {PacketId{2}, PacketId{1}, PacketId{3}, PacketId{1}})
        server.feed(ack(PacketType::pubrec, id));
    CHECK(take(server.out) == raw({0x62, 2, 0, 2, 0x62, 2, 0, 1, 0x62, 2, 0, 3, 0x62, 2, 0, 1}));
    CHECK(server.events() == "");
    server.feed(ack(PacketType::pubcomp, 1));
    CHECK(server.events() == "delivered 1 token 101 success");
    CHECK(server.session.outgoing.count() == 2);
}

TEST_CASE("exchange: the sender is told what PUBACK and PUBREC say [MQTT-4.4.0-2]") {
    Server server;
    server.connect();
    publish_kept(server.protocol, "t", "p", kQos1, 1);
    publish_kept(server.protocol, "t", "p", kQos2, 2);
    publish_kept(server.protocol, "t", "p", kQos2, 3);
    take(server.out);
    server.feed(ack(PacketType::puback, 1, ReasonCode::not_authorized));
    server.feed(ack(PacketType::pubrec, 2, ReasonCode::quota_exceeded));
    server.feed(ack(PacketType::pubrec, 3, ReasonCode::no_matching_subscribers));
    CHECK(server.sent() == "PUBREL id 3");
    server.feed(ack(PacketType::pubcomp, 3, ReasonCode::packet_identifier_not_found));
    CHECK(server.events() ==
          "delivered 1 token 1 not_authorized | "
          "delivered 2 token 2 quota_exceeded | "
          "delivered 3 token 3 no_matching_subscribers");
    CHECK(server.session.outgoing.empty());
}

TEST_CASE(
    "exchange: a new message has DUP 0 and a free id; QoS 0 has neither id nor DUP "
    "[MQTT-4.3.1-1] [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.3-1] [MQTT-4.3.3-2] "
    "[MQTT-3.3.1-2] [MQTT-3.3.1-3] [MQTT-2.2.1-2] [MQTT311-2.3.1-5] [MQTT311-3.3.1-3] "
    "[MQTT311-4.3.1-1] [MQTT311-4.3.2-1]") {
    Server server;
    server.connect();
    OutgoingPublish publish = outgoing("t", "p", QoS::at_most_once);
    publish.dup = true;
    publish.id = 77;
    server.protocol.publish(publish, {}, 0);
    CHECK(take(server.out) == raw({0x30, 5, 0, 1, 't', 0, 'p'}));
    publish.qos = kQos1;
    publish.dup = true;
    server.protocol.publish(publish, {}, 0);
    publish.qos = kQos2;
    server.protocol.publish(publish, {}, 0);
    CHECK(server.sent() ==
          "PUBLISH q1 r0 d0 id 1 't' 1 bytes = p | "
          "PUBLISH q2 r0 d0 id 2 't' 1 bytes = p");
}

TEST_CASE(
    "exchange: deferred acknowledgements leave in the order of their PUBLISH "
    "[MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT311-4.6.0-2] [MQTT311-4.6.0-3]") {
    Server server;
    server.connect();
    server.sink.publish_hook = [](const Publish& publish) {
        return publish.id == 3 ? AckDecision::now() : AckDecision::later();
    };
    server.feed(incoming("t", "1", kQos1, 1));
    server.feed(incoming("t", "2", kQos2, 2));
    server.feed(incoming("t", "3", kQos1, 3));  // decided, but not its turn
    server.feed(incoming("t", "4", kQos1, 4));
    CHECK(server.sent() == "");
    server.protocol.acknowledge(2);
    CHECK(server.sent() == "");
    server.protocol.acknowledge(1, ReasonCode::no_matching_subscribers);
    CHECK(server.sent() == "PUBACK id 1 no_matching_subscribers | PUBREC id 2 | PUBACK id 3");
    server.protocol.acknowledge(4);
    server.protocol.acknowledge(4);   // done already
    server.protocol.acknowledge(99);  // never was
    CHECK(server.sent() == "PUBACK id 4");
}

TEST_CASE(
    "exchange: a repetition of an undecided QoS 2 message gets one PUBREC, when it is decided "
    "[MQTT-4.3.3-10]") {
    Server server;
    server.connect();
    server.sink.publish_hook = [](const Publish&) { return AckDecision::later(); };
    server.feed(incoming("t", "1", kQos2, 1));
    server.feed(incoming("t", "1", kQos2, 1));
    CHECK(server.sent() == "");
    server.protocol.acknowledge(1);
    CHECK(server.sent() == "PUBREC id 1");
    server.feed(ack(PacketType::pubrel, 1));
    CHECK(server.sent() == "PUBCOMP id 1");
    CHECK(server.events() == "PUBLISH q2 r0 d0 id 1 't' 1 bytes = 1");
}

TEST_CASE("exchange: PUBREL before PUBREC is a protocol error") {
    Server server;
    server.connect();
    server.sink.publish_hook = [](const Publish&) { return AckDecision::later(); };
    server.feed(incoming("t", "1", kQos2, 1));
    server.feed(ack(PacketType::pubrel, 1));
    CHECK(server.sent() == "DISCONNECT protocol_error");
    server.protocol.acknowledge(1);
    CHECK(server.out.empty());
}

TEST_CASE("exchange: a sink may publish, acknowledge and disconnect within callbacks") {
    Server server;
    server.connect();
    int depth = 0;
    server.sink.publish_hook = [&](const Publish& publish) {
        publish_kept(server.protocol, "echo", as_text(publish.payload), kQos1);
        if (++depth == 2) server.protocol.acknowledge(1);
        if (depth == 3) server.protocol.disconnect(ReasonCode::server_busy);
        return depth == 1 ? AckDecision::later() : AckDecision::now();
    };
    ByteVector bytes;
    for (PacketId id = 1; id <= 4; ++id)
        bytes = bytes + to_bytes(ProtocolVersion::v5, incoming("t", "p", kQos1, id));
    server.feed(bytes);
    CHECK(server.sent() ==
          "PUBLISH q1 r0 d0 id 1 'echo' 1 bytes = p | "
          "PUBLISH q1 r0 d0 id 2 'echo' 1 bytes = p | PUBACK id 1 | PUBACK id 2 | "
          "PUBLISH q1 r0 d0 id 3 'echo' 1 bytes = p | DISCONNECT server_busy");
    CHECK(depth == 3);
}

TEST_CASE("exchange: counts what goes through") {
    Exchange::Counters counters;
    Server server;
    server.protocol.count_in(&counters);
    server.connect();
    server.feed(to_bytes(ProtocolVersion::v5, incoming("t", "p", kQos1, 1)) + raw({0xC0, 0}));
    publish_kept(server.protocol, "t", "p", QoS::at_most_once);
    CHECK(counters.packets_received == 3);
    CHECK(counters.publishes_received == 1);
    CHECK(counters.packets_sent == 4);
    CHECK(counters.publishes_sent == 1);
}
