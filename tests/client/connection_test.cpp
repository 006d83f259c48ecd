// mqtt::Connection against a scripted broker on real loopback sockets.
#include "client/connection_fixture.hpp"
#include "core/describe.hpp"

using namespace mqtt;
using namespace mqtt::test;

TEST_CASE("connection: CONNECT is the first packet, CONNACK completes it [MQTT-3.1.0-1]") {
    for (const auto readiness :
         {net::Loop::Readiness::own_epoll, net::Loop::Readiness::async_wait}) {
        ConnectionFixture f(readiness);
        RawPeer& peer = f.connect();
        const auto connect = peer.packet<Connect>(0);
        CHECK(connect.client_id == "c");
        CHECK(connect.version == ProtocolVersion::v5);
        CHECK(connect.keep_alive == 60);
        CHECK(f.connection->is_connected());
        CHECK(f.sink.timing.started <= f.sink.timing.transport_ready);
        CHECK(f.sink.timing.transport_ready <= f.sink.timing.connected);
        CHECK(f.connection->peer_address() == "127.0.0.1:" + std::to_string(f.broker.port()));
        CHECK(f.connection->open(f.options).error().code == Errc::already_connected);
    }
}

TEST_CASE("connection: the client sends CONNECT once and everything in its version") {
    for (const auto version :
         {ProtocolVersion::v3_1, ProtocolVersion::v3_1_1, ProtocolVersion::v5}) {
        ConnectionFixture f;
        f.options.version = version;
        f.options.will = Will{"gone", "bye", QoS::at_least_once, true, {}};
        f.options.user_name = "me";
        f.options.password = "secret";
        RawPeer& peer = f.connect();
        const auto connect = peer.packet<Connect>(0);
        CHECK(connect.version == version);
        REQUIRE(connect.will.has_value());
        CHECK(connect.will->topic == "gone");
        CHECK(connect.user_name == "me");
        f.connection->publish({.topic = "t", .payload = as_bytes("p")});
        REQUIRE(f.wait([&] { return peer.frames().size() == 2; }));
        CHECK(peer.packet<Publish>(1, version).topic == "t");
    }
}

TEST_CASE("connection: publishes of every QoS are told of when they are finished [MQTT-4.3.2-1]") {
    ConnectionFixture f;
    RawPeer& peer = f.connect();
    CHECK(f.connection->publish({.topic = "a", .payload = as_bytes("0")}, 10).id == 0);
    const auto q1 = f.connection->publish(
        {.topic = "a", .payload = as_bytes("1"), .qos = QoS::at_least_once}, 11);
    const auto q2 = f.connection->publish(
        {.topic = "a", .payload = as_bytes("2"), .qos = QoS::exactly_once}, 12);
    CHECK(q1.id == 1);
    CHECK(q2.id == 2);
    REQUIRE(f.wait([&] { return peer.frames().size() == 4; }));
    peer.send_hex("40 02 00 01  50 02 00 02");
    REQUIRE(f.wait([&] { return peer.frames().size() == 5; }));
    CHECK(peer.packet_names() == "CONNECT PUBLISH PUBLISH PUBLISH PUBREL");
    peer.send_hex("70 02 00 02");
    REQUIRE(f.wait([&] { return f.sink.delivered.size() == 2; }));
    CHECK(f.sink.delivered[0] == "1:11:success");
    CHECK(f.sink.delivered[1] == "2:12:success");
    CHECK(f.connection->stats().acknowledged == 2);
    CHECK(f.connection->stats().publishes_sent == 3);
}

TEST_CASE("connection: Receive Maximum of the server is kept, the window is told [MQTT-3.3.4-9]") {
    ConnectionFixture f;
    RawPeer& peer = f.accept();
    peer.send_hex("20 06 00 00 03 21 00 02");
    REQUIRE(f.wait([&] { return f.sink.connected == 1; }));
    CHECK(f.connection->limits().receive_maximum == 2);
    const PublishRequest request{.topic = "a", .qos = QoS::at_least_once};
    CHECK(f.connection->publish(request).status == SendStatus::sent);
    CHECK(f.connection->publish(request).status == SendStatus::sent);
    CHECK(f.connection->publish(request).status == SendStatus::no_quota);
    CHECK(!f.connection->has_send_quota());
    REQUIRE(f.wait([&] { return peer.frames().size() == 3; }));
    peer.send_hex("40 02 00 01");
    REQUIRE(f.wait([&] { return f.sink.quota == 1; }));
    CHECK(f.connection->has_send_quota());
}

TEST_CASE("connection: messages arrive and are acknowledged, later ones too [MQTT-4.6.0-2]") {
    ConnectionFixture f;
    RawPeer& peer = f.connect();
    peer.send_hex("30 05 00 01 61 00 78");
    peer.send_hex("32 07 00 01 61 00 07 00 79");
    REQUIRE(f.wait([&] { return peer.frames().size() == 2; }));
    CHECK(f.sink.messages == std::vector<std::string>{"a=x", "a=y"});
    CHECK(peer.packet<Ack>(1).type == PacketType::puback);
    CHECK(peer.packet<Ack>(1).id == 7);

    f.sink.decision = AckDecision::later();
    peer.send_hex("32 07 00 01 61 00 08 00 7A");
    REQUIRE(f.wait([&] { return f.sink.messages.size() == 3; }));
    CHECK(peer.frames().size() == 2);
    f.connection->acknowledge(f.sink.last_id, ReasonCode::not_authorized);
    REQUIRE(f.wait([&] { return peer.frames().size() == 3; }));
    CHECK(peer.packet<Ack>(2).reason == ReasonCode::not_authorized);
}

TEST_CASE("connection: a duplicate of QoS 2 is acknowledged, not redelivered [MQTT-4.3.3-10]") {
    ConnectionFixture f;
    RawPeer& peer = f.connect();
    peer.send_hex("34 07 00 01 61 00 07 00 79");
    peer.send_hex("3C 07 00 01 61 00 07 00 79");
    REQUIRE(f.wait([&] { return peer.packet_names() == "CONNECT PUBREC PUBREC"; }));
    CHECK(f.sink.messages.size() == 1);
    peer.send_hex("62 02 00 07");
    REQUIRE(f.wait([&] { return peer.packet_names() == "CONNECT PUBREC PUBREC PUBCOMP"; }));
}

TEST_CASE("connection: an external session survives and is resent with DUP [MQTT-4.4.0-1]") {
    ClientSession kept;
    ConnectionFixture f;
    f.session = &kept;
    f.options.clean_start = false;
    RawPeer& first = f.connect();
    const PublishRequest request{
        .topic = "a", .payload = as_bytes("m"), .qos = QoS::at_least_once, .keep = true};
    f.connection->publish(request, 5);
    REQUIRE(f.wait([&] { return first.frames().size() == 2; }));
    first.abort();
    REQUIRE(f.wait([&] { return f.sink.closed == 1; }));
    CHECK(kept.outgoing_count() == 1);

    RawPeer& second = f.accept();
    second.send_hex("20 03 01 00 00");
    REQUIRE(f.wait([&] { return second.frames().size() == 2; }));
    CHECK(f.sink.session_present);
    CHECK(second.packet<Publish>(1).dup);
    second.send_hex("40 02 00 01");
    REQUIRE(f.wait([&] { return !f.sink.delivered.empty(); }));
    CHECK(f.sink.delivered[0] == "1:5:success");
    CHECK(kept.outgoing_count() == 0);
}

TEST_CASE("connection: disconnect sends all that is staged, then DISCONNECT [MQTT-3.14.4-1]") {
    ConnectionFixture f;
    RawPeer& peer = f.connect();
    const std::string large(2'000'000, 'x');
    for (int i = 0; i < 4; ++i)
        f.connection->publish({.topic = "a", .payload = as_bytes(large)});
    f.connection->disconnect(ReasonCode::disconnect_with_will_message);
    CHECK(f.connection->publish({.topic = "a"}).status == SendStatus::not_connected);
    REQUIRE(f.wait([&] { return f.sink.closed == 1; }));
    CHECK(!f.sink.error);
    CHECK(peer.packet_names() == "CONNECT PUBLISH PUBLISH PUBLISH PUBLISH DISCONNECT");
    CHECK(peer.packet<Disconnect>(5).reason == ReasonCode::disconnect_with_will_message);
    CHECK(f.connection->step() == ConnectionStep::closed);
}

TEST_CASE("connection: a blocked socket is told of, and when it drains") {
    ConnectionFixture f;
    RawPeer& peer = f.connect();
    peer.go_deaf();
    const std::string large(1'000'000, 'x');
    while (!f.connection->is_blocked()) {
        f.connection->publish({.topic = "a", .payload = as_bytes(large)});
        f.connection->flush();
    }
    CHECK(f.connection->backlog_bytes() > 0);
    peer.listen_again();
    REQUIRE(f.wait([&] { return f.sink.writable == 1; }));
    CHECK(f.connection->backlog_bytes() == 0);
}

TEST_CASE("connection: anything may be done to it from inside its callbacks") {
    SUBCASE("destroyed in on_connected") {
        ConnectionFixture f;
        f.sink.when_connected = [&] { f.connection.reset(); };
        RawPeer& peer = f.accept();
        peer.send_hex("20 03 00 00 00  30 05 00 01 61 00 78");
        REQUIRE(f.wait([&] { return peer.is_closed; }));
        CHECK(f.sink.messages.empty());
    }
    SUBCASE("destroyed in on_publish, with more packets behind") {
        ConnectionFixture f;
        f.sink.when_published = [&] { f.connection.reset(); };
        RawPeer& peer = f.connect();
        peer.send_hex("30 05 00 01 61 00 78  30 05 00 01 61 00 78");
        REQUIRE(f.wait([&] { return peer.is_closed; }));
        CHECK(f.sink.messages.size() == 1);
    }
    SUBCASE("opened again in on_closed") {
        ConnectionFixture f;
        f.sink.when_closed = [&] {
            if (f.sink.closed == 1) CHECK(f.connection->open(f.options).ok());
        };
        f.connect().abort();
        REQUIRE(f.wait([&] { return f.broker.peers.size() == 2; }));
        f.sink.when_closed = nullptr;
    }
    SUBCASE("aborted and opened again in on_publish") {
        ConnectionFixture f;
        f.sink.when_published = [&] {
            f.connection->abort();
            CHECK(f.connection->open(f.options).ok());
        };
        f.connect().send_hex("30 05 00 01 61 00 78  30 05 00 01 61 00 78");
        REQUIRE(f.wait([&] { return f.broker.peers.size() == 2; }));
        CHECK(f.sink.messages.size() == 1);
        CHECK(f.sink.closed == 0);
    }
    SUBCASE("disconnected while connecting") {
        ConnectionFixture f;
        REQUIRE(f.connection->open(f.options).ok());
        f.connection->disconnect();
        CHECK(f.sink.closed == 0);
        REQUIRE(f.wait([&] { return f.sink.closed == 1; }));
        CHECK(!f.sink.error);
    }
    SUBCASE("destroyed while connecting") {
        ConnectionFixture f;
        REQUIRE(f.connection->open(f.options).ok());
        f.connection.reset();
        f.test_loop.run_one();
        CHECK(f.sink.closed == 0);
    }
}

TEST_CASE("connection: options that contradict each other are refused at once") {
    ConnectionFixture f;
    f.options.keep_alive = std::chrono::seconds(70'000);
    CHECK(f.connection->open(f.options).error().code == Errc::invalid_argument);
    f.options.keep_alive = std::chrono::seconds(1);
    f.options.version = ProtocolVersion::v3_1_1;
    f.options.clean_start = false;
    f.options.client_id.clear();
    CHECK(f.connection->open(f.options).error().code ==
          Errc::invalid_argument);  // [MQTT311-3.1.3-7]
    f.options.clean_start = true;
    f.options.password = "p";
    CHECK(f.connection->open(f.options).error().code ==
          Errc::invalid_argument);  // [MQTT311-3.1.2-22]
    f.options.user_name = "u";
    CHECK(f.connection->open(f.options).ok());
}

TEST_CASE("connection: every packet is told of, in either direction, before what it brings about") {
    ConnectionFixture f;
    std::vector<std::string> lines;
    const PacketSink sink = [&](const PacketEvent& event) {
        lines.push_back(core::describe(event) + ", " + std::to_string(f.sink.messages.size()));
    };
    f.connection->set_packet_sink(&sink);
    RawPeer& peer = f.connect();
    peer.send_hex("32 07 00 01 61 00 07 00 79 32 07 00 01 61 00 08 00 79");
    REQUIRE(f.wait([&] { return peer.frames().size() == 3; }));
    REQUIRE(lines.size() == 6);
    CHECK(lines[0].starts_with("sending CONNECT"));
    CHECK(lines[1].starts_with("received CONNACK"));
    CHECK(lines[2] == "received PUBLISH q1 r0 d0 id 7 'a' 1 bytes, 0");
    CHECK(lines[3] == "received PUBLISH q1 r0 d0 id 8 'a' 1 bytes, 1");
    CHECK(lines[4].starts_with("sending PUBACK id 7"));
    CHECK(lines[5].starts_with("sending PUBACK id 8"));
}
