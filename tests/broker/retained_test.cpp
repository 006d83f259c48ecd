// Retained messages: storing, replacing, removing, replay and its options.
#include <doctest/doctest.h>

#include <set>

#include "support/test_broker.hpp"

using namespace ::test;

TEST_CASE(
    "retained: kept for those who come later, with RETAIN set [MQTT-3.3.1-5] [MQTT-3.3.1-8]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        pub.publish_acked("a/b", "old", true);
        pub.publish_acked("a/b", "new", true);
        pub.publish_acked("a/c", "other", false);
        RawClient sub = broker.client("sub");
        sub.subscribe("a/#", QoS::at_least_once);
        const Publish got = sub.expect_publish("a/b", "new");
        CHECK(got.retain);
        CHECK(got.qos == QoS::at_least_once);
        sub.expect_silence();
        CHECK(broker->stats().retained_messages == 1);
    }
}

TEST_CASE("retained: an empty payload removes it and is not stored [MQTT-3.3.1-6] [MQTT-3.3.1-7]") {
    TestBroker broker;
    RawClient pub = broker.client("pub");
    pub.publish_acked("a", "x", true);
    pub.publish_acked("a", "", true);
    RawClient sub = broker.client("sub");
    sub.subscribe("a");
    sub.expect_silence();
    CHECK(broker->stats().retained_messages == 0);
}

TEST_CASE(
    "retained: live copies carry RETAIN only with Retain As Published "
    "[MQTT-3.3.1-12] [MQTT-3.3.1-13]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient plain = broker.client("plain");
        plain.subscribe("a");
        RawClient keeps = broker.client("keeps");
        keeps.subscribe("a", {.retain_as_published = true});
        RawClient pub = broker.client("pub");
        pub.publish("a", "x", QoS::at_most_once, 0, true);
        CHECK_FALSE(plain.expect_publish("a", "x").retain);
        CHECK(keeps.expect_publish("a", "x").retain);
    }
}

TEST_CASE("retained: Retain Handling 0, 1 and 2 [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]") {
    TestBroker broker;
    RawClient pub = broker.client("pub");
    pub.publish_acked("a", "x", true);
    RawClient sub = broker.client("sub");
    sub.subscribe("a", {.retain_handling = RetainHandling::never});
    sub.expect_silence();
    sub.subscribe("a", {.retain_handling = RetainHandling::if_new});
    sub.expect_silence();
    sub.subscribe("a", {.retain_handling = RetainHandling::always});
    sub.expect_publish("a", "x");
    sub.unsubscribe("a");
    sub.subscribe("a", {.retain_handling = RetainHandling::if_new});
    sub.expect_publish("a", "x");
}

TEST_CASE("retained: wildcards find what they match, not what begins with $ [MQTT-4.7.2-1]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        for (const char* topic : {"a", "a/b", "a/b/c", "a//c", "/a", "$x/b", "b"}) {
            pub.publish_acked(topic, topic, true);
        }
        const auto found = [&](std::string_view filter) {
            RawClient sub = broker.client("sub");
            sub.subscribe(filter);
            sub.send(Pingreq{});
            std::set<std::string> topics;
            for (;;) {
                const Packet packet = sub.receive();
                if (std::holds_alternative<Publish>(packet)) {
                    topics.insert(std::string(std::get<Publish>(packet).topic));
                } else if (std::holds_alternative<Pingresp>(packet)) {
                    return topics;
                }
            }
        };
        using Topics = std::set<std::string>;
        CHECK(found("#") == Topics{"a", "a/b", "a/b/c", "a//c", "/a", "b"});
        CHECK(found("a/#") == Topics{"a", "a/b", "a/b/c", "a//c"});
        CHECK(found("a/+/c") == Topics{"a/b/c", "a//c"});
        CHECK(found("+/b") == Topics{"a/b"});
        CHECK(found("+") == Topics{"a", "b"});
        CHECK(found("$x/+") == Topics{"$x/b"});
        CHECK(found("a/b/c/d") == Topics{});
    }
}

TEST_CASE(
    "retained: an expired message is not replayed, a living one tells what is left "
    "[MQTT-3.3.2-5] [MQTT-3.3.2-6]") {
    TestBroker broker;
    RawClient pub = broker.client("pub");
    PropertyList one_second;
    one_second.add(PropertyId::message_expiry_interval, 1u);
    pub.publish_acked("a", "x", true, one_second.view());
    RawClient early = broker.client("early");
    early.subscribe("a");
    CHECK(early.expect_publish("a", "x").properties.number(PropertyId::message_expiry_interval) ==
          1u);
    CHECK(eventually([&] {
        RawClient late = broker.client("late");
        late.subscribe("a");
        late.send(Pingreq{});
        return std::holds_alternative<Pingresp>(late.receive());
    }));
}

TEST_CASE("retained: shared subscriptions get none [5.0 section 4.8.2]") {
    TestBroker broker;
    RawClient pub = broker.client("pub");
    pub.publish_acked("a", "x", true);
    RawClient sub = broker.client("sub");
    sub.subscribe("$share/g/a");
    sub.expect_silence();
}

TEST_CASE("retained: 20,000 reach a subscriber of #, within its Receive Maximum") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        constexpr int kCount = 20'000;
        for (int i = 0; i < kCount; ++i) {
            pub.publish("t/" + std::to_string(i), "x", QoS::at_most_once, 0, true);
        }
        pub.expect_silence();
        PropertyList window;
        window.add(PropertyId::receive_maximum, 10u);
        RawClient sub = broker.client();
        sub.connect({.client_id = "sub", .properties = window.view()});
        sub.subscribe("#");
        std::set<std::string> seen;
        for (int i = 0; i < kCount; ++i)
            seen.insert(std::string(sub.expect<Publish>().topic));
        CHECK(seen.size() == kCount);
        sub.expect_silence();
    }
}

TEST_CASE("retained: over the limit a new topic is refused by 0x97, a known one replaced") {
    BrokerConfig config = loopback();
    config.maximum_retained_messages = 1;
    TestBroker broker(config);
    RawClient pub = broker.client("pub");
    pub.publish_acked("a", "x", true);
    CHECK(pub.publish_acked("b", "x", true) == ReasonCode::quota_exceeded);
    CHECK(pub.publish_acked("a", "y", true) == ReasonCode::no_matching_subscribers);
}

TEST_CASE("retained: what has expired is swept without being asked for, and counted") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        PropertyList second;
        second.add(PropertyId::message_expiry_interval, 1);
        constexpr int kShort = 6000;  // more than are looked at in one turn
        for (int i = 0; i < kShort; ++i) {
            const std::string topic = "short/" + std::to_string(i);
            pub.publish(topic, "x", QoS::at_most_once, 0, true, second.view());
        }
        pub.publish("$data/short", "x", QoS::at_most_once, 0, true, second.view());
        PropertyList hour;
        hour.add(PropertyId::message_expiry_interval, 3600);
        pub.publish_acked("long", "x", true, hour.view());
        pub.publish_acked("kept", "x", true);
        CHECK(eventually([&] { return broker->stats().retained_messages == 2; },
                         std::chrono::seconds(30)));
        CHECK(broker->stats().messages_expired == kShort + 1);
        RawClient sub = broker.client("sub");
        sub.subscribe("#");
        const std::string first(sub.expect<Publish>().topic);
        const std::string other(sub.expect<Publish>().topic);
        CHECK(first + other == (first == "kept" ? "keptlong" : "longkept"));
    }
}
