// Packets to bytes, for every version, appended to an OutBuffer.
// Input must be valid (asserted in debug builds): validate user input before.
#pragma once

#include "base/out_buffer.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::core {

void encode(base::OutBuffer& out, ProtocolVersion version, const Packet& packet);

void encode(base::OutBuffer& out, const Connect& packet);  // in packet.version
void encode(base::OutBuffer& out, ProtocolVersion version, const Connack& packet);
void encode(base::OutBuffer& out, ProtocolVersion version, const Publish& packet);
void encode(base::OutBuffer& out, ProtocolVersion version, const Ack& packet);
void encode(base::OutBuffer& out, ProtocolVersion version, const Subscribe& packet);
void encode(base::OutBuffer& out, ProtocolVersion version, const Suback& packet);
void encode(base::OutBuffer& out, ProtocolVersion version, const Unsubscribe& packet);
void encode(base::OutBuffer& out, ProtocolVersion version, const Unsuback& packet);
void encode(base::OutBuffer& out, const Pingreq& packet);
void encode(base::OutBuffer& out, const Pingresp& packet);
void encode(base::OutBuffer& out, ProtocolVersion version, const Disconnect& packet);
void encode(base::OutBuffer& out, const Auth& packet);

// A PUBLISH as one receiver gets it: the forwardable properties are copied as they are, the rest
// is written for this receiver.
struct OutgoingPublish {
    std::string_view topic;
    Properties properties;  // without topic alias, message expiry, subscription ids
    Bytes payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool dup = false;
    PacketId id = 0;
    std::uint16_t topic_alias = 0;                         // 0: none
    bool omit_topic = false;                               // the alias alone
    std::optional<std::uint32_t> message_expiry_interval;  // remaining seconds
    std::span<const std::uint32_t> subscription_ids;
    base::KeepAliveRef owner;  // set: a payload over kReferenceFrom bytes is referenced, not copied
};

// Payloads from this size on are referenced when they have an owner (measured: HOUSE section 6).
inline constexpr std::size_t kReferenceFrom = 2048;

// The largest packet that there is. A forwarded message can outgrow it: its properties and ids come
// on top of a body that may have been as large as possible already.
inline constexpr std::size_t kLargestPacket = 1 + 4 + std::size_t{kMaxRemainingLength};

// Size of the whole packet, for the receiver's Maximum Packet Size.
std::size_t encoded_size(ProtocolVersion version, const OutgoingPublish& publish);
void encode(base::OutBuffer& out, ProtocolVersion version, const OutgoingPublish& publish);

}  // namespace mqtt::core
