// MQTT 5.0, chapters 1.5 and 2: data types, fixed header, packet identifiers, properties; as a server
// receives and sends them.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

namespace {

// PUBLISH of QoS 0 whose topic has these bytes in hex.
std::vector<std::uint8_t> publish_to(std::string_view topic_hex) {
    const std::size_t size = from_hex(topic_hex).size();
    std::string body = "00" + std::string(size < 16 ? "0" : "");
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (size >= 16) body += kDigits[size / 16];
    body += kDigits[size % 16];
    return frame(0x30, body + std::string(topic_hex) + "00");
}

}  // namespace

TEST_CASE(
    "5.0 server: a topic that is no UTF-8, has a surrogate or U+0000 ends the connection "
    "[MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-3.3.2-1] [MQTT-4.7.3-2] [MQTT-4.13.1-1]") {
    SpecBroker broker;
    for (const std::string topic : {"61ff", "61eda080", "c3", "610062"}) {
        CAPTURE(topic);
        RawClient client = broker.client("c");
        client.send_raw(publish_to(topic));
        expect_ended(client, {R::malformed_packet, R::topic_name_invalid, R::protocol_error});
    }
}

TEST_CASE("5.0 server: U+FEFF is a character like any other [MQTT-1.5.4-3]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    const std::string topic = broker.topic("\xEF\xBB\xBF/\xEF\xBB\xBFx");
    client.subscribe(topic);
    client.publish(topic, "bom").expect_publish(topic, "bom");
}

TEST_CASE("5.0 server: a User Property that is no UTF-8 ends the connection [MQTT-1.5.7-1]") {
    SpecBroker broker;
    for (const std::string property : {"26000161"
                                       "0001ff",
                                       "260001ff"
                                       "000161",
                                       "26000100"
                                       "000161"}) {
        RawClient client = broker.client("c");
        client.send_raw(raw_publish("a", property));
        expect_ended(client, {R::malformed_packet, R::protocol_error});
    }
}

TEST_CASE(
    "5.0 server: lengths and identifiers that it sends take the fewest bytes [MQTT-1.5.5-1]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    const std::string topic = broker.topic("t");
    client.subscribe(topic, SubscriptionOptions{}, 200);
    const std::string payload(300, 'x');
    client.publish(topic, payload).expect_publish(topic, payload);
    // Flags, two bytes of length, topic, properties (their length, 0B, two bytes of identifier).
    CHECK(client.last_bytes().size() == 1 + 2 + 2 + topic.size() + 1 + 3 + payload.size());
}

TEST_CASE(
    "5.0 server: reserved flags of the fixed header are malformed "
    "[MQTT-2.1.3-1] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1]") {
    SpecBroker broker;
    for (const std::string packet :
         {"c1 00", "60 02 00 01", "80 07 00 01 00 00 01 61 00", "a0 06 00 01 00 00 01 61", "e1 00",
          "41 02 00 01", "51 02 00 01", "71 02 00 01"}) {
        CAPTURE(packet);
        RawClient client = broker.client("c");
        client.send_hex(packet);
        expect_ended(client, {R::malformed_packet, R::protocol_error});
    }
}

TEST_CASE(
    "5.0 server: a PUBLISH of QoS 0 has no packet identifier, others one that is free and not 0 "
    "[MQTT-2.2.1-2] [MQTT-2.2.1-4] [MQTT-4.3.1-1] [MQTT-4.3.2-1] [MQTT-4.3.3-1]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    const std::string topic = broker.topic("t");
    client.subscribe(topic, QoS::exactly_once);
    client.publish(topic, "0").expect_publish(topic, "0");
    CHECK(client.last_bytes().size() == 1 + 1 + 2 + topic.size() + 1 + 1);
    RawClient publisher = broker.client("p");
    std::vector<PacketId> ids;
    for (int i = 0; i < 10; ++i) {
        if (i % 2 == 0)
            publisher.publish_acked(topic, "1");
        else
            publish_qos2(publisher, topic, "2");
        const Publish got = client.expect<Publish>();
        CHECK_FALSE(got.dup);
        CHECK(got.id != 0);
        CHECK(std::find(ids.begin(), ids.end(), got.id) == ids.end());
        ids.push_back(got.id);
    }
}

TEST_CASE(
    "5.0 server: answers repeat the packet identifier of what they answer "
    "[MQTT-2.2.1-5] [MQTT-2.2.1-6] [MQTT-3.8.4-2] [MQTT-3.10.4-5]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    const std::string topic = broker.topic("t");
    client.publish(topic, "x", QoS::at_least_once, 77);
    CHECK(client.expect<Ack>().id == 77);
    client.publish(topic, "x", QoS::exactly_once, 0xFFFE);
    CHECK(client.expect<Ack>().id == 0xFFFE);
    client.ack(PacketType::pubrel, 0xFFFE);
    CHECK(client.expect<Ack>().id == 0xFFFE);
    FilterListBuilder filters(true);
    filters.add(topic, {});
    client.send(Subscribe{0x1234, {}, filters.view()});
    CHECK(client.expect<Suback>().id == 0x1234);
    FilterListBuilder names(false);
    names.add(topic);
    client.send(Unsubscribe{0x4321, {}, names.view()});
    CHECK(client.expect<Unsuback>().id == 0x4321);
}

TEST_CASE("5.0 server: a packet identifier of 0 is a protocol error [MQTT-2.2.1-3]") {
    SpecBroker broker;
    for (const std::string packet :
         {"32 06 00 01 61 00 00 00", "82 07 00 00 00 00 01 61 00", "a2 06 00 00 00 00 01 61"}) {
        RawClient client = broker.client("c");
        client.send_hex(packet);
        expect_ended(client, {R::protocol_error, R::malformed_packet});
    }
}

TEST_CASE("5.0 server: without properties a zero length stands in their place [MQTT-2.2.2-1]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    const std::string topic = broker.topic("t");
    client.subscribe(topic);
    CHECK(client.last_bytes().size() == 6);
    CHECK(client.last_bytes()[4] == 0);
    client.publish(topic, "").expect_publish(topic, "");
    CHECK(client.last_bytes().back() == 0);
}
