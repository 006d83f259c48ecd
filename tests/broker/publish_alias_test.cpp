// Publishers that use topic aliases: what each kind of receiver gets is a packet that nobody has sent in
// this form. Every topic has one receiver; fan-out is in publish_test.
#include <doctest/doctest.h>

#include "support/test_broker.hpp"

using namespace ::test;

namespace {

// The topic first, then the message by alias alone.
void publish_by_alias(RawClient& pub, std::string_view payload, const PropertyList& more = {},
                      bool retain = false) {
    PropertyList alias;
    alias.add(PropertyId::topic_alias, 1u);
    pub.publish("a", "first", QoS::at_most_once, 0, false, alias.view());
    PropertyList properties = more;
    properties.add(PropertyId::topic_alias, 1u);
    pub.publish("", payload, QoS::at_most_once, 0, retain, properties.view());
}

PropertyList something_said() {
    PropertyList said;
    said.add_user("k", "v").add(PropertyId::content_type, "c");
    return said;
}

}  // namespace

TEST_CASE("alias: what else the publisher said goes along [MQTT-3.3.2-17] [MQTT-3.3.2-18]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient sub = broker.client("sub");
        sub.subscribe("a");
        RawClient pub = broker.client("pub");
        const PropertyList said = something_said();
        publish_by_alias(pub, "x", said);
        sub.expect_publish("a", "first");
        CHECK(as_text(sub.expect_publish("a", "x").properties.raw()) == as_text(said.view().raw()));
    }
}

TEST_CASE("alias: receivers of 3.1.1 get topic and payload") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient sub = broker.client("sub", ProtocolVersion::v3_1_1);
        sub.subscribe("a");
        RawClient pub = broker.client("pub");
        publish_by_alias(pub, "x", something_said());
        sub.expect_publish("a", "first");
        sub.expect_publish("a", "x");
    }
}

TEST_CASE("alias: RETAIN is for who wants it [MQTT-3.3.1-12] [MQTT-3.3.1-13]") {
    for (const bool wanted : {false, true}) {
        TestBroker broker;
        RawClient sub = broker.client("sub");
        sub.subscribe("a", {.retain_as_published = wanted});
        RawClient pub = broker.client("pub");
        publish_by_alias(pub, "x", {}, true);
        CHECK(!sub.expect_publish("a", "first").retain);
        CHECK(sub.expect_publish("a", "x").retain == wanted);
    }
}

TEST_CASE("alias: up to a receiver's Maximum Packet Size and no further [MQTT-3.1.2-24]") {
    constexpr std::uint32_t kMost = 60;
    TestBroker broker;
    PropertyList small;
    small.add(PropertyId::maximum_packet_size, kMost);
    RawClient sub = broker.client();
    sub.connect({.client_id = "sub", .properties = small.view()});
    sub.subscribe("a");
    RawClient pub = broker.client("pub");
    const std::string fits(kMost - 6, 'x');  // header 2, topic 3, no properties 1
    publish_by_alias(pub, fits);
    publish_by_alias(pub, fits + "x");
    publish_by_alias(pub, "last");
    sub.expect_publish("a", "first");
    sub.expect_publish("a", fits);
    sub.expect_publish("a", "first");
    sub.expect_publish("a", "first");
    sub.expect_publish("a", "last");
    CHECK(broker->stats().dropped_too_large == 1);
}

TEST_CASE("alias: expiry and subscription identifiers are told [MQTT-3.3.2-6] [MQTT-3.3.4-3]") {
    TestBroker broker;
    RawClient sub = broker.client("sub");
    sub.subscribe("a", {}, 7);
    RawClient pub = broker.client("pub");
    PropertyList expiry;
    expiry.add(PropertyId::message_expiry_interval, 100u);
    publish_by_alias(pub, "x", expiry);
    CHECK(sub.expect_publish("a", "first").properties.number(PropertyId::subscription_identifier) ==
          7u);
    const Publish got = sub.expect_publish("a", "x");
    CHECK(got.properties.number(PropertyId::subscription_identifier) == 7u);
    CHECK(got.properties.number_or(PropertyId::message_expiry_interval, 0) > 90u);
    CHECK(!got.properties.number(PropertyId::topic_alias));
}

TEST_CASE("alias: payloads of any size") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient sub = broker.client("sub");
        sub.subscribe("a");
        RawClient pub = broker.client("pub");
        for (const std::size_t size : {0u, 2047u, 2048u, 5000u, 70'000u}) {
            const std::string payload(size, 'x');
            publish_by_alias(pub, payload);
            sub.expect_publish("a", "first");
            sub.expect_publish("a", payload);
        }
    }
}
