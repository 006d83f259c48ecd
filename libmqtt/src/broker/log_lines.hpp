// The lines that people grep for, in mosquitto's words: connections always, packets when asked for.
// Formatting happens only when there is a sink. Knows no state of the broker.
#pragma once

#include <string_view>

#include "mqtt/broker.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class LogLines {
public:
    explicit LogLines(const BrokerConfig& config) : config_(config) {}

    bool enabled() const { return static_cast<bool>(config_.log); }
    bool packets() const { return config_.log_packets && enabled(); }

    void line(LogLevel level, std::string_view text) const;
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

    // With log_packets only; the caller asks packets() first.
    void connack(std::string_view client_id, bool session_present, ReasonCode reason) const;
    void received_publish(std::string_view client_id, const Publish& publish) const;
    void sending_publish(std::string_view client_id, QoS qos, bool retain, PacketId id,
                         std::string_view topic, std::size_t payload_bytes) const;
    void received_filter(std::string_view client_id, PacketType type, std::string_view filter,
                         QoS qos, bool granted) const;
    void packet(bool sending, std::string_view client_id, PacketType type, PacketId id,
                ReasonCode reason) const;

private:
    const BrokerConfig& config_;
};

}  // namespace mqtt::broker
