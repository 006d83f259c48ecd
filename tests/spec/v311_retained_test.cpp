// MQTT 3.1.1, section 3.3.1.3: retained messages, black-box on raw sockets.
#include <doctest/doctest.h>

#include "v311_target.hpp"

using namespace ::test;

namespace {

struct Retained {
    std::string payload;
    QoS qos;
};

// What a new subscription to exactly `topic` is sent; nullopt: nothing. RETAIN must be set.
std::optional<Retained> kept(const V311Broker& broker, std::string_view topic) {
    RawClient sub = broker.client("v311-looks", k311);
    sub.subscribe(topic, QoS::exactly_once);
    sub.send(Pingreq{});
    const Packet packet = sub.receive();
    if (std::holds_alternative<Pingresp>(packet)) return std::nullopt;
    REQUIRE(std::holds_alternative<Publish>(packet));
    const Publish publish = std::get<Publish>(packet);
    CHECK(publish.topic == topic);
    CHECK(publish.retain);
    return Retained{std::string(as_text(publish.payload)), publish.qos};
}

void retain(RawClient& client, std::string_view topic, std::string_view payload, QoS qos) {
    const PacketId id = qos == QoS::at_most_once ? PacketId(0) : client.next_id();
    client.publish(topic, payload, qos, id, true);
    if (qos != QoS::at_most_once) client.expect<Ack>();
    if (qos == QoS::exactly_once) {
        client.ack(PacketType::pubrel, id);
        client.expect<Ack>();
    }
    client.expect_silence();  // it is done
}

}  // namespace

TEST_CASE("3.1.1: a retained message is kept with its QoS [MQTT311-3.3.1-5]") {
    V311Broker broker;
    RawClient pub = broker.client("v311-r-pub", k311);
    for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
        retain(pub, "v311/r/qos", "x", qos);
        const auto found = kept(broker, "v311/r/qos");
        REQUIRE(found);
        CHECK(found->qos == qos);
    }
    retain(pub, "v311/r/qos", "", QoS::at_most_once);
}

TEST_CASE(
    "3.1.1: a new subscription gets the last one of each matching topic, with RETAIN 1 "
    "[MQTT311-3.3.1-6] [MQTT311-3.3.1-8]") {
    V311Broker broker;
    RawClient pub = broker.client("v311-r-pub", k311);
    for (const char* topic : {"v311/r/a", "v311/r/b", "v311/r/b/c", "v311/s/a"}) {
        retain(pub, topic, "old", QoS::at_least_once);
        retain(pub, topic, topic, QoS::at_least_once);
    }
    RawClient sub = broker.client("v311-r-sub", k311);
    sub.subscribe("v311/r/#", QoS::at_most_once);
    std::vector<std::string> got;
    for (int i = 0; i < 3; ++i) {
        const Publish publish = sub.expect<Publish>();
        CHECK(publish.retain);
        CHECK(as_text(publish.payload) == publish.topic);
        got.emplace_back(publish.topic);
    }
    std::sort(got.begin(), got.end());
    CHECK(got == std::vector<std::string>{"v311/r/a", "v311/r/b", "v311/r/b/c"});
    sub.expect_silence();
    for (const char* topic : {"v311/r/a", "v311/r/b", "v311/r/b/c", "v311/s/a"})
        retain(pub, topic, "", QoS::at_most_once);
}

TEST_CASE("3.1.1: a retained QoS 0 message replaces the older one [MQTT311-3.3.1-7]") {
    V311Broker broker;
    RawClient pub = broker.client("v311-r-pub", k311);
    retain(pub, "v311/r/replaced", "first", QoS::exactly_once);
    retain(pub, "v311/r/replaced", "second", QoS::at_most_once);
    const auto found = kept(broker, "v311/r/replaced");
    // It may be dropped, but the first must be gone.
    if (found) CHECK(found->payload == "second");
    retain(pub, "v311/r/replaced", "", QoS::at_most_once);
}

TEST_CASE("3.1.1: an existing subscription gets it with RETAIN 0 [MQTT311-3.3.1-9]") {
    V311Broker broker;
    RawClient sub = broker.client("v311-r-sub", k311);
    sub.subscribe("v311/r/live", QoS::exactly_once);
    RawClient pub = broker.client("v311-r-pub", k311);
    for (const QoS qos : {QoS::at_most_once, QoS::at_least_once, QoS::exactly_once}) {
        retain(pub, "v311/r/live", "x", qos);
        const Publish got = sub.expect_publish("v311/r/live", "x");
        CHECK_FALSE(got.retain);
        CHECK(got.qos == qos);
    }
    retain(pub, "v311/r/live", "", QoS::at_most_once);
}

TEST_CASE(
    "3.1.1: RETAIN with an empty payload is delivered, clears and is not kept itself "
    "[MQTT311-3.3.1-10] [MQTT311-3.3.1-11]") {
    V311Broker broker;
    RawClient pub = broker.client("v311-r-pub", k311);
    RawClient live = broker.client("v311-r-sub", k311);
    retain(pub, "v311/r/cleared", "x", QoS::at_least_once);
    live.subscribe("v311/r/cleared", QoS::at_least_once);
    CHECK(live.expect_publish("v311/r/cleared", "x").retain);
    retain(pub, "v311/r/cleared", "", QoS::at_least_once);
    CHECK_FALSE(live.expect_publish("v311/r/cleared", "").retain);
    CHECK_FALSE(kept(broker, "v311/r/cleared"));
    retain(pub, "v311/r/cleared", "", QoS::at_most_once);  // where there is nothing to clear
    live.expect_publish("v311/r/cleared", "");
    CHECK_FALSE(kept(broker, "v311/r/cleared"));
}

TEST_CASE("3.1.1: RETAIN 0 leaves what is retained untouched [MQTT311-3.3.1-12]") {
    V311Broker broker;
    RawClient pub = broker.client("v311-r-pub", k311);
    pub.publish_acked("v311/r/untouched", "not kept");
    CHECK_FALSE(kept(broker, "v311/r/untouched"));
    retain(pub, "v311/r/untouched", "kept", QoS::at_least_once);
    pub.publish_acked("v311/r/untouched", "newer, not kept");
    pub.publish_acked("v311/r/untouched", "");
    const auto found = kept(broker, "v311/r/untouched");
    REQUIRE(found);
    CHECK(found->payload == "kept");
    retain(pub, "v311/r/untouched", "", QoS::at_most_once);
}
