// MQTT 5.0, chapters 4.3 to 4.6: exchanges of QoS 1 and 2, resending, order.
#include "support/spec_target.hpp"

using namespace ::test;
using R = ReasonCode;

TEST_CASE(
    "5.0 server: after PUBACK the same identifier is a new message "
    "[MQTT-4.3.2-4] [MQTT-4.3.2-5]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient watcher = broker.client("w");
    watcher.subscribe(topic);
    RawClient client = broker.client("c");
    for (const bool dup : {false, true}) {
        client.send(Publish{dup, QoS::at_least_once, false, 3, topic, {}, as_bytes("x")});
        CHECK(client.expect<Ack>().id == 3);
        watcher.expect_publish(topic, "x");
    }
}

TEST_CASE(
    "5.0 server: a QoS 2 message is taken once until PUBREL, then its identifier is new "
    "[MQTT-4.3.3-8] [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient watcher = broker.client("w");
    watcher.subscribe(topic);
    RawClient client = broker.keeping_client("c");
    client.publish(topic, "x", QoS::exactly_once, 3);
    CHECK(client.expect<Ack>().type == PacketType::pubrec);
    client.send(Publish{true, QoS::exactly_once, false, 3, topic, {}, as_bytes("x")});
    CHECK(client.expect<Ack>().type == PacketType::pubrec);
    client.reset();
    RawClient back = broker.keeping_client("c", false);
    back.send(Publish{true, QoS::exactly_once, false, 3, topic, {}, as_bytes("x")});
    CHECK(back.expect<Ack>().type == PacketType::pubrec);
    back.ack(PacketType::pubrel, 3);
    CHECK(back.expect<Ack>().reason == R::success);
    watcher.expect_publish(topic, "x");
    watcher.expect_silence();
    back.publish(topic, "y", QoS::exactly_once, 3);
    CHECK(back.expect<Ack>().type == PacketType::pubrec);
    back.ack(PacketType::pubrel, 3);
    CHECK(back.expect<Ack>().reason == R::success);
    watcher.expect_publish(topic, "y");
}

TEST_CASE("5.0 server: a QoS 2 message that it refused frees its identifier [MQTT-4.3.3-9]" *
          only_own_broker()) {
    BrokerConfig config = loopback();
    config.authorize = [](const AccessRequest& request) { return request.topic != "secret"; };
    SpecBroker broker(std::move(config));
    RawClient client = broker.client("c");
    client.subscribe("t", QoS::at_most_once);
    client.publish("secret", "x", QoS::exactly_once, 3);
    const Ack refused = client.expect<Ack>();
    CHECK(refused.type == PacketType::pubrec);
    CHECK(refused.reason == R::not_authorized);
    client.publish("t", "x", QoS::exactly_once, 3);
    client.expect_publish("t", "x");
}

TEST_CASE(
    "5.0 server: what was not acknowledged is sent again on resuming, in order and with DUP, "
    "and at no other time "
    "[MQTT-3.3.1-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.4.0-1] [MQTT-4.6.0-1]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.keeping_client("c");
    client.subscribe(topic, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, "0");
    publish_qos2(publisher, topic, "1");
    publisher.publish_acked(topic, "2");
    std::vector<PacketId> ids;
    for (const std::string payload : {"0", "1", "2"})
        ids.push_back(client.expect_publish(topic, payload).id);
    client.expect_silence();
    client.reset();
    RawClient back = broker.keeping_client("c", false);
    std::vector<Publish> repeated;
    for (std::size_t i = 0; i < 3; ++i) {
        const Publish again = repeated.emplace_back(back.expect_publish(topic, std::to_string(i)));
        CHECK(again.dup);
        CHECK(again.id == ids[i]);
    }
    for (const Publish& again : repeated)
        finish(back, again);
    back.expect_silence();
    back.reset();
    broker.keeping_client("c", false).expect_silence();
}

TEST_CASE(
    "5.0 server: after PUBREC only PUBREL is sent again "
    "[MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.4.0-1]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.keeping_client("c");
    client.subscribe(topic, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    publish_qos2(publisher, topic, "x");
    const PacketId id = client.expect_publish(topic, "x").id;
    client.ack(PacketType::pubrec, id);
    CHECK(client.expect<Ack>().type == PacketType::pubrel);
    client.reset();
    RawClient back = broker.keeping_client("c", false);
    const Ack again = back.expect<Ack>();
    CHECK(again.type == PacketType::pubrel);
    CHECK(again.id == id);
    back.ack(PacketType::pubcomp, id).expect_silence();
}

TEST_CASE("5.0 server: PUBREL follow the order of PUBREC [MQTT-4.6.0-4]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.client("c");
    client.subscribe(topic, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    PacketId ids[3] = {};
    for (PacketId& id : ids) {
        publish_qos2(publisher, topic, "x");
        id = client.expect<Publish>().id;
    }
    client.ack(PacketType::pubrec, ids[2])
        .ack(PacketType::pubrec, ids[0])
        .ack(PacketType::pubrec, ids[1]);
    for (const int i : {2, 0, 1})
        CHECK(client.expect<Ack>().id == ids[i]);
}

TEST_CASE("5.0 server: a refused message is finished and not sent again [MQTT-4.4.0-2]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.keeping_client("c");
    client.subscribe(topic, QoS::exactly_once);
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, "1");
    client.ack(PacketType::puback, client.expect<Publish>().id, R::unspecified_error);
    publish_qos2(publisher, topic, "2");
    client.ack(PacketType::pubrec, client.expect<Publish>().id, R::quota_exceeded);
    client.expect_silence();
    client.reset();
    broker.keeping_client("c", false).expect_silence();
}

TEST_CASE(
    "5.0 server: messages of one publisher arrive in order "
    "[MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT-4.6.0-5] [MQTT-4.6.0-6]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    RawClient client = broker.client("c");
    client.subscribe(topic, QoS::at_least_once);
    RawClient publisher = broker.client("p");
    constexpr int kMessages = 100;
    for (int i = 0; i < kMessages; ++i) {
        publisher.publish(topic, std::to_string(i), QoS::at_least_once,
                          static_cast<PacketId>(1000 + i));
    }
    for (int i = 0; i < kMessages; ++i) {
        finish(client, client.expect_publish(topic, std::to_string(i)));
        CHECK(publisher.expect<Ack>().id == 1000 + i);
    }
    for (int i = 0; i < 15; ++i)
        publisher.publish(topic, "x", QoS::exactly_once, static_cast<PacketId>(1 + i));
    for (int i = 0; i < 15; ++i)
        CHECK(publisher.expect<Ack>().id == 1 + i);
}

TEST_CASE("5.0 server: subscribers near and away get what was accepted [MQTT-4.5.0-1]") {
    SpecBroker broker;
    const std::string topic = broker.topic("t");
    broker.keeping_client("away").subscribe(topic, QoS::at_least_once);
    RawClient here = broker.client("here");
    here.subscribe(topic, QoS::at_least_once);
    RawClient publisher = broker.client("p");
    publisher.publish_acked(topic, "x");
    finish(here, here.expect_publish(topic, "x"));
    RawClient back = broker.keeping_client("away", false);
    finish(back, back.expect_publish(topic, "x"));
}
