// See message_json.hpp: writing.
#include "common/message_json.hpp"

#include <charconv>

#include "common/json.hpp"

namespace tools {

const std::string_view kJsonSchema =
    "A message is one JSON object on one line. Its fields, in this order:\n"
    "\n"
    "  tst          when it arrived: local time with microseconds and zone\n"
    "  topic        topic name\n"
    "  qos          0, 1 or 2\n"
    "  retain       true or false\n"
    "  payloadlen   bytes of payload\n"
    "  mid          packet identifier; QoS 1 and 2 only\n"
    "  properties   MQTT 5.0 properties by their names in the standard;\n"
    "               user-properties is an array of objects with one member\n"
    "               each; correlation-data_b64 instead of correlation-data\n"
    "               when the bytes are no text\n"
    "  payload      a string; null when empty\n"
    "  payload_b64  instead of payload when the bytes are not UTF-8 text or\n"
    "               hold a NUL: base64\n"
    "\n"
    "Reading accepts the same object. Only topic must be known, from the line or from -t. Fields "
    "that are unknown or of the moment (tst, payloadlen, mid, subscription-identifier, "
    "topic-alias) "
    "are ignored. A payload that is a number, an object or an array is sent as that JSON text.\n";

namespace {

void append_number(std::string& out, std::uint64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

bool is_text(std::string_view bytes) {
    return is_valid_utf8(bytes) && bytes.find('\0') == std::string_view::npos;
}

// "key":"text" or "key_b64":"...", without the comma.
void append_bytes(std::string& out, std::string_view key, std::string_view bytes) {
    out += '"';
    out += key;
    if (is_text(bytes)) {
        out += "\":";
        append_json_string(out, bytes);
        return;
    }
    out += "_b64\":\"";
    append_base64(out, bytes);
    out += '"';
}

void append_property(std::string& out, const mqtt::PropertyView& property) {
    using mqtt::PropertyType;
    switch (property.info->type) {
    case PropertyType::utf8_string:
    case PropertyType::binary: append_bytes(out, property.info->name, property.text); return;
    default: break;
    }
    out += '"';
    out += property.info->name;
    out += "\":";
    append_number(out, property.number);
}

void append_user_properties(std::string& out, mqtt::Properties properties) {
    bool is_first = true;
    for (const mqtt::PropertyView& property : properties) {
        if (property.info->id != mqtt::PropertyId::user_property) continue;
        out += is_first ? "\"user-properties\":[{" : ",{";
        is_first = false;
        append_json_string(out, property.name);
        out += ':';
        append_json_string(out, property.text);
        out += '}';
    }
    if (!is_first) out += ']';
}

// User properties stand where the first of them was, as mosquitto prints them.
void append_properties(std::string& out, mqtt::Properties properties) {
    out += "\"properties\":{";
    bool wants_comma = false;
    bool has_user_properties = false;
    for (const mqtt::PropertyView& property : properties) {
        const bool is_user = property.info->id == mqtt::PropertyId::user_property;
        if (is_user && has_user_properties) continue;
        if (wants_comma) out += ',';
        wants_comma = true;
        if (is_user) {
            has_user_properties = true;
            append_user_properties(out, properties);
        } else {
            append_property(out, property);
        }
    }
    out += "},";
}

void append_payload(std::string& out, std::string_view payload, JsonPayload how) {
    if (payload.empty()) {
        out += "\"payload\":null";
    } else if (how == JsonPayload::text) {
        append_bytes(out, "payload", payload);
    } else if (is_json(payload)) {
        out += "\"payload\":";
        append_json_compact(out, payload);
    } else {
        append_bytes(out, "payload", payload);
        out += ",\"payload_error\":\"not JSON\"";
    }
}

}  // namespace

void append_message_fields(std::string& out, const mqtt::Publish& message, JsonPayload payload,
                           const MessageClock& clock) {
    out += "\"tst\":\"";
    clock.append_iso_microseconds(out);
    out += "\",\"topic\":";
    append_json_string(out, message.topic);
    out += ",\"qos\":";
    append_number(out, static_cast<unsigned>(message.qos));
    out += message.retain ? ",\"retain\":true" : ",\"retain\":false";
    out += ",\"payloadlen\":";
    append_number(out, message.payload.size());
    if (message.qos != mqtt::QoS::at_most_once) {
        out += ",\"mid\":";
        append_number(out, message.id);
    }
    out += ',';
    if (!message.properties.empty()) append_properties(out, message.properties);
    append_payload(out, mqtt::as_text(message.payload), payload);
}

void append_message_json(std::string& out, const mqtt::Publish& message, JsonPayload payload,
                         const MessageClock& clock) {
    out += '{';
    append_message_fields(out, message, payload, clock);
    out += '}';
}

}  // namespace tools
