// A message as one JSON object: what -F %j %J and --json print and --json-lines reads.
// The schema is in the man pages (kJsonSchema). Used by format, message_output and mqtt-pub.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/message_clock.hpp"
#include "mqtt/packet.hpp"

namespace tools {

enum class JsonPayload {
    text,    // a string; payload_b64 when the bytes are not UTF-8 text or hold a NUL
    parsed,  // the payload's own JSON; text and payload_error when it is none
};

// The fields of the object without its braces, for lines that have more of them.
void append_message_fields(std::string& out, const mqtt::Publish& message, JsonPayload payload,
                           const MessageClock& clock);
void append_message_json(std::string& out, const mqtt::Publish& message, JsonPayload payload,
                         const MessageClock& clock);

// What a line of --json-lines says. Absent fields leave the command line's values in force.
struct JsonMessage {
    std::optional<std::string> topic;
    std::optional<mqtt::QoS> qos;
    std::optional<bool> retain;
    std::string payload;
    mqtt::PropertyList properties;  // of PUBLISH; subscription identifiers and aliases left out
};

// When a message arrived, as far as its line says so.
struct MessageTimes {
    std::optional<std::chrono::nanoseconds> at;   // after the start of the recording
    std::optional<std::chrono::nanoseconds> tst;  // after the epoch
};

// Unknown fields are ignored. `payload`: a string is the payload, null none, any other JSON value is
// sent as its own text; `payload_b64` comes first when both are there. `properties` as printed.
// nullopt, with a reason in `problem`: the line is not such an object.
// `times`: filled when given.
std::optional<JsonMessage> parse_message_json(std::string_view line, std::string& problem,
                                              MessageTimes* times = nullptr);

extern const std::string_view kJsonSchema;

}  // namespace tools
