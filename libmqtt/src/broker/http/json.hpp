// JSON as the API writes it: strings, and messages with the field names of mqtt-sub --json. Writing
// only. Used by http/.
#pragma once

#include <string>
#include <string_view>

#include "mqtt/packet.hpp"

namespace mqtt::broker::http {

// With quotes. `text` is UTF-8; control characters and what HTML could take for markup are escaped.
void append_string(std::string& out, std::string_view text);
// ,"name":"text" with the comma in front unless `out` ends with a brace or bracket.
void append_member(std::string& out, std::string_view name, std::string_view text);
void append_member(std::string& out, std::string_view name, std::uint64_t number);
void append_flag(std::string& out, std::string_view name, bool is);
// The name and colon alone.
void append_name(std::string& out, std::string_view name);
// name or, when the bytes are no text, name_b64.
void append_bytes(std::string& out, std::string_view name, Bytes bytes);

struct MessageView {
    std::string_view topic;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    Properties properties;
    Bytes payload;
};
// {"topic":...,"payload":...}; the payload is cut after `most_payload` bytes, which payloadlen tells.
void append_message(std::string& out, const MessageView& message,
                    std::size_t most_payload = static_cast<std::size_t>(-1));

}  // namespace mqtt::broker::http
