// MQTT 5.0, chapter 4.9: flow control in both directions.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

TEST_CASE(
    "5.0 server: no more unfinished messages than the client's Receive Maximum, everything "
    "else goes on "
    "[MQTT-3.3.4-9] [MQTT-3.3.4-10] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-4.9.0-3]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    PropertyList two;
    two.add(PropertyId::receive_maximum, 2u);
    RawClient client = broker.client("c", {.properties = two.view()});
    client.subscribe(topic, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    for (int i = 0; i < 6; ++i) {
        if (i % 2 == 0)
            publisher.publish_acked(topic, std::to_string(i));
        else
            publish_qos2(publisher, topic, std::to_string(i));
    }
    const PacketId zero = client.expect_publish(topic, "0").id;
    const PacketId one = client.expect_publish(topic, "1").id;
    client.expect_silence();
    const std::string other = broker.topic("other");
    client.subscribe(other);
    publisher.publish(other, "QoS 0");
    client.expect_publish(other, "QoS 0");
    client.ack(PacketType::puback, zero);
    const PacketId next = client.expect_publish(topic, "2").id;
    client.expect_silence();
    // For QoS 2 it is PUBCOMP that makes room.
    client.ack(PacketType::pubrec, one);
    CHECK(client.expect<Ack>().type == PacketType::pubrel);
    client.expect_silence();
    client.ack(PacketType::pubcomp, one);
    finish(client, client.expect_publish(topic, "3"));
    client.ack(PacketType::puback, next);
    finish(client, client.expect_publish(topic, "4"));
    finish(client, client.expect_publish(topic, "5"));
    client.expect_silence();
}

TEST_CASE(
    "5.0 server: a client over the server's Receive Maximum is ended by 0x93, one within it "
    "loses nothing [MQTT-3.3.4-7] [MQTT-3.3.4-8] [MQTT-4.9.0-3]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.client();
    const std::uint32_t maximum =
        client.connect(broker.id("c")).properties.number_or(PropertyId::receive_maximum, 65'535);
    RawClient watcher = broker.client("w");
    watcher.subscribe(topic);
    for (std::uint32_t id = 1; id <= maximum; ++id)
        client.publish(topic, "", QoS::exactly_once, static_cast<PacketId>(id));
    for (std::uint32_t id = 1; id <= maximum; ++id)
        CHECK(client.expect<Ack>().id == id);
    for (std::uint32_t id = 1; id <= maximum; ++id) {
        client.ack(PacketType::pubrel, static_cast<PacketId>(id));
        CHECK(client.expect<Ack>().type == PacketType::pubcomp);
        watcher.expect_publish(topic, "");
    }
    for (std::uint32_t id = 1; id <= maximum; ++id) {
        client.publish(topic, "", QoS::exactly_once, static_cast<PacketId>(id));
        CHECK(client.expect<Ack>().id == id);
    }
    client.expect_silence();
    if (maximum == 65'535) return;
    client.publish(topic, "", QoS::exactly_once, static_cast<PacketId>(maximum + 1));
    expect_ended(client, {R::receive_maximum_exceeded});
}
