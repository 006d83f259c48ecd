// See json.hpp.
#include "broker/http/json.hpp"

#include <fmt/format.h>

#include "broker/base64.hpp"
#include "core/utf8.hpp"

namespace mqtt::broker::http {
namespace {

bool is_text(Bytes bytes) {
    return core::is_valid_utf8(as_text(bytes));
}

// Not in the middle of a character.
Bytes cut(Bytes payload, std::size_t most) {
    if (payload.size() <= most) return payload;
    std::size_t size = most;
    while (size > 0 && most - size < 4 && (payload[size] & 0xC0) == 0x80)
        --size;
    const Bytes shorter = payload.first(size);
    return is_text(shorter) ? shorter : payload.first(most);
}

void append_user_properties(std::string& out, Properties properties) {
    bool is_first = true;
    for (const PropertyView& property : properties) {
        if (property.info->id != PropertyId::user_property) continue;
        if (is_first) {
            append_name(out, "user-properties");
            out += '[';
        } else {
            out += ',';
        }
        is_first = false;
        out += '{';
        append_member(out, property.name, property.text);
        out += '}';
    }
    if (!is_first) out += ']';
}

void append_properties(std::string& out, Properties properties) {
    append_name(out, "properties");
    out += '{';
    for (const PropertyView& property : properties) {
        switch (property.info->type) {
        case PropertyType::utf8_pair: break;  // below
        case PropertyType::utf8_string:
        case PropertyType::binary:
            append_bytes(out, property.info->name, as_bytes(property.text));
            break;
        default: append_member(out, property.info->name, std::uint64_t{property.number}); break;
        }
    }
    append_user_properties(out, properties);
    out += '}';
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f || c == '<' || c == '>' || c == '&') {
            out += fmt::format("\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_name(std::string& out, std::string_view name) {
    if (!out.empty() && out.back() != '{' && out.back() != '[') out += ',';
    append_string(out, name);
    out += ':';
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    append_name(out, name);
    append_string(out, text);
}

void append_member(std::string& out, std::string_view name, std::uint64_t number) {
    append_name(out, name);
    out += fmt::format("{}", number);
}

void append_flag(std::string& out, std::string_view name, bool is) {
    append_name(out, name);
    out += is ? "true" : "false";
}

void append_bytes(std::string& out, std::string_view name, Bytes bytes) {
    if (is_text(bytes)) return append_member(out, name, as_text(bytes));
    append_member(out, std::string(name) + "_b64", to_base64(bytes));
}

void append_message(std::string& out, const MessageView& message, std::size_t most_payload) {
    out += '{';
    append_member(out, "topic", message.topic);
    append_member(out, "qos", std::uint64_t{static_cast<std::uint8_t>(message.qos)});
    append_flag(out, "retain", message.retain);
    append_member(out, "payloadlen", std::uint64_t{message.payload.size()});
    if (!message.properties.empty()) append_properties(out, message.properties);
    if (message.payload.empty()) {
        append_name(out, "payload");
        out += "null";
    } else if (most_payload != 0) {
        append_bytes(out, "payload", cut(message.payload, most_payload));
    }
    out += '}';
}

}  // namespace mqtt::broker::http
