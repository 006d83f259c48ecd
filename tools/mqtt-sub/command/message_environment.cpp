// See message_environment.hpp.
#include "mqtt-sub/command/message_environment.hpp"

#include <fmt/format.h>

#include "mqtt/properties.hpp"

namespace mqtt_sub {
namespace {

using mqtt::PropertyId;

std::string user_variable(std::string_view name) {
    std::string variable = "MQTT_USER_";
    for (const char c : name) {
        const bool is_lower = c >= 'a' && c <= 'z';
        const bool is_plain = is_lower || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        variable += is_lower ? static_cast<char>(c - 'a' + 'A') : is_plain ? c : '_';
    }
    return variable;
}

// A variable ends where a NUL stands; the standard keeps it out of text.
void add(Environment& environment, std::string_view name, std::string_view value) {
    environment.push_back(fmt::format("{}={}", name, value.substr(0, value.find('\0'))));
}

}  // namespace

Environment message_environment(const mqtt::Publish& message) {
    Environment environment;
    add(environment, "MQTT_TOPIC", message.topic);
    add(environment, "MQTT_QOS", std::to_string(static_cast<int>(message.qos)));
    add(environment, "MQTT_RETAIN", message.retain ? "1" : "0");
    add(environment, "MQTT_DUP", message.dup ? "1" : "0");
    const mqtt::Properties properties = message.properties;
    if (const auto text = properties.text(PropertyId::content_type)) {
        add(environment, "MQTT_CONTENT_TYPE", *text);
    }
    if (const auto text = properties.text(PropertyId::response_topic)) {
        add(environment, "MQTT_RESPONSE_TOPIC", *text);
    }
    if (const auto data = properties.text(PropertyId::correlation_data)) {
        std::string hex;
        for (const char byte : *data)
            fmt::format_to(std::back_inserter(hex), "{:02x}", static_cast<unsigned char>(byte));
        add(environment, "MQTT_CORRELATION_DATA", hex);
    }
    if (const auto number = properties.number(PropertyId::message_expiry_interval)) {
        add(environment, "MQTT_MESSAGE_EXPIRY", std::to_string(*number));
    }
    if (const auto number = properties.number(PropertyId::payload_format_indicator)) {
        add(environment, "MQTT_PAYLOAD_FORMAT", std::to_string(*number));
    }
    for (const auto& property : properties) {
        if (property.info->id != PropertyId::user_property) continue;
        add(environment, user_variable(property.name), property.text);
    }
    return environment;
}

}  // namespace mqtt_sub
