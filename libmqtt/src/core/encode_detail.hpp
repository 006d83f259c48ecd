// Shared by the encode_*.cpp files: the start of every packet.
#pragma once

#include "base/assert.hpp"
#include "core/encode.hpp"
#include "core/property_rules.hpp"
#include "core/writer.hpp"

namespace mqtt::core {

inline constexpr std::size_t text_size(std::size_t content) {
    return 2 + content;
}

// Bytes of a packet whose remaining length is `body`.
inline constexpr std::size_t packet_size(std::size_t body) {
    return 1 + varint_size(static_cast<std::uint32_t>(body)) + body;
}

// Reserves a packet in `out` and writes its fixed header; the body is the caller's to write.
class PacketWriter : public Writer {
public:
    PacketWriter(base::OutBuffer& out, PacketType type, std::uint8_t flags, std::size_t body,
                 std::size_t referenced = 0)
        : Writer(out.grow(packet_size(body) - referenced), packet_size(body) - referenced) {
        MQTT_ASSERT(body <= kMaxRemainingLength);
        u8(static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags));
        varint(static_cast<std::uint32_t>(body));
    }
};

}  // namespace mqtt::core
