// Limits on connections and clients: what each refuses or delays, that it is counted, and that the log
// has one line of it.
#include <fcntl.h>
#include <sys/resource.h>

#include <atomic>

#include "mqtt/limits.hpp"
#include "support/bridged_brokers.hpp"
#include "support/test_broker.hpp"

using namespace ::test;

namespace {

// Counts the log's lines that contain a text.
struct Lines {
    explicit Lines(BrokerConfig& config, std::string what) : text(std::move(what)) {
        config.log = [this](LogLevel, std::string_view line) {
            if (line.find(text) != std::string_view::npos) ++count;
        };
    }
    std::string text;
    std::atomic<int> count = 0;
};

std::uint64_t hits(TestBroker& broker, Limit limit) {
    return broker->stats().limits[limit];
}

}  // namespace

TEST_CASE("limits: connections over those of a listener are closed, other listeners go on") {
    BrokerConfig config = loopback();
    config.listeners.push_back(config.listeners.front());
    config.listeners[0].limits.maximum_connections = 2;
    Lines lines(config, "denied: max_connections of its listener");
    TestBroker broker(config);
    RawClient one = broker.client("one");
    {
        RawClient two = broker.client("two");
        RawClient(broker.port(0)).expect_closed();
        RawClient(broker.port(0)).expect_closed();
        RawClient elsewhere(broker.port(1));
        elsewhere.connect("elsewhere");
    }
    CHECK(hits(broker, Limit::listener_connections) == 2);
    CHECK(lines.count == 1);
    // A place that is given back can be taken.
    CHECK(eventually([&] { return broker->stats().clients_connected == 1; }));
    CHECK(eventually([&] { return broker->stats().sockets == 1; }));
    broker.client("three").expect_silence();
}

TEST_CASE("limits: connections over those of an address are closed") {
    for (const unsigned threads : kThreadCounts) {
        BrokerConfig config = with_threads(threads);
        config.maximum_connections_per_address = 2;
        config.drain_timeout = std::chrono::milliseconds(20);
        TestBroker broker(config);
        for (int round = 0; round < 3; ++round) {
            RawClient one = broker.client("one");
            RawClient two = broker.client("two");
            RawClient(broker.port()).expect_closed();
            CHECK(hits(broker, Limit::address_connections) == std::uint64_t(round) + 1);
            one.send(Disconnect{}), two.send(Disconnect{});
            one.expect_closed(), two.expect_closed();
            CHECK(eventually([&] { return broker->stats().sockets == 0; }));
        }
    }
}

TEST_CASE("limits: a connection that sends no CONNECT in time is closed and counted") {
    BrokerConfig config = loopback();
    config.connect_timeout = std::chrono::milliseconds(100);
    Lines lines(config, "no CONNECT within connect_timeout");
    TestBroker broker(config);
    RawClient silent(broker.port());
    RawClient dripping(broker.port());
    dripping.send_hex("10 20 00 04");
    silent.expect_closed();
    dripping.expect_closed();
    CHECK(hits(broker, Limit::connect_timeout) == 2);
    CHECK(lines.count == 1);
}

TEST_CASE("limits: a CONNECT over its size is not read to the end") {
    BrokerConfig config = loopback();
    config.listeners[0].limits.maximum_connect_packet_size = 100;
    TestBroker broker(config);
    RawClient client(broker.port());
    client.send_hex("10 80 80 01 00 04");
    client.expect_closed();
    CHECK(hits(broker, Limit::connect_size) == 1);
    broker.client("small").expect_silence();
}

TEST_CASE("limits: connections over the rate wait to be accepted") {
    BrokerConfig config = loopback();
    config.maximum_connect_rate = 20;
    TestBroker broker(config);
    std::vector<RawClient> clients;
    const auto started = Clock::now();
    for (int i = 0; i < 25; ++i)
        clients.push_back(broker.client("c" + std::to_string(i)));
    // 20 at once, then one in 50 ms: never earlier.
    CHECK(Clock::now() - started >= std::chrono::milliseconds(150));
    CHECK(hits(broker, Limit::connect_rate) >= 1);
    CHECK(broker->stats().clients_connected == 25);
}

TEST_CASE("limits: without descriptors accepting waits instead of spinning, then goes on") {
    BrokerConfig config = loopback();
    Lines lines(config, "out of file descriptors");
    TestBroker broker(config);
    const int next = ::dup(0);
    ::close(next);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    RawClient client(broker.port());
    broker.client("first").expect_silence();
    rlimit low = before;
    low.rlim_cur = static_cast<rlim_t>(next) + 8;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
    RawClient waiting(broker.port());
    std::vector<int> taken;
    for (int fd = ::dup(0); fd >= 0; fd = ::dup(0))
        taken.push_back(fd);
    // Give one back for the socket; the other side of it finds none.
    const std::uint64_t known = hits(broker, Limit::descriptors);
    ::close(taken.back());
    taken.pop_back();
    RawClient late(broker.port());
    CHECK(eventually([&] { return hits(broker, Limit::descriptors) > known; }));
    const auto from = Clock::now();
    const std::uint64_t start = hits(broker, Limit::descriptors);
    CHECK(eventually([&] { return hits(broker, Limit::descriptors) >= start + 2; }));
    CHECK(Clock::now() - from >= std::chrono::milliseconds(190));  // one try in 200 ms
    for (const int fd : taken)
        ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &before);
    late.connect("late");
    CHECK(lines.count == 1);
}

TEST_CASE("limits: sessions, also of clients that are away") {
    BrokerConfig config = loopback();
    config.maximum_sessions = 2;
    TestBroker broker(config);
    PropertyList stays;
    stays.add(PropertyId::session_expiry_interval, 1000u);
    RawClient away(broker.port());
    away.connect(RawClient::Login{.client_id = "away", .properties = stays.view()});
    away.send(Disconnect{}).expect_closed();
    RawClient one = broker.client("one");
    RawClient two(broker.port());
    two.send_connect({.client_id = "two"});
    CHECK(two.expect<Connack>().reason == ReasonCode::quota_exceeded);
    RawClient three(broker.port(), ProtocolVersion::v3_1_1);
    three.send_connect({.client_id = "three"});
    CHECK(three.expect<Connack>().reason == ReasonCode::server_unavailable);
    CHECK(hits(broker, Limit::sessions) == 2);
    RawClient back(broker.port());
    CHECK(
        back.connect(RawClient::Login{.client_id = "away", .clean_start = false}).session_present);
}

TEST_CASE("limits: subscriptions and topic levels of a client") {
    BrokerConfig config = loopback();
    config.maximum_subscriptions = 2;
    config.maximum_topic_levels = 3;
    TestBroker broker(config);
    RawClient client = broker.client("c");
    CHECK(client.subscribe("a").front() == ReasonCode::success);
    CHECK(client.subscribe("b").front() == ReasonCode::success);
    CHECK(client.subscribe("c").front() == ReasonCode::quota_exceeded);
    CHECK(client.subscribe("a/b/c/d").front() == ReasonCode::topic_filter_invalid);
    client.publish("a/b/c/d", "x", QoS::at_least_once, 7);
    CHECK(client.expect<Ack>().reason == ReasonCode::topic_name_invalid);
    CHECK(hits(broker, Limit::subscriptions) == 1);
    CHECK(hits(broker, Limit::topic_levels) == 2);
}

TEST_CASE("limits: a publisher over its rate is read later and loses nothing") {
    BrokerConfig config = loopback();
    config.maximum_publish_rate = 50;
    Lines lines(config, "max_publish_rate exceeded");
    TestBroker broker(config);
    RawClient sub = broker.client("sub");
    sub.subscribe("t");
    RawClient pub = broker.client("pub");
    const auto started = Clock::now();
    for (int i = 0; i < 65; ++i)
        pub.publish("t", std::to_string(i));
    for (int i = 0; i < 65; ++i)
        sub.expect_publish("t", std::to_string(i));
    CHECK(Clock::now() - started >= std::chrono::milliseconds(200));
    CHECK(hits(broker, Limit::publish_rate) >= 1);
    CHECK(lines.count == 1);
    pub.expect_silence();
}

TEST_CASE(
    "limits: a payload over message_size_limit is refused, by 3.1.1 acknowledged and dropped") {
    BrokerConfig config = loopback();
    config.maximum_payload_size = 10;
    TestBroker broker(config);
    RawClient sub = broker.client("sub");
    sub.subscribe("t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    pub.publish("t", "0123456789x", QoS::at_least_once, 1);
    CHECK(pub.expect<Ack>().reason == ReasonCode::quota_exceeded);
    RawClient old = broker.client("old", ProtocolVersion::v3_1_1);
    old.publish("t", "0123456789x", QoS::at_least_once, 1);
    CHECK(old.expect<Ack>().id == 1);
    sub.expect_silence();
    CHECK(hits(broker, Limit::message_size) == 2);
    pub.publish_acked("t", "0123456789");
    CHECK(as_text(sub.expect<Publish>().payload) == "0123456789");
}

TEST_CASE("limits: $SYS counts what each limit did") {
    BrokerConfig config = loopback();
    config.sys_interval = std::chrono::seconds(1);
    config.maximum_payload_size = 1;
    TestBroker broker(config);
    RawClient client = broker.client("c");
    client.publish("t", "xx");
    client.subscribe("$SYS/broker/limits/message_size_limit");
    for (;;) {
        const Publish publish = client.expect<Publish>();
        if (as_text(publish.payload) == "1") break;
        CHECK(as_text(publish.payload) == "0");
    }
}

TEST_CASE(
    "limits: a change to what is in force already makes no new settings, which would be kept") {
    BridgeConfig bridge = bridge_to(1);  // nobody is there
    bridge.revision = "first lines";
    BrokerConfig config = loopback();
    config.bridges = {bridge};
    TestBroker broker(config);
    const BrokerConfig* in_force = &broker->config();
    REQUIRE(broker->change_limits(config).ok());
    REQUIRE(broker->change_bridges({bridge}).ok());
    CHECK(&broker->config() == in_force);

    config.maximum_payload_size = 10;
    REQUIRE(broker->change_limits(config).ok());
    CHECK(broker->config().maximum_payload_size == 10);
    CHECK(in_force->maximum_payload_size == 0);
    config.listeners.front().limits.receive_maximum = 7;
    REQUIRE(broker->change_limits(config).ok());
    CHECK(broker->config().listeners.front().limits.receive_maximum == 7);
    bridge.revision = "other lines";
    REQUIRE(broker->change_bridges({bridge}).ok());
    CHECK(broker->config().bridges.front().revision == "other lines");
}
