// CONNECT: client ids, take-over, limits, what CONNACK tells, strangers.
#include <doctest/doctest.h>

#include "support/test_broker.hpp"

using namespace ::test;

TEST_CASE("connect: 5.0 without a client id gets one assigned [MQTT-3.1.3-6] [MQTT-3.2.2-16]") {
    TestBroker broker;
    RawClient client = broker.client();
    const Connack connack = client.connect("");
    const auto id = connack.properties.text(PropertyId::assigned_client_identifier);
    REQUIRE(id.has_value());
    CHECK(id->size() > 8);
}

TEST_CASE(
    "connect: 3.1.1 without a client id needs Clean Session [MQTT311-3.1.3-7] [MQTT311-3.1.3-8]") {
    TestBroker broker;
    RawClient clean = broker.client(ProtocolVersion::v3_1_1);
    clean.connect("");
    RawClient kept = broker.client(ProtocolVersion::v3_1_1);
    kept.send_connect({.client_id = "", .clean_start = false});
    CHECK(kept.expect<Connack>().reason == ReasonCode::client_identifier_not_valid);
    kept.expect_closed();
}

TEST_CASE("connect: an unknown protocol level is refused by CONNACK 1 [MQTT311-3.1.2-2]") {
    TestBroker broker;
    RawClient client = broker.client(ProtocolVersion::v3_1_1);
    client.send_hex("10 0d 0004 4d515454 09 02 003c 0001 61");
    CHECK(client.expect<Connack>().reason == ReasonCode::unsupported_protocol_version);
    client.expect_closed();
}

TEST_CASE("connect: the first packet must be CONNECT [MQTT-3.1.0-1]") {
    TestBroker broker;
    RawClient client = broker.client();
    client.send(Pingreq{});
    client.expect_closed();
}

TEST_CASE("connect: a second CONNECT ends the connection [MQTT-3.1.0-2]") {
    TestBroker broker;
    RawClient client = broker.client("twice");
    client.send_connect({.client_id = "twice"});
    CHECK(client.expect<Disconnect>().reason == ReasonCode::protocol_error);
    client.expect_closed();
}

TEST_CASE("connect: a second connection takes the session over [MQTT-3.1.4-3]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient first = broker.client("same");
        RawClient second = broker.client("same");
        CHECK(first.expect<Disconnect>().reason == ReasonCode::session_taken_over);
        first.expect_closed();
        second.expect_silence();
        CHECK(broker->stats().clients_connected == 1);
    }
}

TEST_CASE("connect: 3.1.1 is closed without a word when taken over [MQTT311-3.1.4-2]") {
    TestBroker broker;
    RawClient first = broker.client("same", ProtocolVersion::v3_1_1);
    RawClient second = broker.client("same", ProtocolVersion::v3_1_1);
    first.expect_closed();
    second.expect_silence();
}

TEST_CASE("connect: packets sent behind CONNECT are handled after it [MQTT-3.1.4-6]") {
    TestBroker broker;
    RawClient client = broker.client();
    client.send_connect({.client_id = "eager"}).publish("a", "1", QoS::at_least_once, 7);
    CHECK(client.expect<Connack>().reason == ReasonCode::success);
    CHECK(client.expect<Ack>().id == 7);
}

TEST_CASE("connect: CONNACK tells the limits of the listener [MQTT-3.2.2-9]") {
    BrokerConfig config = loopback();
    config.listeners[0].limits.maximum_qos = QoS::at_least_once;
    config.listeners[0].limits.retain_available = false;
    config.listeners[0].limits.maximum_packet_size = 5000;
    config.listeners[0].limits.receive_maximum = 7;
    config.listeners[0].limits.topic_alias_maximum = 3;
    config.maximum_keep_alive = 30;
    config.maximum_session_expiry = 100;
    TestBroker broker(config);
    PropertyList wishes;
    wishes.add(PropertyId::session_expiry_interval, 1000u);
    RawClient client = broker.client();
    const Properties told =
        client.connect({.client_id = "x", .properties = wishes.view()}).properties;
    CHECK(told.number(PropertyId::maximum_qos) == 1u);
    CHECK(told.number(PropertyId::retain_available) == 0u);
    CHECK(told.number(PropertyId::maximum_packet_size) == 5000u);
    CHECK(told.number(PropertyId::receive_maximum) == 7u);
    CHECK(told.number(PropertyId::topic_alias_maximum) == 3u);
    CHECK(told.number(PropertyId::server_keep_alive) == 30u);
    CHECK(told.number(PropertyId::session_expiry_interval) == 100u);
}

TEST_CASE("connect: extended authentication is refused by 0x8C [MQTT-4.12.0-1]") {
    TestBroker broker;
    PropertyList properties;
    properties.add(PropertyId::authentication_method, "SCRAM-SHA-1");
    RawClient client = broker.client();
    client.send_connect({.client_id = "x", .properties = properties.view()});
    CHECK(client.expect<Connack>().reason == ReasonCode::bad_authentication_method);
    client.expect_closed();
}

TEST_CASE("connect: who does not send CONNECT in time is cut off, whatever trickles in") {
    BrokerConfig config = loopback();
    config.connect_timeout = std::chrono::milliseconds(200);
    TestBroker broker(config);
    RawClient silent = broker.client();
    RawClient slow = broker.client();
    slow.send_hex("10 20 00");
    silent.expect_closed();
    slow.expect_closed();
    CHECK(eventually([&] { return broker->stats().sockets == 0; }));
}

TEST_CASE("connect: a CONNECT over the limit before login is refused") {
    BrokerConfig config = loopback();
    config.listeners[0].limits.maximum_connect_packet_size = 100;
    TestBroker broker(config);
    RawClient client = broker.client();
    client.send_hex("10 ff 7f 00 04 4d 51 54 54 05");
    client.expect_closed();
}

TEST_CASE("connect: over the connection limit the newcomer is closed") {
    BrokerConfig config = loopback();
    config.maximum_connections = 1;
    TestBroker broker(config);
    RawClient first = broker.client("one");
    RawClient second = broker.client();
    second.expect_closed();
    first.expect_silence();
    CHECK(broker->stats().connections_refused == 1);
}

TEST_CASE("connect: authentication decides, with user name and password [MQTT-3.1.4-2]") {
    BrokerConfig config = loopback();
    config.authenticate = [](const LoginRequest& login) {
        const bool known =
            login.user_name == "bob" && login.password && as_text(*login.password) == "secret";
        return known ? ReasonCode::success : ReasonCode::bad_user_name_or_password;
    };
    TestBroker broker(config);
    RawClient stranger = broker.client();
    stranger.send_connect({.client_id = "s"});
    CHECK(stranger.expect<Connack>().reason == ReasonCode::bad_user_name_or_password);
    stranger.expect_closed();
    RawClient bob = broker.client();
    bob.connect({.client_id = "b", .user_name = "bob", .password = "secret"});
    bob.expect_silence();
}

TEST_CASE("connect: who failed authentication does not take over [MQTT-3.1.4-2] [MQTT-3.1.4-3]") {
    BrokerConfig config = loopback();
    config.authenticate = [](const LoginRequest& login) {
        return login.user_name ? ReasonCode::success : ReasonCode::not_authorized;
    };
    TestBroker broker(config);
    RawClient owner = broker.client();
    owner.connect({.client_id = "mine", .user_name = "me"});
    RawClient thief = broker.client();
    thief.send_connect({.client_id = "mine"});
    CHECK(thief.expect<Connack>().reason == ReasonCode::not_authorized);
    owner.expect_silence();
}
