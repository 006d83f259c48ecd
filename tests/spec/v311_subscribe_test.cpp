// MQTT 3.1.1, sections 3.3.2, 3.3.5, 3.8 and 3.10: subscriptions, black-box on raw sockets.
#include <doctest/doctest.h>

#include "support/naive_topic.hpp"
#include "v311_target.hpp"

using namespace ::test;
using mqtt::test::matches_naively;

namespace {

constexpr ReasonCode kFailure = static_cast<ReasonCode>(0x80);

std::vector<ReasonCode> subscribe_all(RawClient& client,
                                      std::initializer_list<std::pair<const char*, QoS>> list) {
    FilterListBuilder filters(true);
    for (const auto& [filter, qos] : list)
        filters.add(filter, {.qos = qos});
    const PacketId id = client.next_id();
    client.send(Subscribe{id, {}, filters.view()});
    const Suback suback = client.expect<Suback>();
    CHECK(suback.id == id);
    std::vector<ReasonCode> codes;
    for (const std::uint8_t code : suback.codes)
        codes.push_back(static_cast<ReasonCode>(code));
    return codes;
}

}  // namespace

TEST_CASE("3.1.1: what is delivered matches the subscription [MQTT311-3.3.2-3]") {
    V311Broker broker;
    const std::string_view filters[] = {"v311/m/+", "v311/m/#", "v311/+/b", "+/m/b/c",
                                        "v311//b",  "/v311",    "+/+",      "#"};
    const std::string_view topics[] = {"v311/m/a", "v311/m/b", "v311/m/b/c", "v311/m",
                                       "v311//b",  "/v311",    "v311",       "v311/"};
    RawClient pub = broker.client("v311-m-pub", k311);
    for (const std::string_view filter : filters) {
        RawClient sub = broker.client("v311-m-sub", k311);
        sub.subscribe(filter, QoS::at_most_once);
        for (const std::string_view topic : topics) {
            pub.publish_acked(topic, "x");
            INFO(filter << " and " << topic);
            if (matches_naively(filter, topic))
                sub.expect_publish(topic, "x");  // the topic that was published, unchanged
            else
                sub.expect_silence();
        }
    }
}

TEST_CASE(
    "3.1.1: overlapping subscriptions deliver at the highest QoS of those that match "
    "[MQTT311-3.3.5-1]") {
    V311Broker broker;
    RawClient sub = broker.client("v311-o-sub", k311);
    subscribe_all(sub, {{"v311/o/#", QoS::exactly_once},
                        {"v311/o/+", QoS::at_least_once},
                        {"v311/o/x", QoS::at_most_once}});
    RawClient pub = broker.client("v311-o-pub", k311);
    publish_qos2(pub, "v311/o/x", "1");  // to its end: a broker may pass it on at PUBREL only
    QoS highest = QoS::at_most_once;
    sub.send(Pingreq{});
    for (int packets = 0; packets < 10'000; ++packets) {  // once, or once for each subscription
        const Packet packet = sub.receive();
        if (const auto* publish = std::get_if<Publish>(&packet)) {
            highest = std::max(highest, publish->qos);
            continue;
        }
        if (highest != QoS::at_most_once) break;
        sub.send(Pingreq{});  // not there yet
    }
    CHECK(highest == QoS::exactly_once);
}

TEST_CASE("3.1.1: a server without wildcards refuses them [MQTT311-3.8.3-2]" * only_own_broker()) {
    BrokerConfig config = loopback();
    config.listeners.front().limits.wildcard_subscription_available = false;
    V311Broker broker(std::move(config));
    RawClient sub = broker.client("v311-nowild", k311);
    CHECK(subscribe_all(sub, {{"a/+", QoS::at_most_once},
                              {"#", QoS::at_least_once},
                              {"a/b", QoS::at_least_once}}) ==
          std::vector{kFailure, kFailure, ReasonCode::granted_qos_1});
    RawClient pub = broker.client("v311-nowild-pub", k311);
    pub.publish_acked("a/c", "x");
    pub.publish_acked("a/b", "y");
    sub.expect_publish("a/b", "y");
}

TEST_CASE(
    "3.1.1: SUBSCRIBE is answered by SUBACK with one code for each filter "
    "[MQTT311-3.8.4-1] [MQTT311-3.8.4-5]" *
    only_own_broker()) {
    BrokerConfig config = loopback();
    config.authorize = [](const AccessRequest& r) {
        return r.access != Access::subscribe || r.topic != "secret";
    };
    V311Broker broker(std::move(config));
    RawClient sub = broker.client("v311-codes", k311);
    CHECK(subscribe_all(sub, {{"v311/c/0", QoS::at_most_once},
                              {"secret", QoS::at_most_once},
                              {"v311/c/1", QoS::at_least_once},
                              {"v311/c/2", QoS::exactly_once}}) ==
          std::vector{ReasonCode::success, kFailure, ReasonCode::granted_qos_1,
                      ReasonCode::granted_qos_2});
    CHECK(subscribe_all(sub, {{"v311/c/0", QoS::exactly_once}}).size() == 1);
}

TEST_CASE(
    "3.1.1: the same filter again replaces the subscription and sends retained messages again "
    "[MQTT311-3.8.4-3]") {
    V311Broker broker;
    RawClient pub = broker.client("v311-again-pub", k311);
    pub.publish_acked("v311/again", "kept", true);
    RawClient sub = broker.client("v311-again", k311);
    sub.subscribe("v311/again", QoS::exactly_once);
    CHECK(sub.expect_publish("v311/again", "kept").retain);
    sub.subscribe("v311/again", QoS::at_most_once);
    CHECK(sub.expect_publish("v311/again", "kept").retain);
    pub.publish_acked("v311/again", "live");
    CHECK(sub.expect_publish("v311/again", "live").qos == QoS::at_most_once);  // the new one, once
    sub.expect_silence();
    // The flow goes on while the filter is subscribed to again and again.
    pub.publish_acked("v311/again", "", true);
    sub.expect_publish("v311/again", "");
    int next = 0;
    for (int i = 0; i < 50; ++i) {
        pub.publish("v311/again", std::to_string(i));
        FilterListBuilder filters(true);
        filters.add("v311/again", {.qos = QoS::at_most_once});
        sub.send(Subscribe{sub.next_id(), {}, filters.view()});
    }
    pub.expect_silence();
    for (int subacks = 0; next < 50 || subacks < 50;) {
        const Packet packet = sub.receive();
        if (std::holds_alternative<Suback>(packet)) {
            ++subacks;
        } else {
            REQUIRE(std::holds_alternative<Publish>(packet));
            CHECK(as_text(std::get<Publish>(packet).payload) == std::to_string(next++));
        }
    }
}

TEST_CASE("3.1.1: the lower QoS of message and grant is delivered [MQTT311-3.8.4-6]") {
    V311Broker broker;
    RawClient pub = broker.client("v311-q-pub", k311);
    for (int granted = 0; granted <= 2; ++granted) {
        RawClient sub = broker.client("v311-q-sub", k311);
        sub.subscribe("v311/q", static_cast<QoS>(granted));
        for (int sent = 0; sent <= 2; ++sent) {
            pub.publish("v311/q", "x", static_cast<QoS>(sent),
                        sent == 0 ? PacketId(0) : PacketId(5));
            if (sent != 0) pub.expect<Ack>();
            if (sent == 2) pub.ack(PacketType::pubrel, 5).expect<Ack>();
            CHECK(static_cast<int>(sub.expect_publish("v311/q", "x").qos) ==
                  std::min(granted, sent));
        }
    }
}

TEST_CASE(
    "3.1.1: UNSUBSCRIBE deletes exactly the filter it names, and is always answered "
    "[MQTT311-3.10.4-1] [MQTT311-3.10.4-2] [MQTT311-3.10.4-5]") {
    V311Broker broker;
    RawClient sub = broker.client("v311-un", k311);
    subscribe_all(sub, {{"v311/un/b", QoS::at_least_once}});
    RawClient pub = broker.client("v311-un-pub", k311);
    for (const char* other : {"v311/un/+", "v311/un/#", "v311/un/B", "v311/un/b/", "v311/un"})
        sub.unsubscribe(other);  // waits for UNSUBACK
    pub.publish_acked("v311/un/b", "still");
    const Publish still = sub.expect_publish("v311/un/b", "still");
    sub.ack(PacketType::puback, still.id);
    sub.unsubscribe("v311/un/b");
    pub.publish_acked("v311/un/b", "no more");
    sub.expect_silence();
    sub.unsubscribe("v311/un/b");  // UNSUBACK all the same
}

TEST_CASE("3.1.1: deliveries that have begun are finished after UNSUBSCRIBE [MQTT311-3.10.4-3]") {
    V311Broker broker;
    RawClient sub = broker.client(k311);
    sub.connect({.client_id = "v311-begun", .clean_start = false});
    sub.subscribe("v311/begun", QoS::exactly_once);
    RawClient pub = broker.client("v311-begun-pub", k311);
    pub.publish("v311/begun", "two", QoS::exactly_once, 9);
    pub.expect<Ack>();
    pub.ack(PacketType::pubrel, 9).expect<Ack>();
    const PacketId two = sub.expect_publish("v311/begun", "two").id;
    pub.publish_acked("v311/begun", "one");
    const PacketId one = sub.expect_publish("v311/begun", "one").id;
    sub.unsubscribe("v311/begun");
    sub.ack(PacketType::pubrec, two);
    const Ack pubrel = sub.expect<Ack>();
    CHECK(pubrel.type == PacketType::pubrel);
    CHECK(pubrel.id == two);
    sub.ack(PacketType::pubcomp, two);
    sub.reset();
    // The QoS 1 message was not acknowledged: it comes again although nothing is subscribed any more.
    RawClient back = broker.client(k311);
    CHECK(back.connect({.client_id = "v311-begun", .clean_start = false}).session_present);
    const Publish again = back.expect_publish("v311/begun", "one");
    CHECK(again.dup);
    CHECK(again.id == one);
    back.ack(PacketType::puback, one).expect_silence();
}
