// MQTT 5.0, chapter 3.2: CONNACK as a server sends it, and what it announces.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

TEST_CASE(
    "5.0 server: CONNACK has no reserved flags and a code of its table "
    "[MQTT-3.2.2-1] [MQTT-3.2.2-8]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    CHECK(client.last_bytes()[0] == 0x20);
    CHECK((client.last_bytes()[2] & 0xFE) == 0);
    CHECK(client.last_bytes()[3] == 0);
}

TEST_CASE(
    "5.0 server: a limited QoS is announced and enforced, subscriptions at any QoS are granted "
    "what there is [MQTT-3.2.2-9] [MQTT-3.2.2-10] [MQTT-3.2.2-11]" *
    only_own_broker()) {
    BrokerConfig config = loopback();
    config.listeners[0].limits.maximum_qos = QoS::at_least_once;
    SpecBroker broker(std::move(config));
    RawClient client = broker.client();
    CHECK(client.connect("c").properties.number(PropertyId::maximum_qos) == 1u);
    CHECK(client.subscribe("t", QoS::exactly_once)[0] == R::granted_qos_1);
    CHECK(client.subscribe("u", QoS::at_most_once)[0] == R::success);
    client.publish("t", "x", QoS::exactly_once, 5);
    expect_ended(client, {R::qos_not_supported});
}

TEST_CASE("5.0 server: where nothing is retained, RETAIN is refused [MQTT-3.2.2-14]" *
          only_own_broker()) {
    BrokerConfig config = loopback();
    config.listeners[0].limits.retain_available = false;
    SpecBroker broker(std::move(config));
    RawClient client = broker.client();
    CHECK(client.connect("c").properties.number(PropertyId::retain_available) == 0u);
    client.publish("t", "x", QoS::at_most_once, 0, true);
    expect_ended(client, {R::retain_not_supported});
}

TEST_CASE("5.0 server: what is over its Maximum Packet Size ends the connection [MQTT-3.2.2-15]" *
          only_own_broker()) {
    BrokerConfig config = loopback();
    config.listeners[0].limits.maximum_packet_size = 100;
    SpecBroker broker(std::move(config));
    RawClient client = broker.client();
    CHECK(client.connect("c").properties.number(PropertyId::maximum_packet_size) == 100u);
    client.publish("t", std::string(60, 'x')).expect_silence();
    client.publish("t", std::string(200, 'x'));
    expect_ended(client, {R::packet_too_large});
}

TEST_CASE(
    "5.0 server: Server Keep Alive replaces a wish that is too long, and is kept "
    "[MQTT-3.1.2-21] [MQTT-3.2.2-21]" *
    only_own_broker()) {
    BrokerConfig config = loopback();
    config.maximum_keep_alive = 1;
    SpecBroker broker(std::move(config));
    const auto begin = Clock::now();
    RawClient clients[] = {broker.client(), broker.client()};
    for (const std::uint16_t wish : {std::uint16_t{0}, std::uint16_t{600}}) {
        RawClient& client = clients[wish == 0 ? 0 : 1];
        const std::string id = "c" + std::to_string(wish);
        const Connack connack = client.connect({.client_id = id, .keep_alive = wish});
        CHECK(connack.properties.number(PropertyId::server_keep_alive) == 1u);
    }
    for (RawClient& client : clients)
        expect_ended(client, {R::keep_alive_timeout});
    CHECK(Clock::now() - begin >= std::chrono::milliseconds(1'400));
}

TEST_CASE("5.0 server: Response Information is told to those who ask for it [MQTT-3.1.2-28]" *
          only_own_broker()) {
    BrokerConfig config = loopback();
    config.response_information = "responses/%u/%c";
    SpecBroker broker(std::move(config));
    PropertyList ask;
    ask.add(PropertyId::request_response_information, 1u);
    RawClient asking = broker.client();
    const Connack told =
        asking.connect({.client_id = "me", .properties = ask.view(), .user_name = "bob"});
    CHECK(told.properties.text(PropertyId::response_information) == "responses/bob/me");
    PropertyList no;
    no.add(PropertyId::request_response_information, 0u);
    RawClient silent = broker.client();
    CHECK_FALSE(silent.connect({.client_id = "not", .properties = no.view()})
                    .properties.text(PropertyId::response_information));
}

TEST_CASE("5.0 server: without asking nobody gets Response Information [MQTT-3.1.2-28]") {
    SpecBroker broker;
    RawClient client = broker.client();
    CHECK_FALSE(client.connect(broker.id("c")).properties.text(PropertyId::response_information));
}

TEST_CASE(
    "5.0 server: a session that is kept shorter than wished is told so "
    "[MQTT-3.1.2-23] [5.0 section 3.2.2.3.2]" *
    only_own_broker()) {
    BrokerConfig config = loopback();
    config.maximum_session_expiry = 100;
    SpecBroker broker(std::move(config));
    PropertyList wish;
    wish.add(PropertyId::session_expiry_interval, 1000u);
    RawClient client = broker.client();
    CHECK(client.connect({.client_id = "c", .properties = wish.view()})
              .properties.number(PropertyId::session_expiry_interval) == 100u);
}

TEST_CASE(
    "5.0 server: CONNACK keeps to the client's Maximum Packet Size "
    "[MQTT-3.2.2-19] [MQTT-3.2.2-20]") {
    SpecBroker broker;
    PropertyList small;
    small.add(PropertyId::maximum_packet_size, 20u);
    small.add(PropertyId::authentication_method, "no such method");
    RawClient client = broker.client();
    client.send_connect({.client_id = broker.id("c"), .properties = small.view()});
    const auto packet = client.receive_unless_closed();
    if (packet) {
        CHECK(client.last_bytes().size() <= 20);
        CHECK(std::get<Connack>(*packet).reason != R::success);
    }
    client.expect_closed();
}
