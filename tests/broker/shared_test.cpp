// Shared subscriptions.
#include <doctest/doctest.h>

#include <map>

#include "support/test_broker.hpp"

using namespace ::test;

namespace {

// How many of `count` messages on "t" each client got; every client is asked until it has none.
std::map<std::string, int> share(RawClient& pub, std::vector<RawClient>& members, int count) {
    for (int i = 0; i < count; ++i)
        pub.publish_acked("t", std::to_string(i));
    std::map<std::string, int> got;
    int total = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
        members[i].send(Pingreq{});
        for (;;) {
            const Packet packet = members[i].receive();
            if (std::holds_alternative<Pingresp>(packet)) break;
            const Publish publish = std::get<Publish>(packet);
            if (publish.qos == QoS::at_least_once) members[i].ack(PacketType::puback, publish.id);
            ++got[std::to_string(i)];
            ++total;
        }
    }
    CHECK(total == count);
    return got;
}

}  // namespace

TEST_CASE("shared: each message goes to one member, evenly [MQTT-4.8.2-4]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        std::vector<RawClient> members;
        for (const char* id : {"m1", "m2", "m3"}) {
            members.push_back(broker.client(id));
            members.back().subscribe("$share/g/t", QoS::at_least_once);
        }
        if (threads > 1) {
            // What went through another shard arrives a little later: ask until all have come.
            for (int i = 0; i < 30; ++i)
                pub.publish_acked("t", "x");
            for (RawClient& member : members) {
                for (int i = 0; i < 10; ++i) {
                    member.ack(PacketType::puback, member.expect<Publish>().id);
                }
                member.expect_silence();
            }
            continue;
        }
        for (const auto& [who, count] : share(pub, members, 30))
            CHECK(count == 10);
    }
}

TEST_CASE("shared: two groups and an ordinary subscriber each get their copy [MQTT-4.8.2-3]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient one = broker.client("one");
        one.subscribe("$share/g1/a/+");
        RawClient two = broker.client("two");
        two.subscribe("$share/g2/a/+");
        RawClient plain = broker.client("plain");
        plain.subscribe("a/#");
        RawClient pub = broker.client("pub");
        CHECK(pub.publish_acked("a/b", "x") == ReasonCode::success);
        one.expect_publish("a/b", "x");
        two.expect_publish("a/b", "x");
        plain.expect_publish("a/b", "x");
        one.expect_silence();
    }
}

TEST_CASE(
    "shared: members that are away are passed over while others are there [5.0 section 4.8.2]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        PropertyList kept;
        kept.add(PropertyId::session_expiry_interval, 100u);
        RawClient away = broker.client();
        away.connect({.client_id = "away", .properties = kept.view()});
        away.subscribe("$share/g/t", QoS::at_least_once);
        RawClient here = broker.client("here");
        here.subscribe("$share/g/t", QoS::at_least_once);
        away.send(Disconnect{}).expect_closed();
        here.expect_silence();
        RawClient pub = broker.client("pub");
        if (threads > 1) {
            // Its home tells the owner in time of its own.
            RawClient fence = broker.client("fence");
            for (int i = 0; i < 5; ++i)
                fence.subscribe("f" + std::to_string(i));
        }
        for (int i = 0; i < 4; ++i)
            pub.publish_acked("t", "x");
        for (int i = 0; i < 4; ++i)
            here.ack(PacketType::puback, here.expect_publish("t", "x").id);
        here.close();
        CHECK(eventually([&] { return broker->stats().clients_connected <= 2; }));
        CHECK(eventually([&] {
            pub.publish_acked("t", "kept");
            return broker->stats().queued_messages > 0;
        }));
    }
}

TEST_CASE("shared: leaving the group ends its share; the last one ends the group [MQTT-3.10.4-1]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient one = broker.client("one");
        one.subscribe("$share/g/t");
        RawClient two = broker.client("two");
        two.subscribe("$share/g/t");
        CHECK(two.unsubscribe("$share/g/t")[0] == ReasonCode::success);
        CHECK(two.unsubscribe("$share/g/t")[0] == ReasonCode::no_subscription_existed);
        RawClient pub = broker.client("pub");
        for (int i = 0; i < 4; ++i)
            pub.publish_acked("t", "x");
        for (int i = 0; i < 4; ++i)
            one.expect_publish("t", "x");
        one.send(Disconnect{}).expect_closed();
        CHECK(eventually(
            [&] { return pub.publish_acked("t", "x") == ReasonCode::no_matching_subscribers; }));
        CHECK(broker->stats().shared_subscriptions == 0);
    }
}

TEST_CASE("shared: subscription identifiers and the granted QoS hold for the member") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient one = broker.client("one");
        one.subscribe("$share/g/t", SubscriptionOptions{.qos = QoS::at_least_once}, 42);
        RawClient pub = broker.client("pub");
        pub.publish("t", "x", QoS::exactly_once, 1);
        const Publish got = one.expect_publish("t", "x");
        CHECK(got.qos == QoS::at_least_once);
        CHECK(got.properties.number(PropertyId::subscription_identifier) == 42u);
    }
}
