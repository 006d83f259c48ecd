// One line of text per packet, for logs and traces: "PUBLISH q1 r0 d0 id 7 'a/b' 12 bytes".
// Never prints payloads or passwords; control characters are escaped.
#pragma once

#include <string>

#include "mqtt/packet.hpp"

namespace mqtt::core {

std::string describe(const Packet& packet, ProtocolVersion version);
std::string escape_controls(std::string_view text);

}  // namespace mqtt::core
