// Which reason code may stand in which packet (MQTT 5.0 table 2-6), beside the public names and
// texts of mqtt/reason_code.hpp. Used by decode, by assertions of encode, and by tests.
#pragma once

#include "mqtt/packet.hpp"

namespace mqtt::core {

struct ReasonInfo {
    ReasonCode code;
    std::string_view name;
    std::string_view text;
    std::uint16_t allowed_in;  // bit set of PropertyPlace
};

// All rows, ordered by code.
std::span<const ReasonInfo> reason_table();

// nullptr: the byte is no reason code of MQTT 5.0.
const ReasonInfo* find_reason(ReasonCode code);

// `place` is the packet that carries the code: connack, the four acks, suback, unsuback,
// disconnect or auth.
bool is_allowed(ReasonCode code, PropertyPlace place);

// Of PUBACK, PUBREC, PUBREL or PUBCOMP.
inline PropertyPlace ack_place(PacketType ack) {
    switch (ack) {
    case PacketType::puback: return PropertyPlace::puback;
    case PacketType::pubrec: return PropertyPlace::pubrec;
    case PacketType::pubrel: return PropertyPlace::pubrel;
    default: return PropertyPlace::pubcomp;
    }
}

}  // namespace mqtt::core
