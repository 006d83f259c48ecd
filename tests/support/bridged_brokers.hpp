// A bridge between two brokers of this process, what it says of itself, and what comes over it.
#pragma once

#include <mutex>
#include <string>

#include "support/test_broker.hpp"

namespace test {

inline BridgeConfig bridge_to(std::uint16_t port, std::string name = "b") {
    BridgeConfig bridge;
    bridge.name = name;
    bridge.remote_client_id = std::move(name);
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = port;
    bridge.addresses.push_back(endpoint);
    bridge.restart_base = std::chrono::milliseconds(20);
    bridge.restart_cap = std::chrono::milliseconds(100);
    bridge.topics.push_back({"#", BridgeDirection::both, QoS::exactly_once, "", ""});
    return bridge;
}

inline BrokerConfig with(BridgeConfig bridge, unsigned threads = 1) {
    BrokerConfig config = with_threads(threads);
    config.bridges.push_back(std::move(bridge));
    return config;
}

inline BrokerConfig at(std::uint16_t port) {
    BrokerConfig config = loopback();
    config.listeners.front().endpoint.port = port;
    return config;
}

// What a broker logs, from any thread.
class LogLines {
public:
    void take_from(BrokerConfig& config) {
        config.log = [this](LogLevel, std::string_view line) {
            const std::lock_guard lock(mutex_);
            text_.append(line).append("\n");
        };
    }
    bool have(std::string_view text) const {
        const std::lock_guard lock(mutex_);
        return text_.find(text) != std::string::npos;
    }

private:
    mutable std::mutex mutex_;
    std::string text_;
};

inline void until_state(const TestBroker& broker, std::string_view state,
                        const std::string& id = "b") {
    RawClient watcher = broker.client("watcher");
    FilterListBuilder filters(true);
    filters.add("$SYS/broker/connection/" + id + "/state",
                SubscriptionOptions{.qos = QoS::at_least_once});
    watcher.send(Subscribe{watcher.next_id(), {}, filters.view()});
    for (;;) {
        const Packet packet = watcher.receive();
        // A change may overtake it, from another shard.
        if (std::holds_alternative<Suback>(packet)) continue;
        REQUIRE(std::holds_alternative<Publish>(packet));
        const Publish& publish = std::get<Publish>(packet);
        const bool is_it = as_text(publish.payload) == state;
        if (publish.id != 0) watcher.ack(PacketType::puback, publish.id);
        if (is_it) return;
    }
}

inline RawClient subscriber(const TestBroker& broker, std::string_view filter = "#",
                            QoS qos = QoS::exactly_once) {
    RawClient client = broker.client("subscriber");
    client.subscribe(filter, qos);
    return client;
}

// The next message; acknowledgements of it and of earlier ones are answered as they come.
inline std::string take(RawClient& client) {
    for (;;) {
        const Packet packet = client.receive();
        if (const auto* ack = std::get_if<Ack>(&packet)) {
            REQUIRE(ack->type == PacketType::pubrel);
            client.ack(PacketType::pubcomp, ack->id);
            continue;
        }
        REQUIRE(std::holds_alternative<Publish>(packet));
        const Publish& publish = std::get<Publish>(packet);
        const std::string text =
            std::string(publish.topic) + "=" + std::string(as_text(publish.payload));
        const PacketId id = publish.id;
        if (publish.qos == QoS::at_least_once) client.ack(PacketType::puback, id);
        if (publish.qos == QoS::exactly_once) client.ack(PacketType::pubrec, id);
        return text;
    }
}

// No message before the answer to a PINGREQ.
inline bool has_nothing(RawClient& client) {
    client.send(Pingreq{});
    for (;;) {
        const Packet packet = client.receive();
        if (std::holds_alternative<Pingresp>(packet)) return true;
        if (!std::holds_alternative<Ack>(packet)) return false;
    }
}

}  // namespace test
