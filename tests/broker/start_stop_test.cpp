// The broker's start, which may fail, and its end, which must not take longer than it is given.
#include <doctest/doctest.h>

#include "support/test_broker.hpp"

using namespace ::test;

TEST_CASE("stop: 5.0 clients are told 0x8B, everybody is closed [MQTT-4.13.1-1]") {
    for (const unsigned threads : kThreadCounts) {
        TestBroker broker(with_threads(threads));
        RawClient five = broker.client("five");
        RawClient three = broker.client("three", ProtocolVersion::v3_1_1);
        broker->stop(std::chrono::seconds(2));
        CHECK(five.expect<Disconnect>().reason == ReasonCode::server_shutting_down);
        five.expect_closed();
        three.expect_closed();
    }
}

TEST_CASE("start: a port in use is one sentence with address and remedy") {
    TestBroker first;
    BrokerConfig config = loopback();
    config.listeners[0].endpoint.port = first.port();
    Broker second(config);
    CHECK_FALSE(second.start().ok());
    CHECK(second.start_error().find(std::to_string(first.port())) != std::string::npos);
    CHECK(second.start_error().find("in use") != std::string::npos);
}

TEST_CASE("start: a configuration that contradicts itself throws") {
    CHECK_THROWS_AS(Broker(BrokerConfig{}), std::invalid_argument);
    BrokerConfig config = loopback(Transport::tls);
    CHECK_THROWS_AS(Broker{config}, std::invalid_argument);
}

// More than its socket holds is on its way to `sub`, which has not read any of it.
static void fill(const TestBroker& broker, RawClient& sub, int count) {
    const int small = 32 * 1024;
    ::setsockopt(sub.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sub.subscribe("t", QoS::at_least_once);
    RawClient pub = broker.client("pub");
    for (int i = 0; i < count; ++i) {
        std::string payload(100'000, 'x');
        payload.replace(0, 4, std::to_string(1'000 + i));
        CHECK(pub.publish_acked("t", payload) == ReasonCode::success);
    }
}

TEST_CASE("stop: what is under way to a client leaves before DISCONNECT 0x8B, whole and in order") {
    BrokerConfig config = loopback();
    config.output_budget_bytes = 64 * 1024 * 1024;
    TestBroker broker(config);
    RawClient sub = broker.client("sub");
    constexpr int kCount = 60;
    fill(broker, sub, kCount);
    CHECK(broker->stats().output_bytes > 100'000);
    std::thread stops([&] { broker->stop(std::chrono::seconds(60)); });
    for (int i = 0; i < kCount; ++i) {
        const Publish got = sub.expect<Publish>();
        CHECK(as_text(got.payload).starts_with(std::to_string(1'000 + i)));
    }
    CHECK(sub.expect<Disconnect>().reason == ReasonCode::server_shutting_down);
    sub.close();
    stops.join();
}

TEST_CASE("stop: a client that reads nothing holds it up until the deadline, and no longer") {
    TestBroker broker;
    RawClient sub = broker.client("sub");
    fill(broker, sub, 60);
    const auto begin = Clock::now();
    broker->stop(std::chrono::milliseconds(300));
    CHECK(Clock::now() - begin >= std::chrono::milliseconds(300));
    CHECK(Clock::now() - begin < std::chrono::seconds(30));
}
