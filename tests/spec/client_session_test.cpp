// Sessions, limits and authentication on the client's side, seen by a scripted broker. Sections 3.1,
// 3.4, 3.14, 4.1, 4.3 and 4.12.
#include "client/client_fixture.hpp"
#include "client/connection_fixture.hpp"

namespace mqtt::test {

namespace {

constexpr ProtocolVersion kVersions[] = {ProtocolVersion::v3_1_1, ProtocolVersion::v5};

std::string_view resumed(ProtocolVersion version) {
    return version == ProtocolVersion::v5 ? "20 03 01 00 00" : "20 02 01 00";
}

// CONNECT with the method "M".
struct MethodFixture : ConnectionFixture {
    MethodFixture() {
        method.add(PropertyId::authentication_method, "M");
        options.properties = method;
    }
    PropertyList method;
};

PropertyList method_of(std::string_view name) {
    PropertyList list;
    list.add(PropertyId::authentication_method, name);
    return list;
}

}  // namespace

TEST_CASE(
    "client: its part of the session outlives the connection, under the same client id "
    "[MQTT-3.1.2-23] [MQTT-3.1.3-2] [MQTT311-3.1.3-2]") {
    for (const ProtocolVersion version : kVersions) {
        ClientFixture f;
        f.options.connect.version = version;
        f.options.connect.clean_start = false;
        if (version == ProtocolVersion::v5) {
            f.options.connect.properties.add(PropertyId::session_expiry_interval, 100);
        }
        RawPeer& first = f.connect(version == ProtocolVersion::v5 ? kConnackV5 : kConnackV3);
        Outcome<PublishResult> published;
        f.client->publish(OutgoingMessage("t", "kept", QoS::at_least_once), published.handler());
        REQUIRE(f.heard(first, "CONNECT PUBLISH"));
        const PacketId id = first.packet<Publish>(1, version).id;
        first.abort();
        RawPeer& second = f.accept(resumed(version));
        CHECK(second.packet<Connect>(0, version).client_id == "c");
        CHECK_FALSE(second.packet<Connect>(0, version).clean_start);
        REQUIRE(f.heard(second, "CONNECT PUBLISH"));
        const Publish again = second.packet<Publish>(1, version);
        CHECK(again.dup);
        CHECK(again.id == id);
        CHECK(as_text(again.payload) == "kept");
        CHECK_FALSE(published.is_done());
    }
}

TEST_CASE("client: a session lasts at least as long as its connection [MQTT311-4.1.0-2]") {
    ConnectionFixture f;
    f.options.version = ProtocolVersion::v3_1_1;
    f.options.clean_start = true;  // the shortest life that a session can have
    RawPeer& peer = f.connect();
    for (PacketId id = 1; id <= 500; ++id) {  // QoS 2 exchanges that stay open in both directions
        f.connection->publish({.topic = "a", .qos = QoS::exactly_once});
        peer.send(ProtocolVersion::v3_1_1,
                  Publish{false, QoS::exactly_once, false, id, "t", {}, {}});
    }
    REQUIRE(f.wait([&] { return f.sink.messages.size() == 500; }));
    for (PacketId id = 1; id <= 500;
         ++id) {  // known to this day: not delivered twice, finished once
        peer.send(ProtocolVersion::v3_1_1,
                  Publish{true, QoS::exactly_once, false, id, "t", {}, {}});
        peer.send(ProtocolVersion::v3_1_1, Ack{PacketType::pubrec, id, ReasonCode::success, {}});
        peer.send(ProtocolVersion::v3_1_1, Ack{PacketType::pubcomp, id, ReasonCode::success, {}});
    }
    REQUIRE(f.wait([&] { return f.sink.delivered.size() == 500; }));
    CHECK(f.sink.messages.size() == 500);
}

TEST_CASE("client: a QoS 2 message is finished although it expires meanwhile [MQTT-4.3.3-13]") {
    ConnectionFixture f;
    RawPeer& peer = f.connect();
    PropertyList expired;
    expired.add(PropertyId::message_expiry_interval, 0);  // over as it comes
    peer.send(ProtocolVersion::v5,
              Publish{false, QoS::exactly_once, false, 7, "t", expired.view(), as_bytes("x")});
    REQUIRE(f.wait([&] { return peer.packet_names() == "CONNECT PUBREC"; }));
    CHECK(peer.packet<Ack>(1).reason == ReasonCode::success);
    peer.send(ProtocolVersion::v5, Ack{PacketType::pubrel, 7, ReasonCode::success, {}});
    REQUIRE(f.wait([&] { return peer.packet_names() == "CONNECT PUBREC PUBCOMP"; }));
    CHECK(peer.packet<Ack>(2).id == 7);
    CHECK(peer.packet<Ack>(2).reason == ReasonCode::success);
}

TEST_CASE(
    "client: acknowledgements with reasons fit the server's Maximum Packet Size "
    "[MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3]") {
    ConnectionFixture f;
    f.sink.decision = AckDecision::now(ReasonCode::quota_exceeded);
    RawPeer& peer = f.accept();
    peer.send_hex("20 08 00 00 05 27 00 00 00 05");  // Maximum Packet Size 5
    REQUIRE(f.wait([&] { return f.sink.connected == 1; }));
    const auto publish = [&](QoS qos, PacketId id) {
        peer.send(ProtocolVersion::v5, Publish{false, qos, false, id, "t", {}, as_bytes("x")});
    };
    publish(QoS::at_least_once, 1);
    publish(QoS::exactly_once, 2);
    REQUIRE(f.wait([&] { return peer.packet_names() == "CONNECT PUBACK PUBREC"; }));
    for (const std::size_t index : {1, 2}) {
        CHECK(peer.frames()[index].size <= 5);
        CHECK(peer.packet<Ack>(index).reason == ReasonCode::quota_exceeded);
        CHECK(peer.packet<Ack>(index).properties.empty());
    }
}

TEST_CASE(
    "client: DISCONNECT leaves out reason string and user properties that make it too large "
    "[MQTT-3.14.2-3] [MQTT-3.14.2-4]") {
    const std::string words(60, 'w');
    PropertyList reason;
    reason.add(PropertyId::reason_string, words);
    PropertyList user;
    user.add_user("name", words);
    for (const PropertyList* list : {&reason, &user}) {
        for (const bool fits : {false, true}) {
            ConnectionFixture f;
            RawPeer& peer = f.accept();
            peer.send_hex(fits ? "20 08 00 00 05 27 00 00 00 64" : "20 08 00 00 05 27 00 00 00 20");
            REQUIRE(f.wait([&] { return f.sink.connected == 1; }));
            f.connection->disconnect(ReasonCode::disconnect_with_will_message, *list);
            REQUIRE(f.wait([&] { return peer.is_closed; }));
            REQUIRE(peer.packet_names() == "CONNECT DISCONNECT");
            const Disconnect last = peer.packet<Disconnect>(1);
            CHECK(last.reason == ReasonCode::disconnect_with_will_message);
            CHECK(last.properties.empty() == !fits);
        }
    }
}

TEST_CASE(
    "client: AUTH leaves out reason string and user properties that make it too large "
    "[MQTT-3.15.2-2] [MQTT-3.15.2-3]") {
    const std::string words(60, 'w');
    PropertyList reason;
    reason.add(PropertyId::reason_string, words);
    PropertyList user;
    user.add_user("name", words);
    for (const PropertyList* list : {&reason, &user}) {
        for (const std::uint32_t limit : {32, 100}) {
            MethodFixture f;
            RawPeer& peer = f.accept();
            Connack connack;
            PropertyList told = f.method;
            told.add(PropertyId::maximum_packet_size, limit);
            connack.properties = told;
            peer.send(ProtocolVersion::v5, connack);
            REQUIRE(f.wait([&] { return f.sink.connected == 1; }));
            f.connection->auth(ReasonCode::re_authenticate, *list);
            REQUIRE(f.wait([&] { return peer.packet_names() == "CONNECT AUTH"; }));
            CHECK(peer.frames()[1].size <= limit);
            const Properties sent = peer.packet<Auth>(1).properties;
            CHECK(sent.text(PropertyId::authentication_method) == "M");
            std::size_t count = 0;
            for (const PropertyView& property : sent)
                count += property.info->id != PropertyId::authentication_method;
            CHECK(count == (limit == 100 ? 1 : 0));
        }
    }
}

TEST_CASE("client: every AUTH that it sends repeats CONNECT's method [MQTT-4.12.0-5]") {
    MethodFixture f;
    RawPeer& peer = f.accept();
    peer.send(ProtocolVersion::v5, Auth{ReasonCode::continue_authentication, f.method});
    f.connection->auth(ReasonCode::continue_authentication);  // the program need not say it
    PropertyList data;
    data.add(PropertyId::authentication_data, "answer");
    f.connection->auth(ReasonCode::continue_authentication, data);
    f.connection->auth(ReasonCode::continue_authentication, f.method);
    REQUIRE(f.wait([&] { return peer.packet_names() == "CONNECT AUTH AUTH AUTH"; }));
    for (const std::size_t index : {1, 2, 3}) {
        const Auth auth = peer.packet<Auth>(index);
        CHECK(auth.properties.text(PropertyId::authentication_method) == "M");
        CHECK(auth.properties.text(PropertyId::authentication_data).has_value() == (index == 2));
    }
    Connack connack;
    connack.properties = f.method;
    peer.send(ProtocolVersion::v5, connack);
    REQUIRE(f.wait([&] { return f.sink.connected == 1; }));
}

TEST_CASE(
    "client: AUTH or CONNACK of another method, or of none, ends the connection "
    "[MQTT-4.12.0-5] [MQTT-4.12.1-2]") {
    const PropertyList other = method_of("N"), none;
    for (const PropertyList* list : {&other, &none}) {
        {
            MethodFixture f;
            RawPeer& peer = f.accept();
            peer.send(ProtocolVersion::v5, Auth{ReasonCode::continue_authentication, *list});
            REQUIRE(f.wait([&] { return f.sink.closed == 1; }));
            CHECK(f.sink.connected == 0);
        }
        Connack connack;
        {
            MethodFixture f;
            RawPeer& peer = f.accept();
            connack.properties = *list;
            peer.send(ProtocolVersion::v5, connack);
            REQUIRE(f.wait([&] { return f.sink.closed == 1; }));
            CHECK(f.sink.connected == 0);
        }
        // Later: a failed re-authentication, and DISCONNECT says so.
        MethodFixture f;
        RawPeer& peer = f.accept();
        connack.properties = f.method;
        peer.send(ProtocolVersion::v5, connack);
        REQUIRE(f.wait([&] { return f.sink.connected == 1; }));
        f.connection->auth(ReasonCode::re_authenticate);
        REQUIRE(f.wait([&] { return peer.packet_names() == "CONNECT AUTH"; }));
        peer.send(ProtocolVersion::v5, Auth{ReasonCode::continue_authentication, *list});
        REQUIRE(f.wait([&] { return peer.is_closed && f.sink.closed == 1; }));
        CHECK(peer.packet_names() == "CONNECT AUTH DISCONNECT");
        CHECK(peer.packet<Disconnect>(2).reason == ReasonCode::protocol_error);
    }
}

TEST_CASE("client: a method that nobody asked for ends the connection [MQTT-4.12.0-6]") {
    ConnectionFixture f;
    RawPeer& peer = f.accept();
    Connack connack;
    const PropertyList method = method_of("M");
    connack.properties = method;
    peer.send(ProtocolVersion::v5, connack);
    REQUIRE(f.wait([&] { return f.sink.closed == 1; }));
    CHECK(f.sink.connected == 0);
}

}  // namespace mqtt::test
