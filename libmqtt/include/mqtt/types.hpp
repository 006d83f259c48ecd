// The words that every layer shares: bytes, protocol version, QoS, packet ids, time.
// Included by all public headers; knows no packet, no socket and no dependency.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mqtt {

// A borrowed run of bytes. Valid as long as its owner says.
using Bytes = std::span<const std::uint8_t>;

// Packet identifier; 0 means "none" and never travels [MQTT-2.2.1-3].
using PacketId = std::uint16_t;

// Monotonic time. Protocol code takes it as an argument and never reads it.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

// Numeric values are the protocol level byte of CONNECT.
enum class ProtocolVersion : std::uint8_t { v3_1 = 3, v3_1_1 = 4, v5 = 5 };

enum class QoS : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

constexpr bool has_properties(ProtocolVersion version) {
    return version == ProtocolVersion::v5;
}

constexpr QoS lower(QoS a, QoS b) {
    return a < b ? a : b;
}

inline Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Largest remaining length that a packet can have [MQTT 5.0 section 2.1.4].
inline constexpr std::uint32_t kMaxRemainingLength = 268'435'455;

// Session Expiry Interval: the session never ends [MQTT 5.0 section 3.1.2.11.2].
inline constexpr std::uint32_t kNeverExpires = 0xFFFF'FFFF;

}  // namespace mqtt
