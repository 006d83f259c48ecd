// With log_packets: the packets that no event tells of, read from the bytes that went in and out.
// PUBLISH, SUBSCRIBE and their like are logged where they are handled.
#pragma once

#include <string_view>

#include "base/out_buffer.hpp"
#include "broker/log_lines.hpp"

namespace mqtt::broker {

// PINGREQ and acknowledgements among the complete packets `bytes`.
void log_received_acks(const LogLines& log, std::string_view client_id, Bytes bytes,
                       ProtocolVersion version);
// PINGRESP, acknowledgements and DISCONNECT in `out` from position `from` on.
void log_staged_acks(const LogLines& log, std::string_view client_id, const base::OutBuffer& out,
                     std::size_t from, ProtocolVersion version);

}  // namespace mqtt::broker
