// How the embedded broker is set up, within this process or in a child.
#pragma once

#include "mqtt/broker.hpp"

namespace mqtt::bench {

inline BrokerConfig embedded_config() {
    BrokerConfig config;
    ListenerConfig listener;
    listener.endpoint.host = "127.0.0.1";
    listener.endpoint.port = 0;
    config.listeners.push_back(listener);
    // A load test queues on purpose; what is lost shall be the test's finding, not a default's.
    config.maximum_queued_messages = 0;
    config.sys_interval = std::chrono::seconds(0);
    return config;
}

// Above this many clients the broker gets a process, and descriptors, of its own.
inline constexpr std::uint32_t kClientsInOneProcess = 9000;

}  // namespace mqtt::bench
