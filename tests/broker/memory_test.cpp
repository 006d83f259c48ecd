// The memory limit: refusals at the soft mark, queues thrown away at the hard one.
#include "mqtt/limits.hpp"
#include "support/test_broker.hpp"

using namespace ::test;

namespace {

constexpr std::size_t kLimit = 4 * 1024 * 1024;

BrokerConfig limited() {
    BrokerConfig config = loopback();
    config.memory_limit = kLimit;
    return config;
}

// Retained messages until no more is taken; how many were.
int fill(RawClient& client) {
    const std::string payload(100'000, 'x');
    for (int i = 0;; ++i) {
        REQUIRE(i < 100);
        client.publish("fill/" + std::to_string(i), payload, QoS::at_least_once, 1, true);
        if (client.expect<Ack>().reason == ReasonCode::quota_exceeded) return i;
    }
}

}  // namespace

TEST_CASE("memory: at the soft mark CONNECT, SUBSCRIBE and QoS 1 are refused, QoS 0 is dropped") {
    TestBroker broker(limited());
    RawClient sub = broker.client("sub");
    sub.subscribe("t");
    RawClient pub = broker.client("pub");
    RawClient old = broker.client("old", ProtocolVersion::v3_1_1);
    const int taken = fill(pub);
    CHECK(taken > 30);
    CHECK(taken < 42);
    CHECK(broker->stats().memory_bytes <= kLimit);

    RawClient v5(broker.port());
    v5.send_connect({.client_id = "late"});
    CHECK(v5.expect<Connack>().reason == ReasonCode::quota_exceeded);
    RawClient v3(broker.port(), ProtocolVersion::v3_1_1);
    v3.send_connect({.client_id = "late"});
    CHECK(v3.expect<Connack>().reason == ReasonCode::server_unavailable);
    CHECK(sub.subscribe("more").front() == ReasonCode::quota_exceeded);
    pub.publish("t", "lost");
    old.publish("t", "lost");
    old.expect_silence();
    // 3.x cannot be told; an acknowledgement would promise what is not kept.
    old.publish("t", "x", QoS::at_least_once, 1).expect_closed();
    sub.expect_silence();
    CHECK(broker->stats().limits[Limit::memory_soft] >= 6);
    CHECK(broker->stats().limits[Limit::memory_hard] == 0);
}

TEST_CASE("memory: when it is short retained messages can still be taken away, whatever the QoS") {
    for (const ProtocolVersion version : {ProtocolVersion::v5, ProtocolVersion::v3_1_1}) {
        TestBroker broker(limited());
        RawClient sub = broker.client("sub");
        sub.subscribe("fill/0");
        RawClient pub = broker.client("pub");
        RawClient cleaner = broker.client("cleaner", version);
        const auto taken = static_cast<std::uint64_t>(fill(pub));
        sub.expect<Publish>();
        cleaner.publish("fill/0", "", QoS::at_most_once, 0, true);
        sub.expect_publish("fill/0", "");
        cleaner.publish("fill/1", "", QoS::at_least_once, 1, true);
        CHECK_FALSE(is_error(cleaner.expect<Ack>().reason));
        CHECK(broker->stats().retained_messages == taken - 2);
        CHECK(broker->stats().publishes_refused == 1);  // the one that filled it
        // It is nothing but that which is let through.
        cleaner.publish("none", "", QoS::at_most_once, 0, true);
        cleaner.publish("fill/2", "", QoS::at_most_once);
        cleaner.expect_silence();
        CHECK(broker->stats().publishes_refused == 3);
        // At last there is room again.
        for (int i = 2; i < 12; ++i)
            cleaner.publish("fill/" + std::to_string(i), "", QoS::at_most_once, 0, true);
        cleaner.expect_silence();
        pub.publish("t", "x", QoS::at_least_once, 2);
        CHECK(pub.expect<Ack>().reason != ReasonCode::quota_exceeded);
    }
}

TEST_CASE("memory: what is freed can be used again") {
    BrokerConfig config = limited();
    config.maximum_inflight = 1;
    TestBroker broker(config);
    RawClient pub = broker.client("pub");
    {
        RawClient sub = broker.client("sub");
        sub.subscribe("fill/#", QoS::at_least_once);
        fill(pub);
        CHECK(broker->stats().queued_bytes > kLimit / 3);
        pub.publish("q", "x", QoS::at_least_once, 1);
        CHECK(pub.expect<Ack>().reason == ReasonCode::quota_exceeded);
    }
    // The retained ones are still there, the queue is not.
    CHECK(eventually([&] { return broker->stats().memory_bytes < kLimit / 3 * 2; }));
    pub.publish("q", "x", QoS::at_least_once, 1);
    CHECK(pub.expect<Ack>().reason == ReasonCode::no_matching_subscribers);
    CHECK(broker->stats().limits[Limit::memory_hard] == 0);
}

TEST_CASE("memory: a limit that is taken away while the broker runs takes no queue with it") {
    BrokerConfig config = limited();
    config.maximum_inflight = 1;
    TestBroker broker(config);
    RawClient pub = broker.client("pub");
    RawClient sub = broker.client("sub");
    sub.subscribe("fill/#", QoS::at_least_once);
    fill(pub);
    const std::uint64_t queued = broker->stats().queued_bytes;
    CHECK(queued > kLimit / 3);
    config.memory_limit = 0;
    REQUIRE(broker->change_limits(config).ok());
    // Longer than the figures are looked at after something has arrived.
    CHECK_FALSE(eventually([&] { return broker->stats().limits[Limit::memory_hard] != 0; },
                           std::chrono::milliseconds(400)));
    CHECK(broker->stats().queued_bytes == queued);
}

TEST_CASE("memory: QoS 2 of 3.1.1 that was not taken is taken when it is sent again") {
    BrokerConfig config = limited();
    config.maximum_inflight = 1;
    TestBroker broker(config);
    RawClient pub = broker.client("pub");
    RawClient sub = broker.client("sub");
    sub.subscribe("t", QoS::exactly_once);
    {
        RawClient slow = broker.client("slow");
        slow.subscribe("fill/#", QoS::at_least_once);
        RawClient old(broker.port(), ProtocolVersion::v3_1_1);
        old.connect({.client_id = "old", .clean_start = false});
        fill(pub);
        old.publish("t", "x", QoS::exactly_once, 7).expect_closed();
    }
    CHECK(eventually([&] { return broker->stats().memory_bytes < kLimit / 3 * 2; }));

    RawClient again(broker.port(), ProtocolVersion::v3_1_1);
    REQUIRE(again.connect({.client_id = "old", .clean_start = false}).session_present);
    again.send_hex("3c 06 00 01 74 00 07 78");
    CHECK(again.expect<Ack>().type == PacketType::pubrec);
    sub.expect_publish("t", "x");
}

TEST_CASE("memory: over the hard mark the largest owner goes, the others stay") {
    TestBroker broker(limited());
    RawClient good = broker.client("good");
    RawClient small(broker.port());
    small.connect("small");
    RawClient large(broker.port());
    large.connect("large");
    // Packets that never end: nothing is refused while they grow.
    const std::string part(64 * 1024, 'x');
    small.send_hex("30 80 80 80 04 00 01 74 00").send_bytes(as_bytes(part));
    large.send_hex("30 80 80 80 04 00 01 74 00");
    for (int i = 0; i < 100; ++i)
        large.send_bytes(as_bytes(part));
    large.expect_closed();
    CHECK(broker->stats().limits[Limit::memory_hard] == 1);
    CHECK(eventually([&] { return broker->stats().memory_bytes < kLimit; }));
    CHECK(broker->stats().clients_connected == 2);
    good.expect_silence();
}

TEST_CASE("memory: over the hard mark a queue is thrown away and its client told") {
    BrokerConfig config = limited();
    config.maximum_inflight = 1;
    config.maximum_queued_bytes = 0;
    TestBroker broker(config);
    RawClient pub = broker.client("pub");
    RawClient slow = broker.client("slow");
    slow.subscribe("q", QoS::at_least_once);
    const std::string payload(100'000, 'x');
    for (PacketId id = 1; id <= 25; ++id) {
        pub.publish("q", payload, QoS::at_least_once, id);
        CHECK(pub.expect<Ack>().reason == ReasonCode::success);
    }
    // Its 2.5 MB and what never ends of another, less each, are over the mark together.
    RawClient other(broker.port());
    other.connect("other");
    other.send_hex("30 80 80 80 04 00 01 74 00");
    RawClient third(broker.port());
    third.connect("third");
    third.send_hex("30 80 80 80 04 00 01 74 00");
    const std::string part(64 * 1024, 'x');
    for (int i = 0; i < 12; ++i) {
        other.send_bytes(as_bytes(part));
        third.send_bytes(as_bytes(part));
    }
    slow.expect<Publish>();
    CHECK(slow.expect<Disconnect>().reason == ReasonCode::quota_exceeded);
    slow.expect_closed();
    CHECK(broker->stats().limits[Limit::memory_hard] == 1);
    CHECK(broker->stats().dropped_queue_full == 24);
    pub.expect_silence();
}
