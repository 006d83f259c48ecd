// Finds control packets in a byte stream: fixed header and remaining length, nothing inside.
// Used by decode and the two protocol roles.
#pragma once

#include "mqtt/error.hpp"
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
// has a fifth byte, packet type 0 (and 15 before 5.0) are malformed, also when incomplete.
FrameResult find_frame(Bytes bytes, std::uint32_t maximum_packet_size);

}  // namespace mqtt::core
