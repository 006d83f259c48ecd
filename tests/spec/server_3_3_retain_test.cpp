// MQTT 5.0, chapter 3.3.1.3 and Retain Handling of chapter 3.8.3.1: retained messages.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

TEST_CASE(
    "5.0 server: the last retained message of a topic is kept for new subscriptions "
    "[MQTT-3.3.1-5] [MQTT-3.3.1-8]") {
    SpecBroker broker;
    const std::string topic = broker.retained("t");
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, "one", true);
    publisher.publish_acked(topic, "two", true);
    publisher.publish_acked(topic, "passing");
    RawClient client = broker.client("c");
    client.subscribe(broker.topic("#"));
    CHECK(client.expect_publish(topic, "two").retain);
    client.expect_silence();
}

TEST_CASE(
    "5.0 server: an empty retained message is delivered, and removes what was retained "
    "[MQTT-3.3.1-6] [MQTT-3.3.1-7]") {
    SpecBroker broker;
    const std::string topic = broker.retained("t");
    RawClient live = broker.client("l");
    live.subscribe(topic);
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, "x", true);
    publisher.publish_acked(topic, "", true);
    live.expect_publish(topic, "x");
    live.expect_publish(topic, "");
    RawClient client = broker.client("c");
    client.subscribe(topic);
    client.expect_silence();
}

TEST_CASE(
    "5.0 server: Retain Handling 0 always sends, 1 when the subscription is new, 2 never "
    "[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]") {
    SpecBroker broker;
    const std::string topic = broker.retained("t");
    RawClient client = broker.client("c");
    client.publish_acked(topic, "x", true);
    SubscriptionOptions options;
    options.retain_handling = RetainHandling::if_new;
    client.subscribe(topic, options);
    client.expect_publish(topic, "x");
    client.subscribe(topic, options);
    client.expect_silence();
    options.retain_handling = RetainHandling::always;
    client.subscribe(topic, options);
    client.expect_publish(topic, "x");
    options.retain_handling = RetainHandling::never;
    client.subscribe(topic, options);
    client.expect_silence();
    client.unsubscribe(topic);
    client.subscribe(topic, options);
    client.expect_silence();
}

TEST_CASE(
    "5.0 server: Retain As Published decides about RETAIN of what is forwarded "
    "[MQTT-3.3.1-12] [MQTT-3.3.1-13]") {
    SpecBroker broker;
    const std::string topic = broker.retained("t");
    RawClient plain = broker.client("a");
    plain.subscribe(topic);
    RawClient as_published = broker.client("b");
    as_published.subscribe(topic, SubscriptionOptions{.retain_as_published = true});
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, "kept", true);
    publisher.publish_acked(topic, "passing");
    CHECK_FALSE(plain.expect_publish(topic, "kept").retain);
    CHECK(as_published.expect_publish(topic, "kept").retain);
    CHECK_FALSE(plain.expect_publish(topic, "passing").retain);
    CHECK_FALSE(as_published.expect_publish(topic, "passing").retain);
}

TEST_CASE(
    "5.0 server: subscribing again sends retained messages again and loses nothing meanwhile "
    "[MQTT-3.8.4-4]") {
    SpecBroker broker;
    const std::string topic = broker.retained("t");
    RawClient client = broker.client("c");
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, "kept", true);
    client.subscribe(topic, QoS::at_least_once);
    finish(client, client.expect_publish(topic, "kept"));
    constexpr int kMessages = 60;
    int next = 0;
    int replayed = 0;
    int answered = 0;
    const auto receive = [&] {
        const Packet packet = client.receive();
        if (std::holds_alternative<Suback>(packet)) {
            ++answered;
            return;
        }
        const Publish publish = std::get<Publish>(packet);
        if (as_text(publish.payload) == "kept")
            ++replayed;
        else
            CHECK(as_text(publish.payload) == std::to_string(next++));
        finish(client, publish);
    };
    FilterListBuilder filters(true);
    filters.add(topic, SubscriptionOptions{.qos = QoS::at_least_once});
    for (int i = 0; i < kMessages; ++i) {
        publisher.publish(topic, std::to_string(i), QoS::at_least_once, publisher.next_id());
        if (i % 10 == 5) client.send(Subscribe{client.next_id(), {}, filters.view()});
    }
    while (next < kMessages || replayed < 6 || answered < 6)
        receive();
    client.expect_silence();
}
