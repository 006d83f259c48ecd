// Sessions: resumption, queues, expiry; wills with their delays; keep-alive.
#include <doctest/doctest.h>

#include "support/test_broker.hpp"

using namespace ::test;

namespace {

// Session Expiry Interval for a CONNECT.
PropertyList expiry(std::uint32_t seconds) {
    PropertyList list;
    list.add(PropertyId::session_expiry_interval, seconds);
    return list;
}

WillView will(std::string_view topic, Properties properties = {}) {
    WillView view;
    view.topic = topic;
    view.payload = as_bytes("gone");
    view.properties = properties;
    return view;
}

PropertyList delay(std::uint32_t seconds) {
    PropertyList list;
    list.add(PropertyId::will_delay_interval, seconds);
    return list;
}

}  // namespace

TEST_CASE(
    "session: kept while the client is away, with what was published meanwhile "
    "[MQTT-3.1.2-5] [MQTT-3.2.2-2] [MQTT-4.1.0-1] [MQTT-4.5.0-1]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        const PropertyList kept = expiry(100);
        {
            RawClient sub = broker.client();
            CHECK_FALSE(
                sub.connect({.client_id = "sub", .properties = kept.view()}).session_present);
            sub.subscribe("t", QoS::at_least_once);
            sub.send(Disconnect{}).expect_closed();
        }
        RawClient pub = broker.client("pub");
        pub.publish_acked("t", "1");
        pub.publish_acked("t", "2");
        pub.publish("t", "QoS 0 is not queued");
        pub.expect_silence();
        RawClient sub = broker.client();
        CHECK(sub.connect({.client_id = "sub", .clean_start = false, .properties = kept.view()})
                  .session_present);
        sub.expect_publish("t", "1");
        sub.expect_publish("t", "2");
        sub.expect_silence();
        pub.publish_acked("t", "3");
        sub.expect_publish("t", "3");
    }
}

TEST_CASE("session: Clean Start ends the old one [MQTT-3.1.2-4] [MQTT-3.2.2-3]") {
    TestBroker broker;
    const PropertyList kept = expiry(100);
    RawClient first = broker.client();
    first.connect({.client_id = "c", .properties = kept.view()});
    first.subscribe("t");
    first.close();
    RawClient second = broker.client();
    CHECK_FALSE(second.connect({.client_id = "c"}).session_present);
    RawClient pub = broker.client("pub");
    CHECK(pub.publish_acked("t", "x") == ReasonCode::no_matching_subscribers);
    CHECK(broker->stats().sessions == 2);
}

TEST_CASE("session: 3.1.1 with Clean Session 0 is kept [MQTT311-3.1.2-4] [MQTT311-3.2.2-2]") {
    TestBroker broker;
    {
        RawClient sub = broker.client(ProtocolVersion::v3_1_1);
        sub.connect({.client_id = "sub", .clean_start = false});
        sub.subscribe("t", QoS::exactly_once);
    }
    RawClient pub = broker.client("pub", ProtocolVersion::v3_1_1);
    CHECK(eventually([&] { return broker->stats().clients_connected == 1; }));
    pub.publish_acked("t", "x");
    RawClient sub = broker.client(ProtocolVersion::v3_1_1);
    CHECK(sub.connect({.client_id = "sub", .clean_start = false}).session_present);
    CHECK(sub.expect_publish("t", "x").qos == QoS::at_least_once);
}

TEST_CASE(
    "session: unacknowledged messages come again with DUP, in order "
    "[MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.6.0-1]") {
    TestBroker broker;
    const PropertyList kept = expiry(100);
    RawClient pub = broker.client("pub");
    std::vector<PacketId> ids;
    {
        RawClient sub = broker.client();
        sub.connect({.client_id = "sub", .properties = kept.view()});
        sub.subscribe("t", QoS::exactly_once);
        pub.publish_acked("t", "1");
        pub.publish("t", "2", QoS::exactly_once, 100);
        pub.expect<Ack>();
        ids.push_back(sub.expect_publish("t", "1").id);
        ids.push_back(sub.expect_publish("t", "2").id);
    }
    RawClient sub = broker.client();
    CHECK(sub.connect({.client_id = "sub", .clean_start = false, .properties = kept.view()})
              .session_present);
    const Publish first = sub.expect_publish("t", "1");
    CHECK(first.dup);
    CHECK(first.id == ids[0]);
    const Publish second = sub.expect_publish("t", "2");
    CHECK(second.dup);
    CHECK(second.id == ids[1]);
    sub.ack(PacketType::puback, ids[0]).ack(PacketType::pubrec, ids[1]);
    CHECK(sub.expect<Ack>().type == PacketType::pubrel);
    sub.close();
    RawClient again = broker.client();
    again.connect({.client_id = "sub", .clean_start = false, .properties = kept.view()});
    const Ack pubrel = again.expect<Ack>();
    CHECK(pubrel.type == PacketType::pubrel);
    CHECK(pubrel.id == ids[1]);
}

TEST_CASE("session: QoS 2 received once stays once over a reconnect [MQTT-4.3.3-10]") {
    TestBroker broker;
    const PropertyList kept = expiry(100);
    RawClient sub = broker.client("sub");
    sub.subscribe("t");
    {
        RawClient pub = broker.client();
        pub.connect({.client_id = "pub", .properties = kept.view()});
        pub.publish("t", "x", QoS::exactly_once, 9);
        pub.expect<Ack>();
    }
    RawClient pub = broker.client();
    pub.connect({.client_id = "pub", .clean_start = false, .properties = kept.view()});
    pub.send(Publish{true, QoS::exactly_once, false, 9, "t", {}, as_bytes("x")});
    CHECK(pub.expect<Ack>().type == PacketType::pubrec);
    pub.ack(PacketType::pubrel, 9);
    CHECK(pub.expect<Ack>().type == PacketType::pubcomp);
    sub.expect_publish("t", "x");
    sub.expect_silence();
}

TEST_CASE("session: expires when its time is over [MQTT-3.1.2-23] and DISCONNECT may shorten it") {
    TestBroker broker;
    const PropertyList kept = expiry(1000);
    const PropertyList now = expiry(1);
    RawClient client = broker.client();
    client.connect({.client_id = "c", .properties = kept.view()});
    client.send(Disconnect{ReasonCode::success, now.view()}).expect_closed();
    CHECK(broker->stats().sessions == 1);
    CHECK(eventually([&] { return broker->stats().sessions == 0; }));
    CHECK(broker->stats().sessions_expired == 1);
}

TEST_CASE("session: queue limits drop the newest, and count") {
    BrokerConfig config = loopback();
    config.maximum_queued_messages = 3;
    TestBroker broker(config);
    const PropertyList kept = expiry(100);
    {
        RawClient sub = broker.client();
        sub.connect({.client_id = "sub", .properties = kept.view()});
        sub.subscribe("t", QoS::at_least_once);
        sub.send(Disconnect{}).expect_closed();
    }
    RawClient pub = broker.client("pub");
    for (const char* payload : {"1", "2", "3", "4", "5"})
        pub.publish_acked("t", payload);
    CHECK(broker->stats().dropped_queue_full == 2);
    CHECK(broker->stats().queued_messages == 3);
    RawClient sub = broker.client();
    sub.connect({.client_id = "sub", .clean_start = false, .properties = kept.view()});
    for (const char* payload : {"1", "2", "3"})
        sub.expect_publish("t", payload);
    sub.expect_silence();
    CHECK(broker->stats().queued_messages == 0);
    CHECK(broker->stats().queued_bytes == 0);
}

TEST_CASE(
    "will: sent when the connection breaks [MQTT-3.1.2-8], not after DISCONNECT 0 "
    "[MQTT-3.14.4-3] [MQTT-3.1.2-10]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient watcher = broker.client("watcher");
        watcher.subscribe("will/#");
        RawClient breaks = broker.client();
        breaks.connect({.client_id = "b", .will = will("will/b")});
        RawClient leaves = broker.client();
        leaves.connect({.client_id = "l", .will = will("will/l")});
        leaves.send(Disconnect{}).expect_closed();
        breaks.reset();
        watcher.expect_publish("will/b", "gone");
        watcher.expect_silence();
    }
}

TEST_CASE("will: DISCONNECT 0x04 asks for it; a protocol error sends it [MQTT-3.14.4-3]") {
    TestBroker broker;
    RawClient watcher = broker.client("watcher");
    watcher.subscribe("will/#");
    RawClient asks = broker.client();
    asks.connect({.client_id = "a", .will = will("will/a")});
    asks.send(Disconnect{ReasonCode::disconnect_with_will_message, {}});
    watcher.expect_publish("will/a", "gone");
    RawClient errs = broker.client();
    errs.connect({.client_id = "e", .will = will("will/e")});
    errs.send_hex("f1 00");
    watcher.expect_publish("will/e", "gone");
}

TEST_CASE("will: retained when asked for, with its properties [MQTT-3.1.2-15] [MQTT-3.1.3-10]") {
    TestBroker broker;
    PropertyList properties;
    properties.add(PropertyId::content_type, "text/plain").add_user("k", "v");
    RawClient client = broker.client();
    WillView view = will("will", properties.view());
    view.retain = true;
    view.qos = QoS::at_least_once;
    client.connect({.client_id = "c", .will = view});
    client.reset();
    CHECK(eventually([&] { return broker->stats().retained_messages == 1; }));
    RawClient watcher = broker.client("watcher");
    watcher.subscribe("will", QoS::exactly_once);
    const Publish got = watcher.expect_publish("will", "gone");
    CHECK(got.retain);
    CHECK(got.qos == QoS::at_least_once);
    CHECK(got.properties.text(PropertyId::content_type) == "text/plain");
}

TEST_CASE("will: a delay is waited for, and cancelled by coming back [MQTT-3.1.3-9]") {
    TestBroker broker;
    RawClient watcher = broker.client("watcher");
    watcher.subscribe("will/#");
    const PropertyList kept = expiry(100);
    const PropertyList one = delay(1);
    const PropertyList hundred = delay(100);
    RawClient waits = broker.client();
    waits.connect(
        {.client_id = "w", .properties = kept.view(), .will = will("will/w", one.view())});
    const auto left = Clock::now();
    waits.reset();
    RawClient returns = broker.client();
    returns.connect(
        {.client_id = "r", .properties = kept.view(), .will = will("will/r", hundred.view())});
    returns.reset();
    RawClient back = broker.client();
    back.connect({.client_id = "r", .clean_start = false, .properties = kept.view()});
    watcher.expect_publish("will/w", "gone");
    CHECK(Clock::now() - left >= std::chrono::milliseconds(1000));
    watcher.expect_silence();
}

TEST_CASE("will: the end of the session sends a delayed one [MQTT-3.1.2-8]") {
    TestBroker broker;
    RawClient watcher = broker.client("watcher");
    watcher.subscribe("will/#");
    const PropertyList hundred = delay(100);
    const PropertyList kept = expiry(100);
    RawClient ends = broker.client();
    ends.connect({.client_id = "e", .will = will("will/e", hundred.view())});
    ends.reset();
    watcher.expect_publish("will/e", "gone");  // its session ended with the connection
    RawClient cleaned = broker.client();
    cleaned.connect(
        {.client_id = "c", .properties = kept.view(), .will = will("will/c", hundred.view())});
    cleaned.reset();
    CHECK(eventually([&] { return broker->stats().clients_connected == 1; }));
    watcher.expect_silence();
    RawClient again = broker.client();
    again.connect({.client_id = "c"});
    watcher.expect_publish("will/c", "gone");
}

TEST_CASE(
    "will: who is taken over leaves it, unless it waits for the session that goes on "
    "[MQTT-3.1.3-9]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient watcher = broker.client("watcher");
        watcher.subscribe("will/#");
        const PropertyList kept = expiry(100);
        const PropertyList hundred = delay(100);
        const auto take_over = [&](std::string_view topic, Properties waits, bool starts_clean) {
            RawClient old = broker.client();
            old.connect({.client_id = "c", .properties = kept.view(), .will = will(topic, waits)});
            RawClient anew = broker.client();
            anew.connect(
                {.client_id = "c", .clean_start = starts_clean, .properties = kept.view()});
            CHECK(old.expect<Disconnect>().reason == ReasonCode::session_taken_over);
            old.expect_closed();
        };
        take_over("will/waits", hundred.view(), false);
        watcher.expect_silence();
        take_over("will/at once", {}, false);
        watcher.expect_publish("will/at once", "gone");
        // The old session ends, and with it the delay.
        take_over("will/ends", hundred.view(), true);
        watcher.expect_publish("will/ends", "gone");
        watcher.expect_silence();
    }
}

TEST_CASE(
    "keep-alive: silence for 1.5 times it ends the connection with 0x8D [MQTT-3.1.2-22] "
    "[MQTT-3.1.2-8]") {
    TestBroker broker;
    RawClient watcher = broker.client("watcher");
    watcher.subscribe("will");
    RawClient silent = broker.client();
    silent.connect({.client_id = "s", .keep_alive = 1, .will = will("will")});
    const auto since = Clock::now();
    CHECK(silent.expect<Disconnect>().reason == ReasonCode::keep_alive_timeout);
    CHECK(Clock::now() - since >= std::chrono::milliseconds(1500));
    silent.expect_closed();
    watcher.expect_publish("will", "gone");
}

TEST_CASE("keep-alive: 0 switches it off, and a growing packet is a sign of life") {
    TestBroker broker;
    RawClient off = broker.client();
    off.connect({.client_id = "o", .keep_alive = 0});
    RawClient slow = broker.client();
    slow.connect({.client_id = "s", .keep_alive = 1});
    slow.send_hex("30 40 00 01 61 00");
    for (int i = 0; i < 5; ++i) {
        const auto sent = Clock::now();
        slow.send_hex("78 78");
        CHECK(eventually([&] { return Clock::now() - sent > std::chrono::milliseconds(600); }));
    }
    CHECK(broker->stats().clients_connected == 2);
    off.expect_silence();
}
