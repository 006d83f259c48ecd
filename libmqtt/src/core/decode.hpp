// Bytes to packets: strict decoding of every control packet of 3.1, 3.1.1 and 5.0 into views.
// Used by the protocol roles, tests and fuzzers. Allocates nothing, reads no state.
#pragma once

#include "core/frame.hpp"

namespace mqtt::core {

// Decodes one frame as `version` (CONNECT brings its own and ignores it). Checks everything that can
// be seen in the packet alone: header flags, lengths, UTF-8, packet id 0, property rules, topic and
// filter syntax, reserved bits, trailing bytes. Errors: malformed_packet, protocol_error, or the more
// exact Errc (topic_name_invalid, ...), with the reason code to be sent.
// What a CONNECT may be answered for has its own Errc: unsupported_protocol_version (unknown name or
// level) and client_identifier_not_valid (3.1: empty; 3.1.1: empty without clean session).
Result<Packet> decode(const Frame& frame, ProtocolVersion version);

// The same for PUBLISH alone, for the hot path of the roles.
Result<Publish> decode_publish(const Frame& frame, ProtocolVersion version);

// The version in which to refuse a CONNECT that decode refused: that of its level byte when we speak
// it, 5.0 for higher ones, 3.1.1 for lower ones and for bytes that do not get as far as a level.
ProtocolVersion refusal_version(const Frame& connect);

// As which version a client reads what it was sent: 3.1 has no failure in SUBACK, and there are servers that refuse
// with the code of 3.1.1. That is a refusal, not the end of the connection.
inline ProtocolVersion answer_version(PacketType type, ProtocolVersion version) {
    const bool may_refuse = type == PacketType::suback && version == ProtocolVersion::v3_1;
    return may_refuse ? ProtocolVersion::v3_1_1 : version;
}

}  // namespace mqtt::core
