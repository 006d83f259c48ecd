// Shared by the decode_*.cpp files: the two kinds of error, and the decoder of each packet.
// Header flags of every packet but PUBLISH are checked by decode() before these are called.
#pragma once

#include "core/decode.hpp"
#include "core/property_rules.hpp"
#include "core/reader.hpp"

namespace mqtt::core {

// Cannot be parsed (0x81), or parsed but holding what the protocol does not allow (0x82).
inline Error malformed(std::string_view why) {
    return {Errc::malformed_packet, ReasonCode::malformed_packet, why};
}
inline Error protocol_error(std::string_view why) {
    return {Errc::protocol_error, ReasonCode::protocol_error, why};
}

inline constexpr std::string_view kZeroPacketId = "packet identifier is 0";
inline constexpr std::string_view kTrailingBytes = "packet has bytes behind its last field";

// What is wrong after the last field was read: `reader` failed, has bytes left, or `error` is set.
inline Error finish(const Reader& reader, const Error& error) {
    if (!reader.ok()) return reader.error();
    if (error) return error;
    return reader.at_end() ? Error() : malformed(kTrailingBytes);
}

// Reads the properties that `version` has; none before 5.0.
inline Properties read_properties(Reader& reader, ProtocolVersion version, PropertyPlace place,
                                  Error& error) {
    return has_properties(version) ? read_properties(reader, place, error) : Properties();
}

Result<Packet> decode_connect(const Frame& frame);
Result<Packet> decode_connack(const Frame& frame, ProtocolVersion version);
Result<Packet> decode_ack(const Frame& frame, ProtocolVersion version);
Result<Packet> decode_subscribe(const Frame& frame, ProtocolVersion version);
Result<Packet> decode_suback(const Frame& frame, ProtocolVersion version);
Result<Packet> decode_unsubscribe(const Frame& frame, ProtocolVersion version);
Result<Packet> decode_unsuback(const Frame& frame, ProtocolVersion version);
Result<Packet> decode_disconnect(const Frame& frame, ProtocolVersion version);
Result<Packet> decode_auth(const Frame& frame);

}  // namespace mqtt::core
