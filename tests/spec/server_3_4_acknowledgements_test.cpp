// MQTT 5.0, chapters 3.4 to 3.7: PUBACK, PUBREC, PUBREL and PUBCOMP.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

TEST_CASE(
    "5.0 server: reason codes that an acknowledgement cannot have end the connection "
    "[MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]") {
    SpecBroker broker;
    for (const std::string packet :
         {"40 03 00 01 03", "50 03 00 01 92", "62 03 00 01 10", "70 03 00 01 87"}) {
        CAPTURE(packet);
        RawClient client = broker.client("c");
        client.send_hex(packet);
        expect_ended(client, {R::protocol_error, R::malformed_packet});
    }
}

TEST_CASE(
    "5.0 server: properties that an acknowledgement cannot have end the connection "
    "[MQTT-4.13.1-1]") {
    SpecBroker broker;
    for (const std::string packet :
         {"40 06 00 01 00 02 01 00", "50 06 00 01 00 02 01 00", "62 06 00 01 00 02 01 00",
          "70 06 00 01 00 02 01 00", "40 04 00 01 00 05"}) {
        CAPTURE(packet);
        RawClient client = broker.client("c");
        client.send_hex(packet);
        expect_ended(client, {R::protocol_error, R::malformed_packet});
    }
}

TEST_CASE("5.0 server: nobody subscribed is told by 0x10 [MQTT-3.4.2-1] [MQTT-3.5.2-1]") {
    SpecBroker broker;
    const std::string topic = broker.topic("nobody");
    RawClient client = broker.client("c");
    CHECK(says_nobody_subscribed(client.publish_acked(topic, "x")));
    CHECK(says_nobody_subscribed(publish_qos2(client, topic, "x")));
    client.subscribe(topic);
    client.publish(topic, "x", QoS::at_least_once, 9);
    bool delivered = false;
    for (int i = 0; i < 2; ++i) {
        const Packet packet = client.receive();
        if (const auto* ack = std::get_if<Ack>(&packet))
            CHECK(ack->reason == R::success);
        else
            delivered = std::holds_alternative<Publish>(packet);
    }
    CHECK(delivered);
}

TEST_CASE(
    "5.0 server: an identifier that is not in use gets 0x92, or a plain answer "
    "[MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-4.3.3-11]") {
    SpecBroker broker;
    RawClient client = broker.client("c");
    client.ack(PacketType::pubrel, 1234);
    const Ack complete = client.expect<Ack>();
    CHECK(complete.type == PacketType::pubcomp);
    CHECK(complete.id == 1234);
    CHECK(is_one_of(complete.reason, {R::packet_identifier_not_found, R::success}));
    client.ack(PacketType::puback, 1234).ack(PacketType::pubcomp, 1234).expect_silence();
}

TEST_CASE(
    "5.0 server: refusals fit into a small Maximum Packet Size "
    "[MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.9.2-1] "
    "[MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-3] [MQTT-3.14.2-4]") {
    SpecBroker broker;
    PropertyList small;
    small.add(PropertyId::maximum_packet_size, 60u);
    RawClient client = broker.client("c", {.properties = small.view()});
    const auto is_small = [&] { CHECK(client.last_bytes().size() <= 60); };
    client.publish_acked(broker.topic("nobody"), "x");
    is_small();
    publish_qos2(client, broker.topic("nobody"), "x");
    is_small();
    client.subscribe(broker.topic("t"));
    is_small();
    client.unsubscribe(broker.topic("u"));
    is_small();
    client.send_hex("c1 00");
    if (client.receive_unless_closed()) is_small();
    client.expect_closed();
}

TEST_CASE(
    "5.0 server: Request Problem Information 0 keeps reasons out of acknowledgements "
    "[MQTT-3.1.2-29]") {
    SpecBroker broker;
    PropertyList none;
    none.add(PropertyId::request_problem_information, 0u);
    RawClient client = broker.client("c", {.properties = none.view()});
    client.publish(broker.topic("nobody"), "x", QoS::at_least_once, 1);
    CHECK(client.expect<Ack>().properties.empty());
    FilterListBuilder names(false);
    names.add(broker.topic("u"));
    client.send(Unsubscribe{2, {}, names.view()});
    CHECK(client.expect<Unsuback>().properties.empty());
}
