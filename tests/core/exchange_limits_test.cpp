// What bounds the exchange of PUBLISH: Receive Maximum in both directions, our own window, packet ids, packet
// sizes, what the peer does not take.
#include "core/exchange.hpp"

#include <doctest/doctest.h>

#include "protocol_fixture.hpp"

using namespace ::test;

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
