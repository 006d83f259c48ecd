// The lines that people grep for, in mosquitto's words: connections always, packets when asked for.
// Formatting happens only when there is a sink. Knows no state of the broker.
#pragma once

#include <string_view>

#include "mqtt/broker.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class LogLines {
public:
    explicit LogLines(const BrokerConfig& config) { change(config); }
    // `config` outlives the object, or what comes next.
    void change(const BrokerConfig& config) {
        config_ = &config;
        logs_some_packets_ = enabled() && (config.log_packets || !config.trace_clients.empty() ||
                                           !config.trace_topics.empty());
    }

    bool enabled() const { return static_cast<bool>(config_->log); }
    // Of some client or topic; then the next two say of which.
    bool packets() const { return logs_some_packets_; }
    bool packets_of(std::string_view client_id) const {
        return packets() && (config_->log_packets || is_traced(client_id));
    }
    bool messages_of(std::string_view client_id, std::string_view topic) const {
        return packets() &&
               (config_->log_packets || is_traced(client_id) || is_traced_topic(topic));
    }
    bool subscriptions_of(std::string_view client_id) const {
        return (config_->log_subscriptions && enabled()) || packets_of(client_id);
    }

    void line(LogLevel level, std::string_view text) const;
    void line(LogLevel level, std::string_view text, const LogDetails& details) const;
    void new_connection(std::string_view peer_address, const Endpoint& listener) const;
    void new_client(std::string_view peer_address, std::string_view client_id,
                    const Connect& connect, std::uint16_t keep_alive) const;
    void client_refused(std::string_view client_id, std::string_view peer_address,
                        ReasonCode reason) const;
    void stranger_gone(std::string_view peer_address, std::string_view why) const;
    // `why` empty: an orderly DISCONNECT.
    void client_gone(std::string_view client_id, std::string_view why) const;
    void drops_begin(std::string_view client_id) const;
    void session_expired(std::string_view client_id) const;

    // Only where the functions above say so; the caller asks them first.
    void connack(std::string_view client_id, bool session_present, ReasonCode reason) const;
    void received_publish(std::string_view client_id, const Publish& publish) const;
    void sending_publish(std::string_view client_id, QoS qos, bool retain, PacketId id,
                         std::string_view topic, std::size_t payload_bytes) const;
    void received_filter(std::string_view client_id, PacketType type, std::string_view filter,
                         QoS qos, bool granted) const;
    void packet(bool sending, std::string_view client_id, PacketType type, PacketId id,
                ReasonCode reason) const;

private:
    bool connections() const { return config_->log_connections && enabled(); }
    bool is_traced(std::string_view client_id) const;
    bool is_traced_topic(std::string_view topic) const;

    const BrokerConfig* config_ = nullptr;
    bool logs_some_packets_ = false;
};

}  // namespace mqtt::broker
