// MQTT 3.1.1, sections 3.1, 3.2, 4.1 and 4.5: what a broker keeps for a client, black-box on raw sockets.
#include <doctest/doctest.h>

#include "v311_target.hpp"

using namespace ::test;

namespace {

// A client with Clean Session 0; `present` is what CONNACK must say about its session.
RawClient persistent(const V311Broker& broker, std::string_view id, bool present) {
    RawClient client = broker.client(k311);
    CHECK(client.connect({.client_id = id, .clean_start = false}).session_present == present);
    return client;
}

// Leaves in order, so that the broker knows it before the next packet of anybody else.
void leave(RawClient& client) {
    client.send(Disconnect{}).expect_closed();
}

void acknowledge(RawClient& client, const Publish& publish) {
    const PacketId id = publish.id;
    if (publish.qos == QoS::at_least_once) client.ack(PacketType::puback, id);
    if (publish.qos != QoS::exactly_once) return;
    client.ack(PacketType::pubrec, id);
    CHECK(client.expect<Ack>().type == PacketType::pubrel);
    client.ack(PacketType::pubcomp, id);
}

// A QoS 2 message that has left the publisher for good.
void publish_exactly_once(RawClient& client, std::string_view topic, std::string_view payload) {
    const PacketId id = client.next_id();
    client.publish(topic, payload, QoS::exactly_once, id);
    CHECK(client.expect<Ack>().type == PacketType::pubrec);
    client.ack(PacketType::pubrel, id);
    CHECK(client.expect<Ack>().type == PacketType::pubcomp);
}

}  // namespace

TEST_CASE(
    "3.1.1: QoS 1 and 2 messages wait for a kept session in order, QoS 0 need not "
    "[MQTT311-3.1.2-5]") {
    V311Broker broker;
    RawClient sub = persistent(broker, "v311-away", false);
    sub.subscribe("v311/away", QoS::exactly_once);
    leave(sub);
    RawClient pub = broker.client("v311-away-pub", k311);
    pub.publish_acked("v311/away", "one");
    publish_exactly_once(pub, "v311/away", "two");
    RawClient back = persistent(broker, "v311-away", true);
    const Publish first = back.expect_publish("v311/away", "one");
    CHECK(first.qos == QoS::at_least_once);
    CHECK_FALSE(first.dup);
    acknowledge(back, first);
    const Publish second = back.expect_publish("v311/away", "two");
    CHECK(second.qos == QoS::exactly_once);
    acknowledge(back, second);
    back.expect_silence();
}

TEST_CASE("3.1.1: a retained message outlives the session of its publisher [MQTT311-3.1.2-7]") {
    V311Broker broker;
    RawClient pub = persistent(broker, "v311-retainer", false);
    pub.publish_acked("v311/outlives", "kept", true);
    leave(pub);
    RawClient clean = broker.client("v311-retainer", k311);  // Clean Session 1: the session is gone
    leave(clean);
    RawClient sub = broker.client("v311-outlives-sub", k311);
    sub.subscribe("v311/outlives");
    CHECK(sub.expect_publish("v311/outlives", "kept").retain);
    sub.publish("v311/outlives", "", QoS::at_most_once, 0, true);
}

TEST_CASE("3.1.1: the client id alone finds the session [MQTT311-3.1.3-2]") {
    V311Broker broker;
    RawClient first = persistent(broker, "v311-mine", false);
    first.subscribe("v311/mine");
    leave(first);
    leave(*std::make_unique<RawClient>(persistent(broker, "v311-Mine", false)));
    leave(*std::make_unique<RawClient>(persistent(broker, "v311-min", false)));
    // Another address and user name would not matter either: the id is the key.
    RawClient again = broker.client(k311);
    CHECK(again.connect({.client_id = "v311-mine", .clean_start = false, .user_name = "somebody"})
              .session_present);
}

TEST_CASE("3.1.1: ids of 1 to 23 digits and letters are accepted [MQTT311-3.1.3-5]") {
    V311Broker broker;
    constexpr std::string_view kAll =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (std::size_t size = 1; size <= 23; ++size) {
        RawClient client = broker.client(k311);
        client.connect({.client_id = kAll.substr(size, size)});
    }
    for (std::size_t at = 0; at < kAll.size(); ++at) {
        RawClient client = broker.client(k311);
        client.connect({.client_id = kAll.substr(at, 1)});
    }
}

TEST_CASE(
    "3.1.1: Clean Session 1 discards what was kept and answers session present 0 "
    "[MQTT311-3.1.4-3] [MQTT311-3.2.2-1]") {
    V311Broker broker;
    RawClient kept = persistent(broker, "v311-clean", false);
    kept.subscribe("v311/clean", QoS::at_least_once);
    leave(kept);
    RawClient pub = broker.client("v311-clean-pub", k311);
    pub.publish_acked("v311/clean", "for the old session");
    {
        RawClient clean = broker.client(k311);
        CHECK_FALSE(clean.connect({.client_id = "v311-clean"}).session_present);
        clean.expect_silence();  // nothing of the old session's queue
        pub.publish_acked("v311/clean", "nobody is subscribed");
        clean.expect_silence();
        leave(clean);
    }
    persistent(broker, "v311-clean", false).expect_silence();  // and no session was left behind
}

TEST_CASE("3.1.1: a session lasts as long as its connection [MQTT311-4.1.0-2]") {
    V311Broker broker;
    RawClient sub = broker.client("v311-lasts", k311);  // Clean Session 1
    sub.subscribe("v311/lasts", QoS::at_least_once);
    RawClient pub = broker.client("v311-lasts-pub", k311);
    for (int i = 0; i < 300; ++i) {
        pub.publish_acked("v311/lasts", std::to_string(i));
        acknowledge(sub, sub.expect_publish("v311/lasts", std::to_string(i)));
    }
    sub.expect_silence();
}

TEST_CASE("3.1.1: every matching session gets the message, away or not [MQTT311-4.5.0-1]") {
    for (const unsigned threads : thread_counts()) {
        V311Broker broker(with_threads(threads));
        const std::string_view filters[] = {"v311/all/x", "v311/all/#", "v311/+/x", "+/all/+"};
        std::vector<std::string> ids;
        std::vector<RawClient> near;
        for (int i = 0; i < 12; ++i) {
            ids.push_back("v311-all-" + std::to_string(i));
            RawClient client = persistent(broker, ids.back(), false);
            client.subscribe(filters[i % 4], QoS::at_least_once);
            if (i % 3 == 0)
                leave(client);
            else
                near.push_back(std::move(client));
        }
        RawClient pub = broker.client("v311-all-pub", k311);
        pub.publish_acked("v311/all/x", "everybody");
        for (RawClient& client : near)
            acknowledge(client, client.expect_publish("v311/all/x", "everybody"));
        for (int i = 0; i < 12; i += 3) {
            RawClient back = persistent(broker, ids[static_cast<std::size_t>(i)], true);
            acknowledge(back, back.expect_publish("v311/all/x", "everybody"));
            back.expect_silence();
        }
    }
}
