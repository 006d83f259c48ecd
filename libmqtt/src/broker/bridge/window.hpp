// How many QoS 1/2 messages may be in flight on a bridge's connection, in either direction: 3.x does not
// say what the other side bears. Beyond its max_inflight_messages, 20 if not configured, mosquitto 2.0 ends
// the connection again and again, or loses messages of QoS 2 when it is cut.
#pragma once

#include <algorithm>

#include "mqtt/types.hpp"

namespace mqtt::broker {

constexpr std::uint16_t bridge_window(ProtocolVersion version, std::uint16_t own) {
    constexpr std::uint16_t kUntold = 20;
    return has_properties(version) ? own : std::min(own, kUntold);
}

}  // namespace mqtt::broker
