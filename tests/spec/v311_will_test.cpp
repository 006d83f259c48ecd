// MQTT 3.1.1, section 3.1.2: wills, black-box on raw sockets.
#include <doctest/doctest.h>

#include "v311_target.hpp"

using namespace ::test;

namespace {

WillView will(std::string_view topic, QoS qos = QoS::at_most_once, bool retain = false) {
    WillView view;
    view.topic = topic;
    view.payload = as_bytes("gone");
    view.qos = qos;
    view.retain = retain;
    return view;
}

RawClient watcher(const V311Broker& broker, std::string_view filter) {
    RawClient client = broker.client("v311-watcher", k311);
    client.subscribe(filter, QoS::exactly_once);
    return client;
}

}  // namespace

TEST_CASE(
    "3.1.1: a will is published when the connection ends without DISCONNECT "
    "[MQTT311-3.1.2-8]") {
    V311Broker broker;
    RawClient sub = watcher(broker, "v311/will");
    SUBCASE("closed by the client") {
        RawClient client = broker.client(k311);
        client.connect({.client_id = "v311-dies", .will = will("v311/will")});
        client.close();
        sub.expect_publish("v311/will", "gone");
    }
    SUBCASE("reset") {
        RawClient client = broker.client(k311);
        client.connect({.client_id = "v311-dies", .will = will("v311/will")});
        client.reset();
        sub.expect_publish("v311/will", "gone");
    }
    SUBCASE("protocol violation") {
        RawClient client = broker.client(k311);
        client.connect({.client_id = "v311-dies", .will = will("v311/will")});
        client.send_hex("20 02 00 00").expect_closed();  // CONNACK from a client
        sub.expect_publish("v311/will", "gone");
    }
    SUBCASE("silence beyond keep-alive") {
        RawClient client = broker.client(k311);
        client.connect({.client_id = "v311-dies", .keep_alive = 1, .will = will("v311/will")});
        sub.expect_publish("v311/will", "gone");
        client.expect_closed();
    }
    SUBCASE("taken over") {
        RawClient client = broker.client(k311);
        client.connect({.client_id = "v311-dies", .will = will("v311/will")});
        RawClient other = broker.client("v311-dies", k311);
        sub.expect_publish("v311/will", "gone");
    }
    sub.expect_silence();
}

TEST_CASE("3.1.1: a will is published once, and never after DISCONNECT [MQTT311-3.1.2-10]") {
    V311Broker broker;
    RawClient sub = watcher(broker, "v311/once");
    RawClient first = broker.client(k311);
    first.connect({.client_id = "v311-once", .clean_start = false, .will = will("v311/once")});
    first.close();
    sub.expect_publish("v311/once", "gone");
    // The session is still there; the next connection brings no will, and its end publishes none.
    RawClient second = broker.client(k311);
    CHECK(second.connect({.client_id = "v311-once", .clean_start = false}).session_present);
    second.reset();
    RawClient third = broker.client(k311);
    third.connect({.client_id = "v311-polite", .will = will("v311/once")});
    third.send(Disconnect{}).reset();
    RawClient fourth = broker.client(k311);
    fourth.connect({.client_id = "v311-polite"});  // its predecessor has certainly ended
    fourth.publish("v311/once", "last");
    sub.expect_publish("v311/once", "last");
    sub.expect_silence();
}

TEST_CASE("3.1.1: without will flag nothing is published at the end [MQTT311-3.1.2-12]") {
    V311Broker broker;
    RawClient sub = watcher(broker, "#");
    RawClient client = broker.client("v311-willless", k311);
    client.reset();
    RawClient again = broker.client("v311-willless", k311);
    again.publish("v311/after", "x");
    sub.expect_publish("v311/after", "x");
    sub.expect_silence();
}

TEST_CASE(
    "3.1.1: the retain flag of a will is that of its publication "
    "[MQTT311-3.1.2-16] [MQTT311-3.1.2-17]") {
    V311Broker broker;
    for (const bool retain : {false, true}) {
        const std::string topic = retain ? "v311/will/retained" : "v311/will/plain";
        RawClient sub = watcher(broker, topic);
        RawClient client = broker.client(k311);
        client.connect({.client_id = "v311-w", .will = will(topic, QoS::at_least_once, retain)});
        client.reset();
        const Publish live = sub.expect_publish(topic, "gone");
        CHECK_FALSE(live.retain);
        CHECK(live.qos == QoS::at_least_once);
        RawClient late = broker.client("v311-late", k311);
        late.subscribe(topic, QoS::exactly_once);
        if (retain) {
            const Publish kept = late.expect_publish(topic, "gone");
            CHECK(kept.retain);
            CHECK(kept.qos == QoS::at_least_once);
        }
        late.expect_silence();
        late.publish(topic, "", QoS::at_most_once, 0, true);
    }
}
