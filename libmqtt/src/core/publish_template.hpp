// PUBLISH packets that are alike but for packet id and payload: what stands between fixed header and payload is
// encoded once. Used by Exchange::publish_batch; encode.hpp writes single ones.
#pragma once

#include <cstring>

#include "core/encode.hpp"
#include "core/varint.hpp"

namespace mqtt::core {

class PublishTemplate {
public:
    // `common` but for its id and payload.
    PublishTemplate(ProtocolVersion version, const OutgoingPublish& common);

    // Of the whole packet.
    std::size_t packet_size(std::size_t payload_bytes) const {
        const std::size_t body = middle_.size() + payload_bytes;
        return 1 + varint_size(static_cast<std::uint32_t>(body)) + body;
    }
    // Writes the packet, packet_size() bytes, and returns its end. `id` is 0 with QoS 0 only.
    std::uint8_t* write(std::uint8_t* at, PacketId id, Bytes payload) const {
        at = write_head(at, id, payload.size());
        if (!payload.empty()) std::memcpy(at, payload.data(), payload.size());
        return at + payload.size();
    }
    // The same with the payload by reference.
    void append(base::OutBuffer& out, PacketId id, Bytes payload, base::KeepAliveRef owner) const;

private:
    std::uint8_t* write_head(std::uint8_t* at, PacketId id, std::size_t payload_bytes) const;

    base::OutBuffer example_;  // with an empty payload
    Bytes middle_;             // of it: topic, id, properties
    std::size_t id_at_ = 0;    // in `middle_`; 0: there is none
    std::uint8_t first_ = 0;   // type and flags
};

}  // namespace mqtt::core
