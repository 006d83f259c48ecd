// The arithmetic of Keep Alive. Used by both protocol roles; knows no timer and reads no clock.
#pragma once

#include <algorithm>

#include "mqtt/types.hpp"

namespace mqtt::core {

// When a server gives up on a client heard of at `last_received`: one and a half periods later;
// never for 0. [MQTT-3.1.2-22] [MQTT311-3.1.2-24]
constexpr TimePoint keep_alive_deadline(TimePoint last_received, std::uint16_t keep_alive) {
    if (keep_alive == 0) return TimePoint::max();
    return last_received + std::chrono::milliseconds(1500) * keep_alive;
}

// When a client sends PINGREQ if nothing else was sent (or received) since `last_active`. Earlier
// than the full period, so that a timer that fires late by a tick and the way to the socket still
// keep the gap within the period. [MQTT-3.1.2-20] [MQTT311-3.1.2-23]
constexpr TimePoint ping_due(TimePoint last_active, std::uint16_t keep_alive) {
    using std::chrono::milliseconds;
    if (keep_alive == 0) return TimePoint::max();
    const milliseconds period = milliseconds(1000) * keep_alive;
    const milliseconds margin =
        std::clamp<milliseconds>(period / 8, milliseconds(200), milliseconds(1000));
    return last_active + (period - margin);
}

}  // namespace mqtt::core
