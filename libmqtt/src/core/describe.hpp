// One line of text per packet, for logs and traces: "PUBLISH q1 r0 d0 id 7 'a/b' 12 bytes".
// Used by traces, logs and failing tests. Never prints payloads, passwords or binary properties;
// control characters are escaped.
#pragma once

#include <string>

#include "mqtt/packet.hpp"

namespace mqtt::core {

std::string describe(const Packet& packet);
// "received PUBACK id 7", "sending PUBLISH (malformed)".
std::string describe(const PacketEvent& event);

// Control characters, quotes, backslashes, and every byte over 0x7F of text that is not UTF-8, come
// out as \xNN or \' or \\.
std::string escape_controls(std::string_view text);

}  // namespace mqtt::core
