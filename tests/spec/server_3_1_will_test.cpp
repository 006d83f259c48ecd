// MQTT 5.0, chapters 3.1.2.5 to 3.1.3.2: the will.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

namespace {

struct WillOf {
    std::string topic;
    PropertyList properties;
    WillView view(QoS qos = QoS::at_least_once, bool retain = false) const {
        return {qos, retain, properties.view(), topic, as_bytes("gone")};
    }
    WillOf(const SpecBroker& broker, std::uint32_t delay) : topic(broker.topic("will")) {
        if (delay != 0) properties.add(PropertyId::will_delay_interval, delay);
    }
};

RawClient with_will(const SpecBroker& broker, const WillOf& will, std::uint32_t expiry) {
    PropertyList kept;
    kept.add(PropertyId::session_expiry_interval, expiry);
    return broker.client("c", {.properties = kept.view(), .will = will.view()});
}

}  // namespace

TEST_CASE(
    "5.0 server: the will is published when the connection breaks, once "
    "[MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT-3.1.2-10] [MQTT-3.1.2-14]") {
    SpecBroker broker;
    const WillOf will(broker, 0);
    RawClient watcher = broker.client("w");
    watcher.subscribe(will.topic, QoS::at_least_once);
    RawClient client = with_will(broker, will, 60);
    client.reset();
    const Publish got = watcher.expect_publish(will.topic, "gone");
    CHECK(got.qos == QoS::at_least_once);
    CHECK_FALSE(got.retain);
    finish(watcher, got);
    RawClient back = broker.client("c");
    back.reset();
    watcher.expect_silence();
    RawClient late = broker.client("l");
    late.subscribe(will.topic);
    late.expect_silence();
}

TEST_CASE("5.0 server: a will with RETAIN is retained [MQTT-3.1.2-15]") {
    SpecBroker broker;
    const std::string topic = broker.retained("will");
    RawClient client = broker.client(
        "c", {.will = WillView{QoS::at_most_once, true, {}, topic, as_bytes("gone")}});
    RawClient watcher = broker.client("w");
    watcher.subscribe(topic);
    client.reset();
    CHECK_FALSE(watcher.expect_publish(topic, "gone").retain);
    RawClient late = broker.client("l");
    late.subscribe(topic);
    CHECK(late.expect_publish(topic, "gone").retain);
}

TEST_CASE(
    "5.0 server: DISCONNECT 0x00 throws the will away, 0x04 and errors do not "
    "[MQTT-3.14.4-3] [MQTT-3.1.2-10]") {
    SpecBroker broker;
    const WillOf will(broker, 0);
    RawClient watcher = broker.client("w");
    watcher.subscribe(will.topic, QoS::at_most_once);
    with_will(broker, will, 0).send(Disconnect{}).expect_closed();
    watcher.expect_silence();
    with_will(broker, will, 0)
        .send(Disconnect{R::disconnect_with_will_message, {}})
        .expect_closed();
    watcher.expect_publish(will.topic, "gone");
    RawClient wrong = with_will(broker, will, 0);
    wrong.send_hex("e1 00");
    wrong.receive_unless_closed();
    watcher.expect_publish(will.topic, "gone");
}

TEST_CASE(
    "5.0 server: a will waits for its delay, and coming back in time prevents it "
    "[MQTT-3.1.2-8] [MQTT-3.1.3-9]") {
    SpecBroker broker;
    const WillOf will(broker, 1);
    RawClient watcher = broker.client("w");
    watcher.subscribe(will.topic);
    PropertyList kept;
    kept.add(PropertyId::session_expiry_interval, 60u);
    const std::string prevented = broker.topic("prevented");
    watcher.subscribe(prevented);
    RawClient returning = broker.client(
        "r", {.properties = kept.view(),
              .will = WillView{QoS::at_most_once, false, will.properties.view(), prevented, {}}});
    returning.reset();
    RawClient back = broker.client();
    const std::string id = broker.id("r");
    back.connect({.client_id = id, .clean_start = false});
    RawClient client = with_will(broker, will, 60);
    const auto begin = Clock::now();
    client.reset();
    watcher.expect_publish(will.topic, "gone");
    CHECK(Clock::now() - begin >= std::chrono::milliseconds(900));
    watcher.expect_silence();
}

TEST_CASE(
    "5.0 server: a will is published at once when the session ends before its delay "
    "[MQTT-3.1.2-8]") {
    SpecBroker broker;
    const WillOf will(broker, 30);
    RawClient watcher = broker.client("w");
    watcher.subscribe(will.topic);
    const auto begin = Clock::now();
    with_will(broker, will, 0).reset();  // ends with its connection
    watcher.expect_publish(will.topic, "gone");
    with_will(broker, will, 1).reset();  // expires
    watcher.expect_publish(will.topic, "gone");
    with_will(broker, will, 60).reset();  // ends by Clean Start
    const std::string id = broker.id("c");
    RawClient anew = broker.client();
    anew.connect({.client_id = id});
    watcher.expect_publish(will.topic, "gone");
    // DISCONNECT may bring the end forward.
    PropertyList now;
    now.add(PropertyId::session_expiry_interval, 0u);
    with_will(broker, will, 60)
        .send(Disconnect{R::disconnect_with_will_message, now.view()})
        .expect_closed();
    watcher.expect_publish(will.topic, "gone");
    CHECK(Clock::now() - begin < std::chrono::seconds(29));
}

TEST_CASE("5.0 server: properties of the will travel with it, in their order [MQTT-3.1.3-10]") {
    SpecBroker broker;
    WillOf will(broker, 0);
    will.properties.add(PropertyId::message_expiry_interval, 50u)
        .add(PropertyId::content_type, "text/plain")
        .add(PropertyId::response_topic, "answers")
        .add(PropertyId::correlation_data, "id")
        .add_user("b", "1")
        .add_user("a", "2")
        .add_user("b", "3");
    RawClient watcher = broker.client("w");
    watcher.subscribe(will.topic);
    with_will(broker, will, 0).reset();
    const Publish got = watcher.expect_publish(will.topic, "gone");
    CHECK(got.properties.number(PropertyId::message_expiry_interval) == 50u);
    CHECK(got.properties.text(PropertyId::content_type) == "text/plain");
    CHECK(got.properties.text(PropertyId::response_topic) == "answers");
    CHECK(got.properties.text(PropertyId::correlation_data) == "id");
    std::string pairs;
    for (const PropertyView& property : got.properties) {
        if (property.info->id == PropertyId::user_property) {
            pairs += std::string(property.name) + std::string(property.text);
        }
    }
    CHECK(pairs == "b1a2b3");
}

TEST_CASE(
    "5.0 server: a will over the announced QoS, or retained where nothing is, is refused "
    "[MQTT-3.2.2-12] [MQTT-3.2.2-13]" *
    only_own_broker()) {
    BrokerConfig config = loopback();
    config.listeners[0].limits.maximum_qos = QoS::at_most_once;
    config.listeners[0].limits.retain_available = false;
    SpecBroker broker(std::move(config));
    const WillOf will(broker, 0);
    RawClient high = broker.client();
    high.send_connect({.client_id = "c", .will = will.view()});
    expect_refused(high, {R::qos_not_supported});
    RawClient retained = broker.client();
    retained.send_connect({.client_id = "c", .will = will.view(QoS::at_most_once, true)});
    expect_refused(retained, {R::retain_not_supported});
}
