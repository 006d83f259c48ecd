// SUBSCRIBE and UNSUBSCRIBE: answers, replacement, limits, wildcards.
#include <doctest/doctest.h>

#include "support/test_broker.hpp"

using namespace ::test;

TEST_CASE("subscribe: one code per filter, in order [MQTT-3.8.4-6] [MQTT-3.9.3-1]") {
    TestBroker broker;
    RawClient client = broker.client("c");
    FilterListBuilder filters(true);
    filters.add("a", {.qos = QoS::exactly_once}).add("b").add("c", {.qos = QoS::at_least_once});
    client.send(Subscribe{5, {}, filters.view()});
    const Suback suback = client.expect<Suback>();
    CHECK(suback.id == 5);
    CHECK(std::vector(suback.codes.begin(), suback.codes.end()) ==
          std::vector<std::uint8_t>{2, 0, 1});
}

TEST_CASE("subscribe: the same filter again replaces options and identifier [MQTT-3.8.4-3]") {
    TestBroker broker;
    RawClient client = broker.client("c");
    client.subscribe("t", {.qos = QoS::at_least_once}, 1);
    client.subscribe("t", {}, 2);
    RawClient pub = broker.client("pub");
    pub.publish_acked("t", "x");
    const Publish got = client.expect_publish("t", "x");
    CHECK(got.qos == QoS::at_most_once);
    CHECK(got.properties.number(PropertyId::subscription_identifier) == 2u);
    client.expect_silence();
    CHECK(broker->stats().subscriptions == 1);
}

TEST_CASE("subscribe: UNSUBACK tells whether there was one [MQTT-3.10.4-1] [MQTT-3.11.3-2]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient client = broker.client("c");
        client.subscribe("a/+");
        CHECK(client.unsubscribe("a/#")[0] == ReasonCode::no_subscription_existed);
        CHECK(client.unsubscribe("a/+")[0] == ReasonCode::success);
        RawClient pub = broker.client("pub");
        CHECK(pub.publish_acked("a/b", "x") == ReasonCode::no_matching_subscribers);
        client.expect_silence();
    }
}

TEST_CASE(
    "subscribe: what a listener does not offer is refused per filter "
    "[MQTT-3.2.2-9] [MQTT-3.9.3-2]") {
    BrokerConfig config = loopback();
    config.listeners[0].limits.wildcard_subscription_available = false;
    config.listeners[0].limits.shared_subscription_available = false;
    config.listeners[0].limits.maximum_qos = QoS::at_least_once;
    config.maximum_subscriptions = 2;
    TestBroker broker(config);
    RawClient client = broker.client("c");
    CHECK(client.subscribe("a/+")[0] == ReasonCode::wildcard_subscriptions_not_supported);
    CHECK(client.subscribe("$share/g/a")[0] == ReasonCode::shared_subscriptions_not_supported);
    CHECK(client.subscribe("a", QoS::exactly_once)[0] == ReasonCode::granted_qos_1);
    CHECK(client.subscribe("b")[0] == ReasonCode::success);
    CHECK(client.subscribe("c")[0] == ReasonCode::quota_exceeded);
}

TEST_CASE("subscribe: 3.1.1 hears of a refusal as 0x80 [MQTT311-3.9.3-2]") {
    BrokerConfig config = loopback();
    config.authorize = [](const AccessRequest&) { return false; };
    TestBroker broker(config);
    RawClient client = broker.client("c", ProtocolVersion::v3_1_1);
    CHECK(client.subscribe("a")[0] == ReasonCode::unspecified_error);
}

TEST_CASE("subscribe: '#' and '+' match as the standard says [MQTT-4.7.1-1] [MQTT-4.7.1-2]") {
    TestBroker broker;
    RawClient pub = broker.client("pub");
    const auto gets = [&](std::string_view filter, std::string_view topic) {
        RawClient sub = broker.client("sub");
        sub.subscribe(filter);
        const bool matched = pub.publish_acked(topic, "x") == ReasonCode::success;
        if (matched) sub.expect_publish(topic, "x");
        return matched;
    };
    CHECK(gets("sport/#", "sport"));
    CHECK(gets("sport/#", "sport/tennis/player1"));
    CHECK_FALSE(gets("sport/+", "sport"));
    CHECK(gets("sport/+", "sport/"));
    CHECK_FALSE(gets("+", "/finance"));
    CHECK(gets("+/+", "/finance"));
    CHECK(gets("/+", "/finance"));
    CHECK_FALSE(gets("SPORT", "sport"));
}

TEST_CASE(
    "subscribe: malformed requests end the connection [MQTT-3.8.3-2] [MQTT-3.8.3-4] "
    "[MQTT-4.8.2-1] [MQTT-4.8.2-2]") {
    TestBroker broker;
    const char* packets[] = {
        "82 03 0001 00",                                     // no filter
        "82 0a 0001 00 0004 612b2f62 00",                    // + within a level
        "82 0c 0001 00 0006 612f232f6220 00",                // # not last
        "82 10 0001 00 000a 2473686172652f2f7861 00",        // $share//xa
        "82 13 0001 00 000d 2473686172652f672f61626364 04",  // shared with No Local
    };
    for (const char* packet : packets) {
        RawClient client = broker.client("c");
        client.send_hex(packet);
        const Disconnect disconnect = client.expect<Disconnect>();
        CHECK(is_error(disconnect.reason));
        client.expect_closed();
    }
}
