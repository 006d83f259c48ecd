// MQTT 5.0, chapters 3.10 and 3.11: UNSUBSCRIBE and UNSUBACK.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

TEST_CASE(
    "5.0 server: an UNSUBSCRIBE that is not as it should be ends the connection "
    "[MQTT-3.10.3-1] [MQTT-3.10.3-2]") {
    SpecBroker broker;
    for (const std::string body : {"000100",
                                   "0001"
                                   "00"
                                   "0001"
                                   "ff",
                                   "0001"
                                   "020b01"
                                   "000161"}) {
        CAPTURE(body);
        RawClient client = broker.client("c");
        client.send_raw(frame(0xA2, body));
        expect_ended(client, {R::malformed_packet, R::protocol_error, R::topic_filter_invalid});
    }
}

TEST_CASE(
    "5.0 server: filters are compared by their characters, and each gets its code in one "
    "UNSUBACK [MQTT-3.10.4-1] [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] "
    "[MQTT-3.11.3-1] [MQTT-3.11.3-2]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.subscribe(broker.topic("a/b"));
    client.subscribe(broker.topic("c"));
    FilterListBuilder names(false);
    names.add(broker.topic("a/b")).add(broker.topic("a/+")).add(broker.topic("c"));
    client.send(Unsubscribe{55, {}, names.view()});
    const Unsuback unsuback = client.expect<Unsuback>();
    CHECK(unsuback.id == 55);
    REQUIRE(unsuback.codes.size() == 3);
    CHECK(unsuback.codes[0] == 0);
    CHECK(unsuback.codes[1] == 0x11);
    CHECK(unsuback.codes[2] == 0);
    CHECK(says_nobody_subscribed(client.publish_acked(broker.topic("a/b"), "x")));
    client.expect_silence();
}

TEST_CASE("5.0 server: a wildcard does not take other filters with it [MQTT-3.10.4-1]") {
    SpecBroker broker;
    const std::string topic = broker.topic("a/b");
    RawClient client = broker.client("c");
    client.subscribe(topic);
    CHECK(client.unsubscribe(broker.topic("#"))[0] == R::no_subscription_existed);
    client.publish(topic, "x").expect_publish(topic, "x");
}

TEST_CASE(
    "5.0 server: after UNSUBACK nothing new comes, what was begun is finished "
    "[MQTT-3.10.4-2] [MQTT-3.10.4-3]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.client("c");
    client.subscribe(topic, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    publish_qos2(publisher, topic, "two");
    publisher.publish_acked(topic, "one");
    const PacketId two = client.expect_publish(topic, "two").id;
    const PacketId one = client.expect_publish(topic, "one").id;
    client.unsubscribe(topic);
    CHECK(says_nobody_subscribed(publisher.publish_acked(topic, "late")));
    client.ack(PacketType::puback, one).ack(PacketType::pubrec, two);
    const Ack released = client.expect<Ack>();
    CHECK(released.type == PacketType::pubrel);
    CHECK(released.id == two);
    client.ack(PacketType::pubcomp, two).expect_silence();
}
