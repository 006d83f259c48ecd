// Bytes to packets: strict decoding of every control packet of 3.1, 3.1.1 and 5.0 into views.
// Used by the protocol roles, tests and fuzzers. Allocates nothing, reads no state.
#pragma once

#include "core/frame.hpp"

namespace mqtt::core {

// Decodes one frame as `version` (CONNECT brings its own and ignores it). Checks everything that can
// be seen in the packet alone: header flags, lengths, UTF-8, packet id 0, property rules, topic and
// filter syntax, reserved bits, trailing bytes. Errors: malformed_packet, protocol_error, or the more
// exact Errc (topic_name_invalid, ...), with the reason code to be sent.
Result<Packet> decode(const Frame& frame, ProtocolVersion version);

// The same for PUBLISH alone, inlined into the hot path of the roles.
Result<Publish> decode_publish(const Frame& frame, ProtocolVersion version);

}  // namespace mqtt::core
