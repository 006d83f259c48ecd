// Who is at the door: what CONNECT says, and what the listener makes of it (names from certificates,
// client ids from user names, versions and prefixes). Used by the lobby before anybody is asked for
// a password.
#pragma once

#include <string>

#include "broker/peer.hpp"
#include "mqtt/broker.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

struct Visitor {
    // Views into `given`, the strings below, or the peer; all outlive the visitor.
    Visitor(const BrokerConfig& config, Peer& peer, const Connect& given);
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;

    std::string_view user_name() const { return connect.user_name.value_or(std::string_view()); }

    Connect connect;  // with the names that count; client id empty: to be assigned
    bool is_identified = false;
    ReasonCode refusal = ReasonCode::success;

private:
    void take_names(const ListenerConfig& listener, const Peer& peer);
    ReasonCode check(const BrokerConfig& config, const ListenerConfig& listener) const;
    std::string proved_name_;
    std::string will_topic_;  // below the mount point
};

}  // namespace mqtt::broker
