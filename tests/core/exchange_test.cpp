// PUBLISH and its acknowledgements, as both roles do them: QoS flows, order, quotas, aliases, sizes,
// ids that nobody knows, resend. Mostly through the server's role; two_peers_test joins both.
#include "core/exchange.hpp"

#include <doctest/doctest.h>

#include "core/topic_alias.hpp"
#include "protocol_fixture.hpp"

using namespace test;

namespace {

constexpr auto kQos1 = QoS::at_least_once;
constexpr auto kQos2 = QoS::exactly_once;

Connect with(const PropertyList& properties) {
    Connect connect;
    connect.properties = properties;
    return connect;
}

ByteVector with_alias(std::string_view topic, std::uint16_t alias) {
    const PropertyList properties = list(PropertyId::topic_alias, alias);
    Publish publish = incoming(topic, "p");
    publish.properties = properties;
    return to_bytes(ProtocolVersion::v5, publish);
}

// A connection to a session that may have been there.
class Resumed : public Server {
public:
    explicit Resumed(Session& kept, Connect connect = {}, bool present = true) : Server(&kept) {
        connect.clean_start = false;
        connect.client_id = "c";
        accept.session_present = present;
        feed(connect.version, connect);
        sink.events.clear();
    }
};

}  // namespace

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

TEST_CASE("exchange: a peer over our Receive Maximum is disconnected with 0x93 [MQTT-3.3.4-7]") {
    Server server;
    server.limits.announced.receive_maximum = 2;
    server.connect();
    server.sink.publish_hook = [](const Publish& publish) {
        return publish.qos == kQos1 ? AckDecision::later() : AckDecision::now();
    };
    server.feed(incoming("t", "p", kQos1, 1));
    server.feed(incoming("t", "p", kQos2, 2));
    server.feed(incoming("t", "p", kQos2, 2));  // a repetition takes nothing
    server.feed(incoming("t", "p"));            // nor does QoS 0
    server.protocol.acknowledge(1);
    server.feed(incoming("t", "p", kQos1, 3));
    server.protocol.acknowledge(3);
    server.feed(ack(PacketType::pubrel, 2));
    server.feed(incoming("t", "p", kQos2, 4));
    server.feed(incoming("t", "p", kQos2, 5));
    CHECK_FALSE(server.protocol.is_closing());
    take(server.out);
    SUBCASE("QoS 2") {
        server.feed(incoming("t", "p", kQos2, 6));
    }
    SUBCASE("QoS 1") {
        server.feed(incoming("t", "p", kQos1, 6));
    }
    CHECK(server.sent() == "DISCONNECT receive_maximum_exceeded");
    CHECK_FALSE(server.session.inbox.contains(6));
}

TEST_CASE("exchange: acknowledgements that wait for their turn count against Receive Maximum") {
    Server server;
    server.limits.announced.receive_maximum = 10;
    server.connect();
    server.sink.publish_hook = [](const Publish& publish) {
        return publish.id == 1 ? AckDecision::later() : AckDecision::now();
    };
    PacketId id = 1;
    while (!server.protocol.is_closing() && id < 100)
        server.feed(incoming("t", "p", kQos1, id++));
    CHECK(id == 12);
    CHECK(server.sent() == "DISCONNECT receive_maximum_exceeded");
}

TEST_CASE(
    "exchange: at most Receive Maximum messages are under way, nothing else waits "
    "[MQTT-3.3.4-7] [MQTT-3.3.4-8] [MQTT-3.3.4-9] [MQTT-3.3.4-10] [MQTT-4.9.0-1] "
    "[MQTT-4.9.0-2] [MQTT-4.9.0-3]") {
    Server server;
    const PropertyList two = list(PropertyId::receive_maximum, 2);
    server.connect(with(two));
    auto& protocol = server.protocol;
    CHECK(publish_kept(protocol, "t", "1", kQos1) == "sent 1");
    CHECK(publish_kept(protocol, "t", "2", kQos2) == "sent 2");
    CHECK_FALSE(protocol.has_send_quota());
    CHECK(publish_kept(protocol, "t", "3", kQos1) == "no quota");
    CHECK(publish_kept(protocol, "t", "0", QoS::at_most_once) == "sent");
    server.feed(raw({0xC0, 0}));
    take(server.out);

    server.feed(ack(PacketType::pubrec, 2));  // PUBREC below 0x80 gives nothing back
    CHECK(server.events() == "");
    CHECK(publish_kept(protocol, "t", "3", kQos1) == "no quota");
    // Once per batch, however many were acknowledged.
    server.feed(to_bytes(ProtocolVersion::v5, ack(PacketType::pubcomp, 2)) +
                to_bytes(ProtocolVersion::v5, ack(PacketType::puback, 1)));
    CHECK(server.events() == "delivered 2 token 0 success | delivered 1 token 0 success | quota");
    CHECK(publish_kept(protocol, "t", "3", kQos1) == "sent 3");
    CHECK(publish_kept(protocol, "t", "4", kQos2) == "sent 4");
    CHECK(publish_kept(protocol, "t", "5", kQos2) == "no quota");
    server.feed(ack(PacketType::pubrec, 4, ReasonCode::quota_exceeded));
    CHECK(server.events() == "delivered 4 token 0 quota_exceeded | quota");
    server.feed(ack(PacketType::puback, 3));
    CHECK(server.events() == "delivered 3 token 0 success");  // nobody waits
}

TEST_CASE("exchange: a queue is drained from on_send_quota, in order") {
    Server server;
    const PropertyList one = list(PropertyId::receive_maximum, 1);
    server.connect(with(one));
    int next = 0;
    const auto drain = [&] {
        while (publish_kept(server.protocol, "t", std::to_string(next), kQos1) != "no quota")
            ++next;
    };
    server.sink.quota_hook = drain;
    drain();
    for (PacketId id = 1; id <= 4; ++id) {
        CHECK(next == id);
        server.feed(ack(PacketType::puback, id));
    }
    CHECK(next == 5);
}

TEST_CASE("exchange: our own window holds beside Receive Maximum") {
    Server server;
    server.protocol.limit_send_window(3);
    server.connect(connect_packet(ProtocolVersion::v3_1_1));
    for (int i = 0; i < 3; ++i)
        CHECK(publish_kept(server.protocol, "t", "p", kQos1) != "no quota");
    CHECK(publish_kept(server.protocol, "t", "p", kQos1) == "no quota");
}

TEST_CASE("exchange: without free ids nothing is sent [MQTT-2.2.1-4]") {
    Server server;
    server.connect(connect_packet(ProtocolVersion::v3_1_1));
    for (int i = 0; i < 65'535; ++i) {
        OutgoingPublish publish = outgoing("t", "", kQos1);
        REQUIRE(server.protocol.publish(publish, {}, 0).status == SendStatus::sent);
    }
    take(server.out);
    CHECK(publish_kept(server.protocol, "t", "p", kQos2) == "no quota");
    server.feed(ack(PacketType::puback, 1));
    CHECK(server.events() == "delivered 1 token 0 success | quota");
    CHECK(publish_kept(server.protocol, "t", "p", kQos2) == "sent 1");
}

TEST_CASE(
    "exchange: what is over the peer's Maximum Packet Size is not sent to it "
    "[MQTT-3.1.2-24] [MQTT-3.1.2-25] [MQTT-3.2.2-15]") {
    Server server;
    const PropertyList limit = list(PropertyId::maximum_packet_size, 30);
    server.connect(with(limit));
    const std::string fits(25, 'x');  // 2 + 3 + 1 = 6 bytes around it, less one
    CHECK(publish_kept(server.protocol, "t", fits.substr(1), QoS::at_most_once) == "sent");
    CHECK(take(server.out).size() == 30);
    CHECK(publish_kept(server.protocol, "t", fits, QoS::at_most_once) == "too large");
    CHECK(publish_kept(server.protocol, "t", fits, kQos1) == "too large");
    CHECK(server.out.empty());
    CHECK(server.session.outgoing.empty());
    CHECK(publish_kept(server.protocol, "t", "small", kQos1) == "sent 1");
}

TEST_CASE(
    "exchange: an alias stands for its topic until the connection ends "
    "[MQTT-3.3.2-7] [MQTT-3.3.2-10] [MQTT-3.3.2-12]") {
    Server server;
    server.limits.announced.topic_alias_maximum = 3;
    server.connect();
    server.feed(with_alias("a", 1));
    server.feed(with_alias("bb", 3));
    server.events();
    server.feed(with_alias("", 3));
    server.feed(with_alias("", 1));
    server.feed(with_alias("new", 1));
    server.feed(with_alias("", 1));
    CHECK(server.events() ==
          "PUBLISH q0 r0 d0 'bb' 1 bytes = p | PUBLISH q0 r0 d0 'a' 1 bytes = p | "
          "PUBLISH q0 r0 d0 'new' 1 bytes = p | PUBLISH q0 r0 d0 'new' 1 bytes = p");
    server.feed(with_alias("", 2));
    CHECK(server.sent() == "DISCONNECT protocol_error");

    Server next;
    next.limits.announced.topic_alias_maximum = 3;
    next.connect();
    next.feed(with_alias("", 1));
    CHECK(next.sent() == "DISCONNECT protocol_error");
}

TEST_CASE(
    "exchange: aliases out of range are answered with 0x94 "
    "[MQTT-3.3.2-8] [MQTT-3.3.2-9] [MQTT-3.3.2-11]") {
    const auto answer = [](const ByteVector& bytes, std::uint16_t maximum) {
        Server server;
        server.limits.announced.topic_alias_maximum = maximum;
        server.connect();
        server.feed(bytes);
        CHECK(server.protocol.is_closing());
        return server.sent();
    };
    CHECK(answer(with_alias("t", 4), 3) == "DISCONNECT topic_alias_invalid");
    CHECK(answer(with_alias("t", 1), 0) == "DISCONNECT topic_alias_invalid");
    CHECK(answer(raw({0x30, 8, 0, 1, 't', 3, 0x23, 0, 0, 'p'}), 3) ==
          "DISCONNECT topic_alias_invalid");
}

TEST_CASE(
    "exchange: a topic that comes again gets an alias, no more than the peer allows "
    "[MQTT-3.1.2-26] [MQTT-3.2.2-17]") {
    Server server;
    const PropertyList one = list(PropertyId::topic_alias_maximum, 1);
    server.connect(with(one));
    const auto publish = [&](std::string_view topic) {
        publish_kept(server.protocol, topic, "p", QoS::at_most_once);
        return server.sent();
    };
    const std::string plain = "PUBLISH q0 r0 d0 'sensors/1' 1 bytes = p";
    const std::string defining = "PUBLISH q0 r0 d0 'sensors/1' 1 bytes topic-alias 1 = p";
    const std::string short_form = "PUBLISH q0 r0 d0 '' 1 bytes topic-alias 1 = p";
    CHECK(publish("sensors/1") == plain);
    CHECK(publish("sensors/1") == defining);
    CHECK(publish("sensors/1") == short_form);
    CHECK(publish("sensors/1") == short_form);
    // A stream of other topics gets no alias while the first is used as much as they are...
    for (int i = 0; i < 100; ++i) {
        const std::string topic = "other/" + std::to_string(i);
        CHECK(publish(topic).find("topic-alias") == std::string::npos);
        CHECK(publish("sensors/1") == short_form);
    }
    // ...but one that is used more takes its place.
    std::string last;
    for (int i = 0; i < 12; ++i)
        last = publish("winner/1");
    CHECK(last == short_form);
    CHECK(publish("sensors/1") == plain);
    CHECK(publish("t") == "PUBLISH q0 r0 d0 't' 1 bytes = p");  // too short to gain anything
}

TEST_CASE("exchange: a peer that allows no alias gets none [MQTT-3.1.2-27] [MQTT-3.2.2-18]") {
    Server server;
    server.connect();
    for (int i = 0; i < 5; ++i)
        publish_kept(server.protocol, "sensors/1", "p", QoS::at_most_once);
    CHECK(server.sent().find("topic-alias") == std::string::npos);
}

TEST_CASE("exchange: aliases stay within the maximum whatever the topics are [MQTT-3.1.2-26]") {
    Server server;
    const PropertyList five = list(PropertyId::topic_alias_maximum, 5);
    server.connect(with(five));
    InboundAliases peer(5);
    for (int i = 0; i < 3000; ++i) {
        const std::string topic = "topic/" + std::to_string(i * i % 17);
        publish_kept(server.protocol, topic, "p", QoS::at_most_once);
        const ByteVector bytes = take(server.out);
        const Result<Publish> read =
            decode_publish(find_frame(bytes, 0).frame, ProtocolVersion::v5);
        REQUIRE(read);
        const auto alias =
            static_cast<std::uint16_t>(read->properties.number_or(PropertyId::topic_alias, 0));
        if (alias == 0) {
            REQUIRE(read->topic == topic);
            continue;
        }
        REQUIRE(peer.in_range(alias));
        if (!read->topic.empty()) peer.define(alias, read->topic);
        REQUIRE(peer.find(alias) == topic);
    }
}

TEST_CASE("exchange: an alias that would make the packet too large is left out [MQTT-3.1.2-24]") {
    Server server;
    PropertyList limits;
    limits.add(PropertyId::maximum_packet_size, 20).add(PropertyId::topic_alias_maximum, 4);
    server.connect(with(limits));
    for (int i = 0; i < 4; ++i)
        CHECK(publish_kept(server.protocol, "0123456789", "12345", QoS::at_most_once) == "sent");
    CHECK(server.sent().find("topic-alias") == std::string::npos);
}

TEST_CASE("exchange: a client's PUBLISH has no Subscription Identifier [MQTT-3.3.4-6]") {
    Server server;
    server.connect();
    const PropertyList id = list(PropertyId::subscription_identifier, 5);
    Publish publish = incoming("t", "p");
    publish.properties = id;
    server.feed(publish);
    CHECK(server.sent() == "DISCONNECT protocol_error");
}

TEST_CASE(
    "exchange: QoS and RETAIN that we do not take are refused "
    "[MQTT-3.2.2-11] [MQTT-3.2.2-14]") {
    const auto answer = [](QoS qos, bool retain) {
        Server server;
        server.limits.announced.maximum_qos = QoS::at_least_once;
        server.limits.announced.retain_available = false;
        server.connect();
        Publish publish =
            incoming("t", "p", qos, qos == QoS::at_most_once ? PacketId{0} : PacketId{1});
        publish.retain = retain;
        server.feed(publish);
        return server.sent();
    };
    CHECK(answer(kQos2, false) == "DISCONNECT qos_not_supported");
    CHECK(answer(kQos1, false) == "PUBACK id 1");
    CHECK(answer(QoS::at_most_once, true) == "DISCONNECT retain_not_supported");
}

TEST_CASE(
    "exchange: on resume unfinished exchanges come again in order, with DUP and their ids, "
    "and at no other time [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-3.3.1-1] [MQTT-4.3.2-3] "
    "[MQTT-4.3.3-3] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT311-2.3.1-3] [MQTT311-3.3.1-1] "
    "[MQTT311-4.3.3-1] [MQTT311-4.4.0-1] [MQTT311-4.6.0-1]") {
    for (const auto version :
         {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        Session session;
        {
            Resumed server(session, connect_packet(version), false);
            take(server.out);
            publish_kept(server.protocol, "t", "1", kQos1);
            publish_kept(server.protocol, "t", "2", kQos2);
            publish_kept(server.protocol, "t", "3", kQos2);
            publish_kept(server.protocol, "t", "4", kQos1);
            take(server.out);
            server.now += 24h;
            server.feed(ack(PacketType::puback, 1));
            server.feed(ack(PacketType::pubrec, 3));
            CHECK(server.sent() == "PUBREL id 3");
        }
        Resumed server(session, connect_packet(version));
        const ByteVector bytes = take(server.out);
        const std::string text = read_packets(bytes, version);
        CHECK(text.substr(text.find(" | ") + 3) ==
              "PUBREL id 3 | "
              "PUBLISH q2 r0 d1 id 2 't' 1 bytes = 2 | "
              "PUBLISH q1 r0 d1 id 4 't' 1 bytes = 4");
        server.feed(ack(PacketType::pubcomp, 3));
        server.feed(ack(PacketType::puback, 4));
        server.feed(ack(PacketType::pubrec, 2));
        server.feed(ack(PacketType::pubcomp, 2));
        CHECK(server.sent() == "PUBREL id 2");
        CHECK(session.outgoing.empty());
        CHECK(publish_kept(server.protocol, "t", "5", kQos1) == "sent 5");
    }
}

TEST_CASE(
    "exchange: the new Receive Maximum holds for what is resent, and order is kept "
    "[MQTT-4.6.0-1] [MQTT-3.3.4-9] [MQTT-4.9.0-2]") {
    Session session;
    {
        Resumed server(session, {}, false);
        for (const char* payload : {"1", "2", "3", "4"})
            publish_kept(server.protocol, "t", payload, kQos1);
    }
    const PropertyList two = list(PropertyId::receive_maximum, 2);
    Resumed server(session, with(two));
    CHECK(server.sent() ==
          "CONNACK success session present | "
          "PUBLISH q1 r0 d1 id 1 't' 1 bytes = 1 | "
          "PUBLISH q1 r0 d1 id 2 't' 1 bytes = 2");
    CHECK(publish_kept(server.protocol, "t", "5", kQos1) == "no quota");
    server.feed(ack(PacketType::puback, 1));
    CHECK(server.sent() == "PUBLISH q1 r0 d1 id 3 't' 1 bytes = 3");
    CHECK(server.events() == "delivered 1 token 0 success");  // a message older than "5" waits
    server.feed(to_bytes(ProtocolVersion::v5, ack(PacketType::puback, 2)) +
                to_bytes(ProtocolVersion::v5, ack(PacketType::puback, 3)));
    CHECK(server.sent() == "PUBLISH q1 r0 d1 id 4 't' 1 bytes = 4");
    CHECK(server.events() == "delivered 2 token 0 success | delivered 3 token 0 success | quota");
    CHECK(publish_kept(server.protocol, "t", "5", kQos1) == "sent 5");
}

TEST_CASE("exchange: PUBREL is resent whatever the quota is, and counts in it [MQTT-4.3.3-5]") {
    Session session;
    {
        Resumed server(session, {}, false);
        for (PacketId id = 1; id <= 3; ++id) {
            publish_kept(server.protocol, "t", "p", kQos2);
            server.feed(ack(PacketType::pubrec, id));
        }
    }
    const PropertyList two = list(PropertyId::receive_maximum, 2);
    Resumed server(session, with(two));
    CHECK(server.sent() ==
          "CONNACK success session present | PUBREL id 1 | PUBREL id 2 | PUBREL id 3");
    CHECK(publish_kept(server.protocol, "t", "p", kQos1) == "no quota");
    server.feed(ack(PacketType::pubcomp, 1));
    CHECK(server.events() == "delivered 1 token 0 success");
    server.feed(ack(PacketType::pubcomp, 2, ReasonCode::packet_identifier_not_found));
    CHECK(server.events() == "delivered 2 token 0 success | quota");
}

TEST_CASE("exchange: an acknowledgement that overtakes its resend settles it") {
    Session session;
    {
        Resumed server(session, {}, false);
        publish_kept(server.protocol, "t", "1", kQos1);
        publish_kept(server.protocol, "t", "2", kQos1);
        publish_kept(server.protocol, "t", "3", kQos2);
        publish_kept(server.protocol, "t", "4", kQos1);
    }
    const PropertyList one = list(PropertyId::receive_maximum, 1);
    Resumed server(session, with(one));
    take(server.out);
    server.feed(ack(PacketType::puback, 2));
    server.feed(ack(PacketType::pubrec, 3));
    server.feed(ack(PacketType::pubcomp, 3));
    CHECK(server.sent() == "PUBREL id 3");
    server.feed(ack(PacketType::puback, 1));
    CHECK(server.sent() == "PUBLISH q1 r0 d1 id 4 't' 1 bytes = 4");
    server.feed(ack(PacketType::puback, 4));
    CHECK(session.outgoing.empty());
    CHECK(server.protocol.has_send_quota());
}

TEST_CASE(
    "exchange: a resend carries what was sent: properties, RETAIN, subscription ids; what is "
    "left of the expiry, which ends nothing any more [MQTT-4.3.3-7] [MQTT-3.3.4-4]") {
    Session session;
    const PropertyList properties = PropertyList().add(PropertyId::content_type, "text");
    const std::string payload(5000, 'x');
    {
        Resumed server(session, {}, false);
        take(server.out);
        const MessageRef kept = Message::create({.topic = "t",
                                                 .properties = properties,
                                                 .payload = as_bytes(payload),
                                                 .qos = kQos2,
                                                 .expires_at = kStart + 10s});
        const std::array<std::uint32_t, 3> ids{7, 300, 2};
        for (const std::size_t count : {1u, 3u}) {
            OutgoingPublish publish = outgoing("t", payload, kQos2);
            publish.properties = properties;
            publish.retain = true;
            publish.subscription_ids = std::span(ids).first(count);
            server.protocol.publish(publish, kept, 0);
        }
    }
    CHECK(session.outgoing.count() == 2);
    const auto resent = [&](TimePoint now) {
        Server server(&session);
        server.now = now;
        server.accept.session_present = true;
        Connect connect;
        connect.clean_start = false;
        server.feed(ProtocolVersion::v5, connect);
        std::string text = server.sent();
        for (std::size_t at; (at = text.find(payload)) != std::string::npos;)
            text.replace(at, payload.size(), "x...");
        return text;
    };
    CHECK(resent(kStart + 4s) ==
          "CONNACK success session present | "
          "PUBLISH q2 r1 d1 id 1 't' 5000 bytes message-expiry-interval 6 "
          "subscription-identifier 7 content-type 'text' = x... | "
          "PUBLISH q2 r1 d1 id 2 't' 5000 bytes message-expiry-interval 6 "
          "subscription-identifier 7 subscription-identifier 300 subscription-identifier 2 "
          "content-type 'text' = x...");
    CHECK(resent(kStart + 40s).find("message-expiry-interval 0") != std::string::npos);
}

TEST_CASE("exchange: what was not kept cannot be resent, its id is free") {
    Session session;
    {
        Resumed server(session, {}, false);
        OutgoingPublish publish = outgoing("t", "p", kQos1);
        server.protocol.publish(publish, {}, 0);
        publish_kept(server.protocol, "t", "kept", kQos1);
    }
    Resumed server(session);
    CHECK(server.sent() ==
          "CONNACK success session present | PUBLISH q1 r0 d1 id 2 't' 4 bytes = kept");
    CHECK(session.outgoing.count() == 1);
}

TEST_CASE(
    "exchange: received QoS 2 ids outlive the connection, so that nothing is delivered twice "
    "[MQTT-4.3.3-10] [MQTT311-4.3.3-2] [MQTT-4.1.0-1] [MQTT311-4.1.0-1]") {
    Session session;
    {
        Resumed server(session, {}, false);
        server.feed(incoming("t", "p", kQos2, 5));
        server.feed(incoming("t", "q", kQos2, 6));
    }
    Resumed server(session);
    take(server.out);
    Publish publish = incoming("t", "p", kQos2, 5);
    publish.dup = true;
    server.feed(publish);
    server.feed(ack(PacketType::pubrel, 5));
    server.feed(ack(PacketType::pubrel, 6));
    CHECK(server.sent() == "PUBREC id 5 | PUBCOMP id 5 | PUBCOMP id 6");
    CHECK(server.events() == "");
    CHECK(session.inbox.count() == 0);
}

TEST_CASE(
    "exchange: without session present the old session is forgotten "
    "[MQTT-3.1.2-6] [MQTT-3.1.2-4] [MQTT311-3.1.2-6]") {
    Session session;
    {
        Resumed server(session, {}, false);
        publish_kept(server.protocol, "t", "p", kQos1);
        server.feed(incoming("t", "p", kQos2, 5));
    }
    Resumed server(session, {}, false);
    CHECK(server.sent() == "CONNACK success");
    CHECK(session.outgoing.empty());
    CHECK(session.inbox.count() == 0);
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
