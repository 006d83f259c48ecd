// Shared subscriptions: what becomes of messages that a member leaves unfinished, and of members that
// cannot take more.
#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "support/test_broker.hpp"

using namespace ::test;

namespace {

constexpr std::string_view kShared = "$share/g/t";

PropertyList window(std::uint32_t receive_maximum, std::uint32_t session_expiry) {
    PropertyList list;
    list.add(PropertyId::receive_maximum, receive_maximum);
    if (session_expiry != 0) list.add(PropertyId::session_expiry_interval, session_expiry);
    return list;
}

// A member with a window of its own.
RawClient member(TestBroker& broker, std::string_view id, std::uint32_t receive_maximum,
                 QoS qos = QoS::at_least_once, std::uint32_t session_expiry = 0) {
    RawClient client = broker.client();
    const PropertyList properties = window(receive_maximum, session_expiry);
    client.connect({.client_id = id, .properties = properties.view()});
    client.subscribe(kShared, qos);
    return client;
}

void publish_numbers(RawClient& publisher, int from, int to) {
    for (int i = from; i < to; ++i)
        publisher.publish_acked("t", std::to_string(i));
}

// Receives and acknowledges messages until all of `wanted` have come.
void expect_all(RawClient& client, std::set<std::string> wanted) {
    while (!wanted.empty()) {
        const Publish publish = client.expect<Publish>();
        CHECK_FALSE(publish.dup);
        const auto erased = wanted.erase(std::string(as_text(publish.payload)));
        INFO("payload " << as_text(publish.payload));
        CHECK(erased == 1);
        client.ack(PacketType::puback, publish.id);
    }
}

}  // namespace

TEST_CASE(
    "shared: QoS 1 of a session that ends, sent or waiting, goes to another member [5.0 section "
    "4.8.2]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        RawClient first = member(broker, "first", 2);
        publish_numbers(pub, 0, 5);
        first.expect_publish("t", "0");
        first.expect_publish("t", "1");
        RawClient second = member(broker, "second", 100);
        first.reset();
        expect_all(second, {"0", "1", "2", "3", "4"});
        second.expect_silence();
    }
}

TEST_CASE(
    "shared: UNSUBSCRIBE leaves what was sent with its connection and moves what waits "
    "[MQTT-3.10.4-3]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        RawClient first = member(broker, "first", 1);
        publish_numbers(pub, 0, 4);
        const PacketId sent = first.expect_publish("t", "0").id;
        RawClient second = member(broker, "second", 100);
        CHECK(first.unsubscribe(kShared)[0] == ReasonCode::success);
        expect_all(second, {"1", "2", "3"});
        first.ack(PacketType::puback, sent).expect_silence();
        second.expect_silence();
    }
}

TEST_CASE("shared: of a member that is away, what waits moves; what was sent waits for it") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        RawClient first = member(broker, "first", 1, QoS::at_least_once, 1000);
        publish_numbers(pub, 0, 3);
        first.expect_publish("t", "0");
        RawClient second = member(broker, "second", 100);
        first.reset();
        expect_all(second, {"1", "2"});
        const PropertyList kept = window(1, 1000);
        RawClient back = broker.client();
        back.connect({.client_id = "first", .clean_start = false, .properties = kept.view()});
        CHECK(back.expect_publish("t", "0").dup);
        // A session that ends by Clean Start gives it away, too.
        RawClient anew = broker.client();
        anew.connect({.client_id = "first"});
        expect_all(second, {"0"});
    }
}

TEST_CASE(
    "shared: a QoS 2 message that was sent stays with its session, and ends with it "
    "[MQTT-4.8.2-4] [MQTT-4.8.2-5]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        RawClient first = member(broker, "first", 1, QoS::exactly_once, 1000);
        for (PacketId id = 1; id <= 2; ++id) {
            pub.publish("t", std::to_string(id), QoS::exactly_once, id);
            pub.expect<Ack>();
            pub.ack(PacketType::pubrel, id);
            pub.expect<Ack>();
        }
        first.expect_publish("t", "1");
        RawClient second = member(broker, "second", 100, QoS::exactly_once);
        first.reset();
        // What was not sent yet goes to the other.
        const PacketId moved = second.expect_publish("t", "2").id;
        second.ack(PacketType::pubrec, moved);
        second.expect<Ack>();
        second.ack(PacketType::pubcomp, moved);
        const PropertyList kept = window(1, 1000);
        RawClient back = broker.client();
        back.connect({.client_id = "first", .clean_start = false, .properties = kept.view()});
        CHECK(back.expect_publish("t", "1").dup);
        RawClient anew = broker.client();
        anew.connect({.client_id = "first"});
        second.expect_silence();
    }
}

TEST_CASE("shared: a message that a member refuses goes to nobody else [MQTT-4.8.2-6]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        RawClient first = member(broker, "first", 10, QoS::exactly_once);
        pub.publish_acked("t", "one");
        const PacketId one = first.expect_publish("t", "one").id;
        pub.publish("t", "two", QoS::exactly_once, 7);
        pub.expect<Ack>();
        const PacketId two = first.expect_publish("t", "two").id;
        RawClient second = member(broker, "second", 10, QoS::exactly_once);
        first.ack(PacketType::puback, one, ReasonCode::unspecified_error);
        first.ack(PacketType::pubrec, two, ReasonCode::implementation_specific_error);
        first.expect_silence();
        first.reset();
        CHECK(eventually([&] { return broker->stats().clients_connected == 2; }));
        second.subscribe("fence");
        second.expect_silence();
    }
}

TEST_CASE("shared: a member whose window is full is passed over [5.0 section 4.8.2]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        RawClient first = member(broker, "first", 1);
        pub.publish_acked("t", "stuck");
        const PacketId stuck = first.expect_publish("t", "stuck").id;
        RawClient second = member(broker, "second", 100);
        first.subscribe("fence");  // what its shard has told is known everywhere
        publish_numbers(pub, 0, 9);
        expect_all(second, {"0", "1", "2", "3", "4", "5", "6", "7", "8"});
        // It takes part again as soon as it acknowledges.
        first.ack(PacketType::puback, stuck);
        first.subscribe("fence");
        publish_numbers(pub, 0, 2);
        first.expect<Publish>();
        second.expect<Publish>();
    }
}

TEST_CASE("shared: nothing is lost while members come and go") {
    constexpr int kMessages = 400;
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient pub = broker.client("pub");
        RawClient steady = member(broker, "steady", 500);
        RawClient leaving = member(broker, "leaving", 5);
        std::set<std::string> missing;
        std::set<std::string> settled;
        for (int i = 0; i < kMessages; ++i) {
            const std::string payload = std::to_string(i);
            missing.insert(payload);
            pub.publish("t", payload, QoS::at_least_once, pub.next_id());
            if (i % 100 != 50) continue;
            // Finishes one message, then goes with others unfinished, and comes again.
            const Publish one = leaving.expect<Publish>();
            settled.insert(std::string(as_text(one.payload)));
            leaving.ack(PacketType::puback, one.id).expect<Publish>();
            leaving.reset();
            leaving = RawClient(broker.port());
            const PropertyList properties = window(5, 0);
            leaving.connect({.client_id = "leaving", .properties = properties.view()});
            leaving.subscribe(kShared, QoS::at_least_once);
        }
        leaving.reset();
        // An acknowledgement that did not arrive before the end gives a message twice, never none.
        while (!missing.empty()) {
            for (const std::string& payload : settled)
                missing.erase(payload);
            settled.clear();
            if (missing.empty()) break;
            const Publish publish = steady.expect<Publish>();
            settled.insert(std::string(as_text(publish.payload)));
            steady.ack(PacketType::puback, publish.id);
        }
        CHECK(broker->stats().messages_dropped == 0);
    }
}

TEST_CASE("shared: a member that may not read a message is passed over, on whatever shard it is") {
    for (const unsigned threads : kThreadCounts) {
        BrokerConfig config = with_threads(threads);
        config.authorize = [](const AccessRequest& request) {
            return request.access != Access::deliver || !request.topic.starts_with("secret") ||
                   request.user_name == "boss";
        };
        TestBroker broker(config);
        const auto join = [&](std::string_view id, std::string_view user) {
            RawClient client = broker.client();
            client.connect({.client_id = id, .user_name = user});
            client.subscribe("$share/g/#", QoS::at_least_once);
            return client;
        };
        // Of eight members some are on each of three shards.
        std::vector<RawClient> others;
        for (const char* id : {"a", "b", "c", "d", "e", "f", "g"})
            others.push_back(join(id, "worker"));
        RawClient boss = join("boss", "boss");
        RawClient pub = broker.client("pub");
        std::set<std::string> wanted;
        for (int i = 0; i < 40; ++i) {
            pub.publish_acked("secret/plan", std::to_string(i));
            wanted.insert(std::to_string(i));
        }
        while (!wanted.empty()) {
            const Publish publish = boss.expect<Publish>();
            CHECK(wanted.erase(std::string(as_text(publish.payload))) == 1);
            boss.ack(PacketType::puback, publish.id);
        }
        for (RawClient& other : others)
            other.expect_silence();
        // Somebody else under the id: its rights count from then on.
        RawClient promoted = broker.client();
        PropertyList kept;
        kept.add(PropertyId::session_expiry_interval, 60);
        promoted.connect({.client_id = "x", .properties = kept.view(), .user_name = "worker"});
        promoted.subscribe("$share/h/secret/#", QoS::at_least_once);
        promoted.send(Disconnect{});
        promoted.expect_closed();
        promoted = broker.client();
        promoted.connect({.client_id = "x",
                          .clean_start = false,
                          .properties = kept.view(),
                          .user_name = "boss"});
        promoted.subscribe("other");  // granted when all shards have what came before it
        pub.publish_acked("secret/plan", "last");
        CHECK(as_text(promoted.expect<Publish>().payload) == "last");
    }
}

TEST_CASE(
    "shared: a message that moves on from a member below a mount point keeps its whole topic") {
    for (const unsigned threads : kThreadCounts) {
        BrokerConfig config = with_threads(threads);
        config.listeners.push_back(config.listeners.front());
        config.listeners[1].mount_point = "site/";
        TestBroker broker(config);
        RawClient below(broker.port(1));
        const PropertyList properties = window(10, 0);
        below.connect({.client_id = "below", .properties = properties.view()});
        below.subscribe("$share/g/a", QoS::at_least_once);
        RawClient pub = broker.client("pub");
        pub.publish_acked("site/a", "one");
        below.expect_publish("a", "one");  // not acknowledged
        RawClient above = broker.client("above");
        above.subscribe("$share/g/site/a", QoS::at_least_once);
        below.reset();
        above.expect_publish("site/a", "one");
    }
}
