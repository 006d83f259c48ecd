// What may be received when, by whom: packets by role, phase and version; reason codes by packet and
// sender. Used by the two protocol roles (decode judges what is inside a packet) and by tests.
// Tables only: no state, no I/O.
#pragma once

#include "mqtt/packet.hpp"

namespace mqtt::core {

enum class Role : std::uint8_t { client, server };

// Where a connection stands, as its receiver sees it.
enum class Phase : std::uint8_t {
    opening,         // server: before CONNECT; client: CONNECT sent, before CONNACK
    authenticating,  // the same with AUTH going back and forth (5.0)
    connected,       // after CONNACK with success
};

enum class Verdict : std::uint8_t { legal, protocol_error, malformed_packet };

namespace detail {

using PacketSet = std::uint16_t;  // bit set of packet types

template <class... Types>
constexpr PacketSet packets(Types... types) {
    return static_cast<PacketSet>(((1u << static_cast<unsigned>(types)) | ... | 0u));
}

inline constexpr PacketSet kAcks =
    packets(PacketType::puback, PacketType::pubrec, PacketType::pubrel, PacketType::pubcomp);

// [receiver][phase]; what 3.x lacks is cut out below.
inline constexpr PacketSet kLegal[2][3] = {
    {
        // received by a client
        packets(PacketType::connack),  // [MQTT-3.2.0-1]
        packets(PacketType::connack, PacketType::auth),
        packets(PacketType::publish, PacketType::suback, PacketType::unsuback, PacketType::pingresp,
                PacketType::disconnect, PacketType::auth) |
            kAcks,
    },
    {
        // received by a server
        packets(PacketType::connect),                       // [MQTT-3.1.0-1]
        packets(PacketType::auth, PacketType::disconnect),  // [MQTT-3.1.2-30]
        packets(PacketType::publish, PacketType::subscribe, PacketType::unsubscribe,
                PacketType::pingreq, PacketType::disconnect, PacketType::auth) |
            kAcks,
    },
};

}  // namespace detail

// Verdict on a packet of `type` that `receiver` gets. In 3.x there is no AUTH (type 15 is reserved,
// hence malformed) and no DISCONNECT from a server. [MQTT-3.1.0-2] [MQTT-3.2.0-2]
constexpr Verdict legality(Role receiver, Phase phase, PacketType type, ProtocolVersion version) {
    if (type == PacketType::auth && version != ProtocolVersion::v5) {
        return Verdict::malformed_packet;
    }
    if (type == PacketType::disconnect && receiver == Role::client &&
        version != ProtocolVersion::v5) {
        return Verdict::protocol_error;
    }
    const detail::PacketSet legal =
        detail::kLegal[static_cast<int>(receiver)][static_cast<int>(phase)];
    return (legal >> static_cast<unsigned>(type) & 1u) != 0 ? Verdict::legal
                                                            : Verdict::protocol_error;
}

// Whether `sender` may put `reason` into a packet of `type` (5.0): the tables of sections 3.2.2.2,
// 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1, 3.14.2.1 and 3.15.2.1. [MQTT-3.2.2-8] [MQTT-3.4.2-1]
// [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-3.14.2-1] [MQTT-3.15.2-1]
bool is_reason_valid(PacketType type, Role sender, ReasonCode reason);

// `reason` if `sender` may use it in `type`, else the nearest one that it may use.
ReasonCode nearest_valid_reason(PacketType type, Role sender, ReasonCode reason);

}  // namespace mqtt::core
