// Finds control packets in a byte stream: fixed header and remaining length, nothing inside.
// Used by decode and the two protocol roles.
#pragma once

#include "core/varint.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::core {

struct Frame {
    PacketType type = PacketType::connect;
    std::uint8_t flags = 0;  // low nibble of the first byte
    Bytes body;              // variable header and payload
    std::size_t size = 0;    // whole packet with its fixed header
};

enum class FrameStatus : std::uint8_t { complete, incomplete, malformed, too_large };

struct FrameResult {
    FrameStatus status = FrameStatus::incomplete;
    // complete: the frame. incomplete: `frame.size` is the size of the whole packet when it is
    // known already, else 0.
    Frame frame;
};

// Looks at the start of `bytes`. `maximum_packet_size` limits the whole packet (0: only the
// protocol's own limit) and is checked before the body has arrived. A length that is not minimal or
// has a fifth byte, and packet type 0, are malformed, also when incomplete. (AUTH before 5.0 is
// decode's to refuse.)
inline FrameResult find_frame(Bytes bytes, std::uint32_t maximum_packet_size) {
    FrameResult result;
    if (bytes.empty()) return result;
    const std::uint8_t* const at = bytes.data();
    Frame& frame = result.frame;
    frame.type = static_cast<PacketType>(at[0] >> 4);
    frame.flags = at[0] & 0x0F;
    std::uint32_t length = 0;
    const int used = decode_varint(at + 1, at + bytes.size(), length);
    if (used == kVarintMalformed || at[0] < 0x10) {  // [MQTT-1.5.5-1]
        result.status = FrameStatus::malformed;
        return result;
    }
    if (used == kVarintIncomplete) return result;
    const std::size_t header = 1 + static_cast<std::size_t>(used);
    frame.size = header + length;
    if (maximum_packet_size != 0 && frame.size > maximum_packet_size) {
        result.status = FrameStatus::too_large;
    } else if (frame.size <= bytes.size()) {
        result.status = FrameStatus::complete;
        frame.body = bytes.subspan(header, length);
    }
    return result;
}

}  // namespace mqtt::core
