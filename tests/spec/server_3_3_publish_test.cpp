// MQTT 5.0, chapter 3.3: PUBLISH as a server receives and forwards it. Retained messages are in
// server_3_3_retain_test.cpp.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

TEST_CASE("5.0 server: QoS 3 is malformed [MQTT-3.3.1-4]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.send_hex("36 06 00 01 61 00 05 00");
    expect_ended(client, {R::malformed_packet});
}

TEST_CASE(
    "5.0 server: DUP is about one hop only [MQTT-3.3.1-2] [MQTT-3.3.1-3] [MQTT-4.3.2-2] "
    "[MQTT-4.3.3-2]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.client("c");
    client.subscribe(topic, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    publisher.send(Publish{true, QoS::at_least_once, false, 1, topic, {}, as_bytes("1")});
    publisher.expect<Ack>();
    publisher.send(Publish{true, QoS::exactly_once, false, 2, topic, {}, as_bytes("2")});
    publisher.expect<Ack>();
    publisher.ack(PacketType::pubrel, 2);
    publisher.expect<Ack>();
    const Publish one = client.expect_publish(topic, "1");
    CHECK_FALSE(one.dup);
    CHECK(one.qos == QoS::at_least_once);
    const Publish two = client.expect_publish(topic, "2");
    CHECK_FALSE(two.dup);
    CHECK(two.qos == QoS::exactly_once);
    client.publish(topic, "0").expect<Publish>();
    CHECK((client.last_bytes()[0] & 0x0E) == 0);
}

TEST_CASE(
    "5.0 server: a topic name with a wildcard, or none, is refused "
    "[MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT-4.7.3-1]") {
    SpecBroker broker;
    for (const std::string topic : {"a/+", "#", "a#", ""}) {
        CAPTURE(topic);
        RawClient client = broker.client("c");
        client.send_raw(raw_publish(topic, ""));
        expect_ended(client, {R::topic_name_invalid, R::malformed_packet, R::protocol_error});
    }
}

TEST_CASE(
    "5.0 server: a delivery has the topic it was published to, and it matches "
    "[MQTT-3.3.2-3] [MQTT-4.7.3-4] [MQTT-4.5.0-1]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.subscribe(broker.topic("+/b"));
    const std::string topic = broker.topic("a/b");
    client.publish(broker.topic("a/c"), "no").publish(topic, "yes").expect_publish(topic, "yes");
    client.expect_silence();
}

TEST_CASE(
    "5.0 server: what belongs to the message travels unchanged and in its order "
    "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] "
    "[MQTT-3.3.2-20]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.client("c");
    client.subscribe(topic);
    const std::string binary("\x00\xff\x01", 3);
    PropertyList properties;
    properties.add(PropertyId::payload_format_indicator, 1u)
        .add(PropertyId::content_type, "application/json")
        .add(PropertyId::response_topic, "answers/here")
        .add(PropertyId::correlation_data, binary)
        .add_user("x", "1")
        .add_user("", "")
        .add_user("x", "2")
        .add_user("a", "3");
    client.publish(topic, "{}", QoS::at_most_once, 0, false, properties.view());
    const Publish got = client.expect_publish(topic, "{}");
    CHECK(got.properties.number(PropertyId::payload_format_indicator) == 1u);
    CHECK(got.properties.text(PropertyId::content_type) == "application/json");
    CHECK(got.properties.text(PropertyId::response_topic) == "answers/here");
    CHECK(got.properties.text(PropertyId::correlation_data) == binary);
    std::string pairs;
    for (const PropertyView& property : got.properties) {
        if (property.info->id != PropertyId::user_property) continue;
        pairs += std::string(property.name) + '=' + std::string(property.text) + ' ';
    }
    CHECK(pairs == "x=1 = x=2 a=3 ");
    PropertyList empty;
    empty.add(PropertyId::correlation_data, "");
    client.publish(topic, "", QoS::at_most_once, 0, false, empty.view());
    CHECK(client.expect_publish(topic, "").properties.text(PropertyId::correlation_data) == "");
}

TEST_CASE(
    "5.0 server: properties of PUBLISH are checked "
    "[MQTT-3.3.2-13] [MQTT-3.3.2-14] [MQTT-3.3.2-19] [MQTT-4.13.1-1]") {
    SpecBroker broker;
    for (const std::string property : {
             "08"
             "0001"
             "ff",  // Response Topic
             "08"
             "0003"
             "612f23",  // with a wildcard
             "03"
             "0001"
             "ff",        // Content Type
             "0102",      // Payload Format Indicator
             "01000100",  // twice
             "11"
             "00000001",  // of CONNECT
             "7f",        // unknown
             "02"
             "0000",  // not all there
         }) {
        CAPTURE(property);
        RawClient client = broker.client("c");
        client.send_raw(raw_publish("a", property));
        expect_ended(client, {R::malformed_packet, R::protocol_error, R::topic_name_invalid});
    }
}

TEST_CASE(
    "5.0 server: a Subscription Identifier from a client is a protocol error "
    "[MQTT-3.3.4-6]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.send_raw(raw_publish("a", "0b05"));
    expect_ended(client, {R::protocol_error, R::malformed_packet});
}

TEST_CASE(
    "5.0 server: topic aliases up to its maximum are taken, others are not "
    "[MQTT-3.3.2-8] [MQTT-3.3.2-9] [MQTT-3.3.2-12]") {
    SpecBroker broker;
    RawClient client = broker.client();
    const std::uint32_t maximum =
        client.connect(broker.id("c")).properties.number_or(PropertyId::topic_alias_maximum, 0);
    client.subscribe(broker.topic("#"), QoS::at_most_once);
    for (std::uint32_t alias = 1; alias <= maximum; ++alias) {
        PropertyList properties;
        properties.add(PropertyId::topic_alias, alias);
        client.publish(broker.topic(std::to_string(alias)), "", QoS::at_most_once, 0, false,
                       properties.view());
    }
    for (std::uint32_t alias = 1; alias <= maximum; ++alias)
        client.expect_publish(broker.topic(std::to_string(alias)), "");
    for (std::uint32_t alias = maximum; alias >= 1; --alias) {
        PropertyList properties;
        properties.add(PropertyId::topic_alias, alias);
        client.publish("", "again", QoS::at_most_once, 0, false, properties.view());
        client.expect_publish(broker.topic(std::to_string(alias)), "again");
    }
    RawClient above = broker.client("a");
    PropertyList properties;
    properties.add(PropertyId::topic_alias, maximum + 1);
    above.publish("t", "", QoS::at_most_once, 0, false, properties.view());
    expect_ended(above, {R::topic_alias_invalid, R::protocol_error});
    RawClient zero = broker.client("z");
    zero.send_raw(raw_publish("a", "230000"));
    expect_ended(zero, {R::topic_alias_invalid, R::protocol_error});
}

TEST_CASE(
    "5.0 server: an alias ends with its connection, and an unknown one is an error "
    "[MQTT-3.3.2-7]") {
    SpecBroker broker;
    PropertyList alias;
    alias.add(PropertyId::topic_alias, 1u);
    RawClient first = broker.client("c");
    first.publish(broker.topic("t"), "", QoS::at_most_once, 0, false, alias.view());
    first.expect_silence();
    first.close();
    RawClient second = broker.client("c");
    second.publish("", "", QoS::at_most_once, 0, false, alias.view());
    expect_ended(second, {R::protocol_error, R::topic_alias_invalid});
}

TEST_CASE(
    "5.0 server: aliases to a client stay within its maximum "
    "[MQTT-3.1.2-26] [MQTT-3.3.2-11]") {
    SpecBroker broker;
    PropertyList two;
    two.add(PropertyId::topic_alias_maximum, 2u);
    RawClient client = broker.client("c", {.properties = two.view()});
    client.subscribe(broker.topic("#"));
    std::string known[3];
    for (int i = 0; i < 60; ++i) {
        const std::string topic = broker.topic("topic" + std::to_string(i % 5 == 0 ? i : i % 2));
        client.publish(topic, "x");
        const Publish got = client.expect<Publish>();
        const std::uint32_t alias = got.properties.number_or(PropertyId::topic_alias, 0);
        REQUIRE(alias <= 2);
        if (!got.topic.empty()) known[alias] = got.topic;
        CHECK((got.topic.empty() ? known[alias] : std::string(got.topic)) == topic);
    }
}

TEST_CASE("5.0 server: topics in steady use get an alias [MQTT-3.1.2-26]" * only_own_broker()) {
    SpecBroker broker;
    PropertyList two;
    two.add(PropertyId::topic_alias_maximum, 2u);
    RawClient client = broker.client("c", {.properties = two.view()});
    const std::string topic = broker.topic("a/topic/that/comes/again");
    client.subscribe(topic);
    int without_topic = 0;
    for (int i = 0; i < 10; ++i) {
        client.publish(topic, "x");
        if (client.expect<Publish>().topic.empty()) ++without_topic;
    }
    CHECK(without_topic >= 5);
}

TEST_CASE("5.0 server: a client that allows no alias gets none [MQTT-3.1.2-27]") {
    SpecBroker broker;
    const std::string topic = broker.topic("a/topic/that/comes/again");
    RawClient client = broker.client("c");
    client.subscribe(topic);
    for (int i = 0; i < 10; ++i) {
        client.publish(topic, "x");
        CHECK_FALSE(client.expect_publish(topic, "x").properties.number(PropertyId::topic_alias));
    }
}

TEST_CASE("5.0 server: each QoS is answered in its own way [MQTT-3.3.4-1]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    const std::string topic = broker.topic("t");
    client.publish(topic, "0").expect_silence();
    client.publish(topic, "1", QoS::at_least_once, 1);
    CHECK(client.expect<Ack>().type == PacketType::puback);
    client.publish(topic, "2", QoS::exactly_once, 2);
    CHECK(client.expect<Ack>().type == PacketType::pubrec);
}

TEST_CASE(
    "5.0 server: what is too large for a client is dropped for it alone, and counts as sent "
    "[MQTT-3.1.2-24] [MQTT-3.1.2-25]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    PropertyList small;
    small.add(PropertyId::maximum_packet_size, 60u);
    RawClient client = broker.client("c", {.properties = small.view()});
    client.subscribe(topic, QoS::exactly_once);
    RawClient other = broker.client("o");
    other.subscribe(topic);
    const std::string large(100, 'x');
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, large);
    publish_qos2(publisher, topic, large);
    publisher.publish(topic, large);
    publisher.publish_acked(topic, "small");
    finish(client, client.expect_publish(topic, "small"));
    client.expect_silence();
    for (int i = 0; i < 3; ++i)
        other.expect_publish(topic, large);
    other.expect_publish(topic, "small");
    if (!is_foreign()) CHECK(broker.own()->stats().dropped_too_large == 3);
}

TEST_CASE(
    "5.0 server: a payload that is marked as text must be UTF-8 where that is checked "
    "[MQTT-3.3.2-4]" *
    only_own_broker()) {
    BrokerConfig config = loopback();
    config.check_payload_format = true;
    SpecBroker broker(std::move(config));
    RawClient client = broker.client("c");
    client.subscribe("t", QoS::exactly_once);
    PropertyList text;
    text.add(PropertyId::payload_format_indicator, 1u);
    CHECK(client.publish_acked("u", "fine", false, text.view()) == R::no_matching_subscribers);
    CHECK(client.publish_acked("t", "\xff", false, text.view()) == R::payload_format_invalid);
    client.publish("t", "\xff", QoS::exactly_once, 9, false, text.view());
    CHECK(client.expect<Ack>().reason == R::payload_format_invalid);
    client.publish("t", "\xff", QoS::at_most_once, 0, false, text.view()).expect_silence();
    client.publish("t", "\xff").expect_publish("t", "\xff");
    CHECK(broker.own()->stats().limits[Limit::payload_format] == 3);
    RawClient will = broker.client();
    will.send_connect(
        {.client_id = "w",
         .will = WillView{QoS::at_most_once, false, text.view(), "t", as_bytes("\xff")}});
    expect_refused(will, {R::payload_format_invalid});
}

TEST_CASE("5.0 server: nobody publishes into $SYS [5.0 section 4.7.2]" * only_own_broker()) {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.subscribe("$SYS/#");
    CHECK(client.publish_acked("$SYS/broker/x", "1") == R::not_authorized);
    CHECK(publish_qos2(client, "$SYS/x", "2") == R::not_authorized);
    client.publish("$SYS/broker/x", "0", QoS::at_most_once, 0, true).expect_silence();
    RawClient old(broker.own().port(), ProtocolVersion::v3_1_1);
    old.connect("old");
    CHECK(old.publish_acked("$SYS/x", "3") == R::success);
    RawClient will = broker.client();
    will.send_connect({.client_id = "w",
                       .will = WillView{QoS::at_most_once, false, {}, "$SYS/w", as_bytes("x")}});
    expect_refused(will, {R::not_authorized});
    client.expect_silence();
    CHECK(broker.own()->stats().limits[Limit::sys_publish] == 5);
}
