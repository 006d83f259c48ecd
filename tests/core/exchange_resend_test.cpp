// Exchanges that outlive their connection: what is resent, what is forgotten.
#include "core/exchange.hpp"

#include <doctest/doctest.h>

#include "protocol_fixture.hpp"

using namespace ::test;

namespace {

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
