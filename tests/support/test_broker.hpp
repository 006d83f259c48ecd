// A broker in this process on a port that the kernel chose, for tests; and waiting for a condition.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <mutex>
#include <thread>

#include "mqtt/broker.hpp"
#include "support/raw_client.hpp"

namespace test {

// Polls until `condition()`; false when the deadline passes first.
template <class F>
bool eventually(F&& condition, std::chrono::milliseconds deadline = kDeadline) {
    const auto end = Clock::now() + deadline;
    while (!condition()) {
        if (Clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

inline BrokerConfig loopback(Transport transport = Transport::tcp) {
    BrokerConfig config;
    ListenerConfig listener;
    listener.endpoint.transport = transport;
    listener.endpoint.host = "127.0.0.1";
    listener.endpoint.port = 0;
    config.listeners.push_back(listener);
    config.sys_interval = std::chrono::seconds(0);
    return config;
}

class TestBroker {
public:
    explicit TestBroker(BrokerConfig config = loopback()) : broker_(std::move(config)) {
        const Status status = broker_.start();
        REQUIRE_MESSAGE(status.ok(), broker_.start_error());
    }
    std::uint16_t port(std::size_t listener = 0) const {
        return broker_.bound().at(listener).endpoint.port;
    }
    Broker* operator->() { return &broker_; }
    RawClient client(ProtocolVersion version = ProtocolVersion::v5) const {
        return RawClient(port(), version);
    }
    // Connected.
    RawClient client(std::string_view id, ProtocolVersion version = ProtocolVersion::v5) const {
        RawClient client(port(), version);
        client.connect(id);
        return client;
    }

private:
    Broker broker_;
};

// Tests that must hold on any number of shards run with each of these.
inline constexpr unsigned kThreadCounts[] = {1, 3};

inline BrokerConfig with_threads(unsigned threads) {
    BrokerConfig config = loopback();
    config.threads = threads;
    return config;
}

}  // namespace test
