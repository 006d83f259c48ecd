// MQTT 5.0, chapters 3.3.2.3.3 and 4.1: what time does to messages, exchanges and sessions. One wait serves
// all of them.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

namespace {

std::uint32_t expiry_of(const Publish& publish) {
    return publish.properties.number_or(PropertyId::message_expiry_interval, 0);
}

}  // namespace

TEST_CASE(
    "5.0 server: messages and sessions end when their time is over, exchanges do not "
    "[MQTT-3.3.2-5] [MQTT-3.3.2-6] [MQTT-4.1.0-2] [MQTT-4.3.3-7] [MQTT-4.3.3-13]") {
    SpecBroker broker;
    PropertyList brief;
    brief.add(PropertyId::message_expiry_interval, 1u);
    PropertyList longer;
    longer.add(PropertyId::message_expiry_interval, 100u);
    const std::string queued = broker.topic("queued");
    const std::string exchanged = broker.topic("exchanged");
    const std::string retained_brief = broker.retained("retained/brief");
    const std::string retained = broker.retained("retained/longer");

    broker.keeping_client("away").subscribe(queued, QoS::at_least_once);
    broker.keeping_client("short", true, 1).send(Disconnect{}).expect_closed();
    RawClient kept_by_disconnect = broker.keeping_client("cut");
    PropertyList cut;
    cut.add(PropertyId::session_expiry_interval, 1u);
    kept_by_disconnect.send(Disconnect{R::success, cut.view()}).expect_closed();
    RawClient receiver = broker.client("receiver");
    receiver.subscribe(exchanged, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    publisher.publish_acked(queued, "brief", false, brief.view());
    publisher.publish_acked(queued, "longer", false, longer.view());
    publisher.publish_acked(retained_brief, "x", true, brief.view());
    publisher.publish_acked(retained, "x", true, longer.view());
    publisher.publish(broker.topic("slow"), "x", QoS::exactly_once, 500, false, brief.view());
    CHECK(publisher.expect<Ack>().type == PacketType::pubrec);
    publisher.publish(exchanged, "x", QoS::exactly_once, 501, false, brief.view());
    CHECK(publisher.expect<Ack>().type == PacketType::pubrec);
    publisher.ack(PacketType::pubrel, 501);
    CHECK(publisher.expect<Ack>().type == PacketType::pubcomp);
    const PacketId id = receiver.expect_publish(exchanged, "x").id;

    let_pass(std::chrono::milliseconds(2'100));
    publisher.ack(PacketType::pubrel, 500);
    const Ack complete = publisher.expect<Ack>();
    CHECK(complete.type == PacketType::pubcomp);
    CHECK(complete.reason == R::success);
    receiver.ack(PacketType::pubrec, id);
    CHECK(receiver.expect<Ack>().type == PacketType::pubrel);
    receiver.ack(PacketType::pubcomp, id);

    RawClient back = broker.keeping_client("away", false);
    const Publish got = back.expect_publish(queued, "longer");
    CHECK(expiry_of(got) <= 98);
    CHECK(expiry_of(got) >= 80);
    RawClient late = broker.client("late");
    late.subscribe(broker.topic("retained/+"));
    CHECK(expiry_of(late.expect_publish(retained, "x")) <= 98);
    late.expect_silence();
    for (const std::string name : {"short", "cut"}) {
        CAPTURE(name);
        const std::string full = broker.id(name);
        CHECK_FALSE(
            broker.client().connect({.client_id = full, .clean_start = false}).session_present);
    }
}

TEST_CASE(
    "5.0 server: the expiry of a session may change in DISCONNECT, but not from 0 "
    "[MQTT-3.1.2-23] [MQTT-4.1.0-2]") {
    SpecBroker broker;
    PropertyList now;
    now.add(PropertyId::session_expiry_interval, 0u);
    broker.keeping_client("c").send(Disconnect{R::success, now.view()}).expect_closed();
    const std::string id = broker.id("c");
    RawClient again = broker.client();
    CHECK_FALSE(again.connect({.client_id = id, .clean_start = false}).session_present);
    PropertyList later;
    later.add(PropertyId::session_expiry_interval, 100u);
    again.send(Disconnect{R::success, later.view()});
    expect_ended(again, {R::protocol_error});
}
