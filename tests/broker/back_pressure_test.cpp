// Slow subscribers, hostile endings, windows in bytes, and what $SYS says.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "broker/waiting_packets.hpp"
#include "core/varint.hpp"
#include "support/stored_broker.hpp"

using namespace ::test;

TEST_CASE(
    "back-pressure: a subscriber that stops reading costs the others nothing but is told apart") {
    for (const unsigned threads : kThreadCounts) {
        BrokerConfig config = with_threads(threads);
        config.output_budget_bytes = 64 * 1024;
        std::atomic<int> told = 0;
        config.log = [&](LogLevel, std::string_view line) {
            if (line.find("being dropped for client stalled") != std::string_view::npos) ++told;
        };
        CAPTURE(threads);
        TestBroker broker(config);
        RawClient stalled = broker.client("stalled");
        stalled.subscribe("t");
        RawClient good = broker.client("good");
        good.subscribe("t");
        RawClient pub = broker.client("pub");
        const std::string payload(1000, 'x');
        constexpr int kCount = 20'000;
        for (int i = 0; i < kCount; ++i) {
            pub.publish("t", payload);
            if (i % 50 == 49) {
                for (int n = 0; n < 50; ++n)
                    good.expect_publish("t", payload);
            }
        }
        CHECK(broker->stats().dropped_output_full > 0);
        CHECK(told == 1);
        // It is still a client, and what is in its socket still comes.
        stalled.send(Pingreq{});
        int got = 0;
        for (;;) {
            CAPTURE(got);
            const Packet packet = stalled.receive();
            if (std::holds_alternative<Pingresp>(packet)) break;
            ++got;
        }
        CHECK(got > 0);
        CHECK(got < kCount);
    }
}

TEST_CASE("back-pressure: a batch that fills the ring to another shard half-way arrives whole") {
    BrokerConfig config = with_threads(3);
    config.ring_bytes = 1024;
    TestBroker broker(config);
    // By their names some are at home elsewhere than the publisher.
    std::vector<RawClient> subscribers;
    for (int i = 0; i < 6; ++i) {
        subscribers.push_back(broker.client("subscriber" + std::to_string(i)));
        subscribers.back().subscribe("t");
    }
    RawClient pub = broker.client("pub");
    std::vector<std::uint8_t> batch;
    constexpr int kCount = 40;
    for (int i = 0; i < kCount; ++i) {
        const std::string text = std::to_string(i);
        const auto packet =
            encoded(ProtocolVersion::v5, Publish{.topic = "t", .payload = as_bytes(text)});
        batch.insert(batch.end(), packet.begin(), packet.end());
    }
    pub.send_bytes(batch);
    for (RawClient& subscriber : subscribers) {
        for (int i = 0; i < kCount; ++i)
            subscriber.expect_publish("t", std::to_string(i));
    }
}

TEST_CASE(
    "back-pressure: QoS 1 to a stalled subscriber is kept within its queue, then dropped and "
    "counted") {
    BrokerConfig config = loopback();
    config.maximum_queued_messages = 100;
    config.maximum_inflight = 50;
    TestBroker broker(config);
    RawClient stalled = broker.client("stalled");
    stalled.subscribe("t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    for (int i = 0; i < 400; ++i)
        pub.publish_acked("t", std::to_string(i));
    const BrokerStats stats = broker->stats();
    CHECK(stats.queued_messages == 100);
    CHECK(stats.dropped_queue_full == 250);
    for (int i = 0; i < 150; ++i) {
        const Publish got = stalled.expect_publish("t", std::to_string(i));
        stalled.ack(PacketType::puback, got.id);
    }
    stalled.expect_silence();
}

// Payloads of these sizes, in this order.
static void publish_sizes(RawClient& pub, std::initializer_list<std::size_t> sizes) {
    for (const std::size_t size : sizes)
        pub.publish_acked("t", std::string(size, 'x'));
}

TEST_CASE("max_inflight_bytes: the next message goes while less payload is unfinished") {
    BrokerConfig config = loopback();
    config.maximum_inflight_bytes = 100;
    TestBroker broker(config);
    RawClient sub = broker.client();
    resume(sub, "sub");
    sub.subscribe("t", QoS::exactly_once);
    RawClient pub = broker.client("pub");
    publish_sizes(pub, {60, 60, 60, 500, 1});
    const PacketId first = sub.expect<Publish>().id;
    const PacketId second = sub.expect<Publish>().id;
    sub.expect_silence();  // 120 are under way
    sub.ack(PacketType::puback, second);
    const PacketId third = sub.expect<Publish>().id;
    sub.expect_silence();
    sub.ack(PacketType::puback, first);
    const Publish large = sub.expect<Publish>();  // 60 are under way
    CHECK(large.payload.size() == 500);
    const PacketId large_id = large.id;
    sub.expect_silence();
    sub.ack(PacketType::puback, third).expect_silence();
    sub.ack(PacketType::puback, large_id);
    CHECK(sub.expect<Publish>().payload.size() == 1);
    CHECK(broker->stats().queued_messages == 0);
    publish_sizes(pub, {200, 2});
    CHECK(sub.expect<Publish>().payload.size() == 200);
    sub.expect_silence();

    // Sent again it counts: what waits behind it still does.
    RawClient again = broker.client();
    CHECK(resume(again, "sub").session_present);
    CHECK(again.expect<Publish>().payload.size() == 1);
    const Publish resent = again.expect<Publish>();
    CHECK(resent.payload.size() == 200);
    const PacketId resent_id = resent.id;
    again.expect_silence();
    again.ack(PacketType::puback, resent_id);
    CHECK(again.expect<Publish>().payload.size() == 2);
}

TEST_CASE("max_inflight_bytes: QoS 2 counts to the end, QoS 0 never, retained as others") {
    BrokerConfig config = loopback();
    config.maximum_inflight_bytes = 100;
    TestBroker broker(config);
    RawClient pub = broker.client("pub");
    const std::string text(100, 'x');
    for (const char* topic : {"a", "b"}) {
        pub.publish(topic, text, QoS::exactly_once, 1, true);
        pub.expect<Ack>();
        pub.ack(PacketType::pubrel, 1).expect<Ack>();
    }
    RawClient sub = broker.client("sub");
    sub.subscribe("+", QoS::exactly_once);
    const PacketId id = sub.expect<Publish>().id;
    sub.ack(PacketType::pubrec, id);
    CHECK(sub.expect<Ack>().type == PacketType::pubrel);
    pub.publish("c", text);
    CHECK(sub.expect<Publish>().topic == "c");
    sub.expect_silence();
    sub.ack(PacketType::pubcomp, id);
    CHECK(sub.expect<Publish>().retain);
}

TEST_CASE("cut: a conversation ended at every byte leaves nothing behind") {
    TestBroker broker;
    std::vector<std::uint8_t> talk;
    const auto add = [&](const Packet& packet) {
        const auto bytes = encoded(ProtocolVersion::v5, packet);
        talk.insert(talk.end(), bytes.begin(), bytes.end());
    };
    Connect connect;
    connect.client_id = "cut";
    WillView will;
    will.topic = "will";
    connect.will = will;
    add(connect);
    FilterListBuilder filters(true);
    filters.add("a/#", {.qos = QoS::exactly_once}).add("$share/g/a/+");
    add(Subscribe{1, {}, filters.view()});
    add(Publish{false, QoS::exactly_once, true, 2, "a/b", {}, as_bytes("x")});
    add(Ack{PacketType::pubrel, 2, ReasonCode::success, {}});
    add(Publish{false, QoS::at_least_once, false, 3, "a/b", {}, as_bytes("y")});
    add(Pingreq{});
    FilterListBuilder gone(false);
    gone.add("a/#");
    add(Unsubscribe{4, {}, gone.view()});
    add(Disconnect{});
    for (std::size_t end = 0; end <= talk.size(); ++end) {
        RawClient client = broker.client();
        client.send_bytes(Bytes(talk).first(end));
        if (end % 2 == 0) client.reset();
    }
    CHECK(eventually([&] {
        const BrokerStats stats = broker->stats();
        return stats.sockets == 0 && stats.sessions == 0 && stats.subscriptions == 0;
    }));
    RawClient alive = broker.client("alive");
    alive.expect_silence();
}

TEST_CASE("sys: figures are retained under $SYS/broker and change") {
    for (const unsigned threads : kThreadCounts) {
        BrokerConfig config = with_threads(threads);
        config.sys_interval = std::chrono::seconds(1);
        config.version_text = "the version";
        TestBroker broker(config);
        RawClient client = broker.client("watcher");
        FilterListBuilder filters(true);
        filters.add("$SYS/broker/version", {});
        filters.add("$SYS/broker/clients/connected", {});
        client.send(Subscribe{client.next_id(), {}, filters.view()});
        bool has_version = false, has_count = false;
        while (!has_version || !has_count) {
            // Some may come before SUBACK, which waits for the other shards.
            const Packet packet = client.receive();
            const auto* publish = std::get_if<Publish>(&packet);
            if (publish == nullptr) continue;
            has_version = has_version || as_text(publish->payload) == "the version";
            has_count = has_count || as_text(publish->payload) == "1";
        }
    }
}

TEST_CASE("sys: every shard tells its load, and the tree has mosquitto's topics") {
    for (const unsigned threads : kThreadCounts) {
        BrokerConfig config = with_threads(threads);
        config.sys_interval = std::chrono::seconds(1);
        TestBroker broker(config);
        RawClient client = broker.client("watcher");
        FilterListBuilder filters(true);
        filters.add("$SYS/#", {});
        client.send(Subscribe{client.next_id(), {}, filters.view()});
        std::set<std::string> missing;
        for (unsigned i = 0; i < threads; ++i) {
            const std::string shard = "shards/" + std::to_string(i) + "/";
            for (const char* name : {"load/cpu", "clients/connected", "publish/messages/received"})
                missing.insert(shard + name);
        }
        for (const char* name : {"version",
                                 "uptime",
                                 "clients/total",
                                 "clients/maximum",
                                 "clients/connected",
                                 "clients/active",
                                 "clients/disconnected",
                                 "clients/inactive",
                                 "clients/expired",
                                 "messages/stored",
                                 "messages/received",
                                 "messages/sent",
                                 "store/messages/count",
                                 "store/messages/bytes",
                                 "store/messages/bytes_on_disk",
                                 "store/commits",
                                 "store/failures",
                                 "store/failing",
                                 "subscriptions/count",
                                 "shared_subscriptions/count",
                                 "retained messages/count",
                                 "heap/current",
                                 "heap/maximum",
                                 "bytes/received",
                                 "bytes/sent",
                                 "publish/bytes/received",
                                 "publish/bytes/sent",
                                 "publish/messages/dropped",
                                 "publish/messages/received",
                                 "publish/messages/sent",
                                 "packet/out/bytes",
                                 "connections/socket/count",
                                 "load/messages/received/1min",
                                 "load/publish/dropped/5min",
                                 "load/bytes/sent/15min",
                                 "load/sockets/1min",
                                 "load/connections/1min"}) {
            missing.insert(name);
        }
        while (!missing.empty()) {
            // The first may come before SUBACK, which waits for the other shards.
            const Packet packet = client.receive();
            if (const auto* publish = std::get_if<Publish>(&packet)) {
                const std::string topic(publish->topic);
                missing.erase(topic.substr(std::string_view("$SYS/broker/").size()));
            }
        }
    }
}

TEST_CASE("back-pressure: waiting packets are counted over any pieces, writes and looks") {
    std::mt19937 random(7);
    const auto up_to = [&](std::size_t most) { return random() % (most + 1); };
    for (int round = 0; round < 200; ++round) {
        std::vector<std::uint8_t> bytes;
        std::vector<std::size_t> ends;  // of packets
        broker::WaitingPackets waiting;
        std::size_t sent = 0;
        for (int step = 0; step < 30; ++step) {
            for (std::size_t i = up_to(5); i != 0; --i) {
                const std::size_t body = up_to(3) == 0 ? up_to(40'000) : up_to(200);
                std::uint8_t header[5] = {0x30};
                std::uint8_t* end =
                    core::encode_varint(header + 1, static_cast<std::uint32_t>(body));
                bytes.insert(bytes.end(), header, end);
                bytes.insert(bytes.end(), body, 0xFF);
                ends.push_back(bytes.size());
            }
            std::vector<iovec> pieces;
            for (std::size_t at = sent; at < bytes.size();) {
                const std::size_t size = std::min(bytes.size() - at, 1 + up_to(3'000));
                pieces.push_back({bytes.data() + at, size});
                at += size;
            }
            if (up_to(1) == 0) {
                const auto left = ends.end() - std::upper_bound(ends.begin(), ends.end(), sent);
                REQUIRE(waiting.look(pieces) == static_cast<std::size_t>(left));
            }
            const std::size_t count = up_to(bytes.size() - sent);
            if (count == bytes.size() - sent) {
                waiting = {};  // nothing is left
            } else {
                waiting.written(pieces, count);
            }
            sent += count;
        }
    }
}

TEST_CASE("back-pressure: the packets that wait for a socket are counted, not estimated") {
    BrokerConfig config = loopback();
    config.output_budget_bytes = 64 * 1024 * 1024;
    TestBroker broker(config);
    RawClient slow = broker.client("slow");
    slow.subscribe("t");
    RawClient pub = broker.client("pub");
    for (int i = 0; i < 20'000; ++i)
        pub.publish("t", "x");
    pub.expect_silence();
    // They are in the socket's buffers, or soon will be; what is stuck in the end has 10,007 bytes.
    const std::string large(10'000, 'x');
    while (broker->stats().output_bytes < 20'000'000) {
        for (int i = 0; i < 100; ++i)
            pub.publish("t", large);
        pub.expect_silence();
    }
    constexpr std::uint64_t kSize = 1 + 2 + 2 + 1 + 1 + 10'000;  // with an empty list of properties
    const auto is_counted = [&] {
        const BrokerStats stats = broker->stats();
        return stats.output_packets == (stats.output_bytes + kSize - 1) / kSize;
    };
    CHECK(is_counted());
    std::size_t received = 0;
    while (broker->stats().output_bytes != 0) {
        for (int i = 0; i < 50; ++i, ++received)
            slow.expect<Publish>();
        CHECK(is_counted());
    }
    CHECK(broker->stats().output_packets == 0);
}
