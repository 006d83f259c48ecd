// PUBLISH through the broker: QoS both ways, overlap, identifiers, aliases, expiry, refusals.
#include <doctest/doctest.h>

#include "support/test_broker.hpp"

using namespace ::test;

namespace {

SubscriptionOptions qos(QoS level) {
    return {.qos = level};
}

}  // namespace

TEST_CASE("publish: the lower QoS of publisher and subscription counts [MQTT-3.8.4-8]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        for (int granted = 0; granted <= 2; ++granted) {
            for (int sent = 0; sent <= 2; ++sent) {
                RawClient sub = broker.client("sub");
                sub.subscribe("t", qos(static_cast<QoS>(granted)));
                RawClient pub = broker.client("pub");
                const PacketId id = sent == 0 ? PacketId(0) : PacketId(5);
                pub.publish("t", "x", static_cast<QoS>(sent), id);
                const Publish got = sub.expect_publish("t", "x");
                CHECK(static_cast<int>(got.qos) == std::min(granted, sent));
                CHECK_FALSE(got.dup);
            }
        }
    }
}

TEST_CASE("publish: QoS 2 both ways ends with PUBCOMP [MQTT-4.3.3-2] [MQTT-4.3.3-8]") {
    TestBroker broker;
    RawClient sub = broker.client("sub");
    sub.subscribe("t", QoS::exactly_once);
    RawClient pub = broker.client("pub");
    pub.publish("t", "once", QoS::exactly_once, 9);
    CHECK(pub.expect<Ack>().type == PacketType::pubrec);
    // Delivered before PUBREL, as mosquitto 2 does not: the standard allows both.
    const Publish got = sub.expect_publish("t", "once");
    sub.ack(PacketType::pubrec, got.id);
    CHECK(sub.expect<Ack>().type == PacketType::pubrel);
    sub.ack(PacketType::pubcomp, got.id);
    pub.ack(PacketType::pubrel, 9);
    const Ack done = pub.expect<Ack>();
    CHECK(done.type == PacketType::pubcomp);
    CHECK(done.id == 9);
    sub.expect_silence();
}

TEST_CASE("publish: duplicate QoS 2 is acknowledged, not redelivered [MQTT-4.3.3-10]") {
    TestBroker broker;
    RawClient sub = broker.client("sub");
    sub.subscribe("t");
    RawClient pub = broker.client("pub");
    pub.publish("t", "x", QoS::exactly_once, 3);
    pub.expect<Ack>();
    pub.send(Publish{true, QoS::exactly_once, false, 3, "t", {}, as_bytes("x")});
    CHECK(pub.expect<Ack>().type == PacketType::pubrec);
    sub.expect_publish("t", "x");
    sub.expect_silence();
}

TEST_CASE(
    "publish: overlapping subscriptions give one copy, highest QoS, all identifiers "
    "[MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4] [MQTT-3.3.4-5]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient sub = broker.client("sub");
        sub.subscribe("a/#", qos(QoS::at_most_once), 11);
        sub.subscribe("a/+", qos(QoS::at_least_once), 22);
        sub.subscribe("a/b", qos(QoS::at_most_once));
        RawClient pub = broker.client("pub");
        pub.publish_acked("a/b", "x");
        const Publish got = sub.expect_publish("a/b", "x");
        CHECK(got.qos == QoS::at_least_once);
        std::vector<std::uint32_t> ids;
        for (const PropertyView& property : got.properties) {
            if (property.info->id == PropertyId::subscription_identifier) {
                ids.push_back(property.number);
            }
        }
        std::sort(ids.begin(), ids.end());
        CHECK(ids == std::vector<std::uint32_t>{11, 22});
        sub.ack(PacketType::puback, got.id).expect_silence();
    }
}

TEST_CASE("publish: No Local keeps a client's messages from itself [MQTT-3.8.3-3]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient self = broker.client("self");
        self.subscribe("t", {.no_local = true});
        RawClient other = broker.client("other");
        self.publish("t", "mine");
        other.publish("t", "theirs");
        self.expect_publish("t", "theirs");
        self.expect_silence();
    }
}

TEST_CASE("publish: $-topics are kept from leading wildcards [MQTT-4.7.2-1]") {
    TestBroker broker;
    RawClient all = broker.client("all");
    all.subscribe("#");
    all.subscribe("+/monitor");
    RawClient exact = broker.client("exact");
    exact.subscribe("$mine/#");
    RawClient pub = broker.client("pub");
    pub.publish_acked("$mine/monitor", "x");
    exact.expect_publish("$mine/monitor", "x");
    all.expect_silence();
}

TEST_CASE("publish: nobody subscribed is told by 0x10 [MQTT-3.4.2-1]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        CHECK(pub.publish_acked("t", "x") == ReasonCode::no_matching_subscribers);
        pub.publish("t", "x", QoS::exactly_once, 77);
        CHECK(pub.expect<Ack>().reason == ReasonCode::no_matching_subscribers);
        RawClient sub = broker.client("sub");
        sub.subscribe("t");
        CHECK(pub.publish_acked("t", "x") == ReasonCode::success);
    }
}

TEST_CASE("publish: into $SYS is refused by 0x87, acknowledged and dropped for 3.1.1") {
    TestBroker broker;
    RawClient sub = broker.client("sub");
    sub.subscribe("$SYS/#");
    RawClient pub = broker.client("pub");
    CHECK(pub.publish_acked("$SYS/broker/version", "x") == ReasonCode::not_authorized);
    RawClient old = broker.client("old", ProtocolVersion::v3_1_1);
    CHECK(old.publish_acked("$SYS/x", "x") == ReasonCode::success);
    sub.expect_silence();
    CHECK(broker->stats().publishes_refused == 2);
}

TEST_CASE(
    "publish: properties travel unchanged and in order [MQTT-3.3.2-17] [MQTT-3.3.2-18] "
    "[MQTT-3.3.2-20]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient sub = broker.client("sub");
        sub.subscribe("t");
        RawClient pub = broker.client("pub");
        PropertyList sent;
        sent.add_user("k", "1").add(PropertyId::content_type, "text").add_user("k", "2");
        sent.add(PropertyId::response_topic, "r").add(PropertyId::correlation_data, "\x01\x02");
        pub.publish("t", "x", QoS::at_most_once, 0, false, sent.view());
        const Publish got = sub.expect_publish("t", "x");
        CHECK(as_text(got.properties.raw()) == as_text(sent.view().raw()));
    }
}

TEST_CASE("publish: an alias of the sender is not passed on [MQTT-3.3.2-7]") {
    TestBroker broker;
    RawClient sub = broker.client("sub");
    sub.subscribe("t");
    RawClient pub = broker.client("pub");
    PropertyList alias;
    alias.add(PropertyId::topic_alias, 1u);
    pub.publish("t", "1", QoS::at_most_once, 0, false, alias.view());
    pub.publish("", "2", QoS::at_most_once, 0, false, alias.view());
    CHECK(sub.expect_publish("t", "1").properties.empty());
    CHECK(sub.expect_publish("t", "2").properties.empty());
}

TEST_CASE("publish: aliases to a receiver stay within its maximum [MQTT-3.1.2-26]") {
    TestBroker broker;
    PropertyList wishes;
    wishes.add(PropertyId::topic_alias_maximum, 1u);
    RawClient sub = broker.client();
    sub.connect({.client_id = "sub", .properties = wishes.view()});
    sub.subscribe("#");
    RawClient pub = broker.client("pub");
    for (int i = 0; i < 3; ++i)
        pub.publish("long/topic", "x");
    pub.publish("other", "y");
    int defined = 0;
    for (int i = 0; i < 4; ++i) {
        const Publish got = sub.expect<Publish>();
        const std::uint32_t alias = got.properties.number_or(PropertyId::topic_alias, 0);
        CHECK(alias <= 1);
        if (got.topic.empty()) CHECK(alias == 1);
        if (alias != 0 && !got.topic.empty()) ++defined;
    }
    CHECK(defined <= 2);
}

TEST_CASE("publish: a listener gives no more aliases than it is to, whatever its clients keep") {
    for (const std::uint16_t most : {std::uint16_t{0}, std::uint16_t{2}}) {
        BrokerConfig config = loopback();
        config.listeners[0].limits.outgoing_topic_alias_maximum = most;
        TestBroker broker(std::move(config));
        PropertyList wishes;
        wishes.add(PropertyId::topic_alias_maximum, 10u);
        RawClient sub = broker.client();
        sub.connect({.client_id = "sub", .properties = wishes.view()});
        sub.subscribe("#");
        RawClient pub = broker.client("pub");
        std::uint32_t highest = 0;
        for (const char* topic : {"topic/a", "topic/b", "topic/c"}) {
            for (int i = 0; i < 3; ++i) {
                pub.publish_acked(topic, "x");
                const Publish got = sub.expect<Publish>();
                highest = std::max(highest, got.properties.number_or(PropertyId::topic_alias, 0));
            }
        }
        CHECK(highest == most);
    }
}

TEST_CASE(
    "publish: message expiry is counted down, and ends a queued message [MQTT-3.3.2-5] "
    "[MQTT-3.3.2-6]") {
    TestBroker broker;
    PropertyList kept;
    kept.add(PropertyId::session_expiry_interval, 100u);
    {
        RawClient sub = broker.client();
        sub.connect({.client_id = "sub", .properties = kept.view()});
        sub.subscribe("t", QoS::at_least_once);
        sub.send(Disconnect{}).expect_closed();
    }
    RawClient pub = broker.client("pub");
    PropertyList one_second;
    PropertyList long_time;
    one_second.add(PropertyId::message_expiry_interval, 1u);
    long_time.add(PropertyId::message_expiry_interval, 100u);
    pub.publish_acked("t", "short", false, one_second.view());
    pub.publish_acked("t", "long", false, long_time.view());
    const auto published = Clock::now();
    CHECK(eventually([&] { return Clock::now() - published > std::chrono::milliseconds(1200); }));
    RawClient sub = broker.client();
    CHECK(sub.connect({.client_id = "sub", .clean_start = false, .properties = kept.view()})
              .session_present);
    const Publish got = sub.expect_publish("t", "long");
    const auto left = got.properties.number(PropertyId::message_expiry_interval);
    REQUIRE(left.has_value());
    CHECK(*left < 100);
    CHECK(*left > 80);
    CHECK(broker->stats().messages_expired == 1);
}

TEST_CASE(
    "publish: what is over a receiver's Maximum Packet Size is dropped for it alone "
    "[MQTT-3.1.2-24] [MQTT-3.1.2-25]") {
    TestBroker broker;
    PropertyList small;
    small.add(PropertyId::maximum_packet_size, 50u);
    RawClient little = broker.client();
    little.connect({.client_id = "little", .properties = small.view()});
    little.subscribe("t", QoS::at_least_once);
    RawClient big = broker.client("big");
    big.subscribe("t");
    RawClient pub = broker.client("pub");
    pub.publish_acked("t", std::string(100, 'x'));
    pub.publish_acked("t", "small");
    big.expect_publish("t", std::string(100, 'x'));
    little.expect_publish("t", "small");
    CHECK(broker->stats().dropped_too_large == 1);
}

TEST_CASE("publish: over our Maximum Packet Size ends the connection with 0x95 [MQTT-3.2.2-15]") {
    BrokerConfig config = loopback();
    config.listeners[0].limits.maximum_packet_size = 100;
    TestBroker broker(config);
    RawClient client = broker.client("x");
    client.send_hex("30 ff ff 03 00 01 61");
    CHECK(client.expect<Disconnect>().reason == ReasonCode::packet_too_large);
    client.expect_closed();
}

TEST_CASE("publish: large payloads reach all subscribers, whatever their QoS") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        const std::string big(3'000'000, 'b');
        RawClient zero = broker.client("zero");
        zero.subscribe("t");
        RawClient one = broker.client("one");
        one.subscribe("t", QoS::at_least_once);
        RawClient old = broker.client("old", ProtocolVersion::v3_1_1);
        old.subscribe("t");
        RawClient pub = broker.client("pub");
        pub.publish("t", big, QoS::at_least_once, 1);
        zero.expect_publish("t", big);
        one.expect_publish("t", big);
        old.expect_publish("t", big);
        CHECK(pub.expect<Ack>().id == 1);
    }
}

TEST_CASE("publish: an empty payload and an empty level are ordinary") {
    TestBroker broker;
    RawClient sub = broker.client("sub");
    sub.subscribe("/+//x");
    RawClient pub = broker.client("pub");
    pub.publish("/a//x", "");
    sub.expect_publish("/a//x", "");
}

TEST_CASE(
    "publish: to a client's Receive Maximum, not beyond; the rest follows its acks "
    "[MQTT-3.3.4-9] [MQTT-4.9.0-2]") {
    TestBroker broker;
    PropertyList two;
    two.add(PropertyId::receive_maximum, 2u);
    RawClient sub = broker.client();
    sub.connect({.client_id = "sub", .properties = two.view()});
    sub.subscribe("t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    for (const char* payload : {"1", "2", "3", "4"})
        pub.publish_acked("t", payload);
    const PacketId first = sub.expect_publish("t", "1").id;
    const PacketId second = sub.expect_publish("t", "2").id;
    sub.expect_silence();
    sub.ack(PacketType::puback, first);
    const PacketId third = sub.expect_publish("t", "3").id;
    sub.ack(PacketType::puback, second).ack(PacketType::puback, third);
    sub.expect_publish("t", "4");
}

TEST_CASE("publish: exceeding our Receive Maximum is 0x93 [MQTT-3.3.4-8]") {
    BrokerConfig config = loopback();
    config.listeners[0].limits.receive_maximum = 2;
    TestBroker broker(config);
    RawClient pub = broker.client("pub");
    for (PacketId id = 1; id <= 3; ++id)
        pub.publish("t", "x", QoS::exactly_once, id);
    CHECK(pub.expect<Ack>().id == 1);
    CHECK(pub.expect<Ack>().id == 2);
    CHECK(pub.expect<Disconnect>().reason == ReasonCode::receive_maximum_exceeded);
    pub.expect_closed();
}

TEST_CASE("publish: rights are asked for topic and filter, and refusals told [MQTT-3.8.4-7]") {
    BrokerConfig config = loopback();
    config.authorize = [](const AccessRequest& request) {
        return request.topic != "secret" && request.client_id != "nobody";
    };
    TestBroker broker(config);
    RawClient client = broker.client("c");
    CHECK(client.subscribe("secret")[0] == ReasonCode::not_authorized);
    CHECK(client.subscribe("open")[0] == ReasonCode::success);
    CHECK(client.publish_acked("secret", "x") == ReasonCode::not_authorized);
    RawClient other = broker.client("other");
    CHECK(other.publish_acked("open", "x") == ReasonCode::success);
    client.expect_publish("open", "x");
}
