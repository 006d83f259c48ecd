// MQTT 5.0, chapters 4.7 and 4.8: topics, filters, shared subscriptions. More of the latter on several
// threads is in tests/broker/shared_test.cpp and shared_hand_over_test.cpp.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

TEST_CASE("5.0 server: wildcards match as chapter 4.7 says [MQTT-4.7.1-1] [MQTT-4.7.1-2]") {
    SpecBroker broker;
    const struct {
        std::string_view filter;
        std::string_view topic;
        bool matches;
    } kCases[] = {
        {"a/#", "a", true},    {"a/#", "a/b/c", true}, {"a/+", "a/b", true},
        {"a/+", "a", false},   {"a/+", "a/", true},    {"+/b", "a/b", true},
        {"+", "a", true},      {"+", "a/b", false},    {"a/+/c", "a//c", true},
        {"a/b", "a/B", false}, {"a//b", "a/b", false}, {"a", "a/", false},
    };
    int number = 0;
    for (const auto& given : kCases) {
        CAPTURE(given.filter);
        CAPTURE(given.topic);
        const std::string level = std::to_string(number++) + '/';
        RawClient client = broker.client("c");
        client.subscribe(broker.topic(level + std::string(given.filter)));
        const std::string topic = broker.topic(level + std::string(given.topic));
        client.publish(topic, "x");
        if (given.matches) client.expect_publish(topic, "x");
        client.expect_silence();
    }
}

TEST_CASE("5.0 server: a filter that begins with a wildcard matches no $ topic [MQTT-4.7.2-1]") {
    SpecBroker broker;
    const std::string topic = "$" + broker.topic("x");
    RawClient client = broker.client("c");
    SubscriptionOptions live;
    live.retain_handling = RetainHandling::never;
    client.subscribe("+/x", live);
    RawClient knowing = broker.client("k");
    knowing.subscribe(topic);
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, "x");
    client.expect_silence();
}

TEST_CASE("5.0 server: topics are compared as they are, without normalisation [MQTT-4.7.3-4]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.subscribe(broker.topic("caf\xC3\xA9"));
    client.publish(broker.topic("cafe\xCC\x81"), "composed").expect_silence();
}

TEST_CASE(
    "5.0 server: share names and filters that are none are refused "
    "[MQTT-4.8.2-1] [MQTT-4.8.2-2]") {
    SpecBroker broker;
    for (const std::string filter :
         {"$share//t", "$share/g", "$share/g/", "$share/", "$share/a+b/t", "$share/#/t"}) {
        CAPTURE(filter);
        RawClient client = broker.client("c");
        client.send_raw(raw_subscribe(filter));
        const auto packet = client.receive_unless_closed();
        if (!packet) {
            CHECK(is_foreign());
        } else if (const auto* suback = std::get_if<Suback>(&*packet)) {
            CHECK(suback->codes[0] >= 0x80);
        } else {
            CHECK(is_one_of(std::get<Disconnect>(*packet).reason,
                            {R::topic_filter_invalid, R::malformed_packet, R::protocol_error}));
            client.expect_closed();
        }
    }
}

TEST_CASE("5.0 server: No Local on a shared subscription is a protocol error [MQTT-3.8.3-4]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.send_raw(frame(0x82,
                          "0001"
                          "00"
                          "000a"
                          "2473686172652f672f74"
                          "04"));
    expect_ended(client, {R::protocol_error});
}

TEST_CASE(
    "5.0 server: one member of a group gets each message, evenly, at its own QoS "
    "[MQTT-4.8.2-3]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    const std::string filter = "$share/" + broker.id("g") + '/' + topic;
    RawClient zero = broker.client("m0");
    zero.subscribe(filter, QoS::at_most_once);
    RawClient two = broker.client("m2");
    two.subscribe(filter, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    for (int i = 0; i < 8; ++i)
        publish_qos2(publisher, topic, std::to_string(i));
    std::vector<Publish> got;
    for (int i = 0; i < 4; ++i) {
        CHECK(zero.expect<Publish>().qos == QoS::at_most_once);
        CHECK(got.emplace_back(two.expect<Publish>()).qos == QoS::exactly_once);
    }
    for (const Publish& one : got)
        finish(two, one);
    zero.expect_silence();
    two.expect_silence();
}

TEST_CASE(
    "5.0 server: a QoS 2 message begun with a member is finished with it "
    "[MQTT-4.8.2-4] [MQTT-4.8.2-5]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    const std::string filter = "$share/" + broker.id("g") + '/' + topic;
    RawClient first = broker.keeping_client("m1");
    first.subscribe(filter, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    publish_qos2(publisher, topic, "begun");
    publish_qos2(publisher, topic, "sent");
    const PacketId begun = first.expect_publish(topic, "begun").id;
    const PacketId sent = first.expect_publish(topic, "sent").id;
    first.ack(PacketType::pubrec, begun);
    CHECK(first.expect<Ack>().type == PacketType::pubrel);
    RawClient second = broker.client("m2");
    second.subscribe(filter, QoS::exactly_once);
    first.reset();
    RawClient back = broker.keeping_client("m1", false);
    bool is_released = false;
    bool is_repeated = false;
    for (int i = 0; i < 2; ++i) {
        const Packet packet = back.receive();
        if (const auto* ack = std::get_if<Ack>(&packet)) {
            is_released = ack->type == PacketType::pubrel && ack->id == begun;
        } else {
            is_repeated = std::get<Publish>(packet).id == sent;
        }
    }
    CHECK(is_released);
    CHECK(is_repeated);
    // The session ends with both unfinished: they go to nobody.
    RawClient anew = broker.client("m1");
    second.expect_silence();
}

TEST_CASE("5.0 server: a message that a member refuses goes to no other [MQTT-4.8.2-6]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    const std::string filter = "$share/" + broker.id("g") + '/' + topic;
    RawClient first = broker.client("m1");
    first.subscribe(filter, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, "one");
    const PacketId one = first.expect_publish(topic, "one").id;
    publish_qos2(publisher, topic, "two");
    const PacketId two = first.expect_publish(topic, "two").id;
    RawClient second = broker.client("m2");
    second.subscribe(filter, QoS::exactly_once);
    first.ack(PacketType::puback, one, R::unspecified_error)
        .ack(PacketType::pubrec, two, R::unspecified_error)
        .expect_silence();
    first.send(Disconnect{}).expect_closed();
    second.expect_silence();
}

TEST_CASE(
    "5.0 server: QoS 1 that a member leaves unacknowledged goes to another "
    "[5.0 section 4.8.2]" *
    only_own_broker()) {
    SpecBroker broker;
    RawClient first = broker.client("m1");
    first.subscribe("$share/g/t", QoS::at_least_once);
    RawClient publisher = broker.client("p");
    publisher.publish_acked("t", "x");
    first.expect_publish("t", "x");
    RawClient second = broker.client("m2");
    second.subscribe("$share/g/t", QoS::at_least_once);
    first.reset();
    finish(second, second.expect_publish("t", "x"));
}
