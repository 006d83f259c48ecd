// The 27 properties of MQTT 5.0: type, where they may stand, how often, in which range.
#include <algorithm>

#include "core/property_rules.hpp"

namespace mqtt {
namespace {

using Id = PropertyId;
using Type = PropertyType;

constexpr std::uint16_t in(PropertyPlace place) {
    return static_cast<std::uint16_t>(place);
}
constexpr std::uint16_t kConnect = in(PropertyPlace::connect);
constexpr std::uint16_t kConnack = in(PropertyPlace::connack);
constexpr std::uint16_t kPublish = in(PropertyPlace::publish);
constexpr std::uint16_t kAcks = in(PropertyPlace::puback) | in(PropertyPlace::pubrec) |
                                in(PropertyPlace::pubrel) | in(PropertyPlace::pubcomp);
constexpr std::uint16_t kSubscribe = in(PropertyPlace::subscribe);
constexpr std::uint16_t kSubacks = in(PropertyPlace::suback) | in(PropertyPlace::unsuback);
constexpr std::uint16_t kDisconnect = in(PropertyPlace::disconnect);
constexpr std::uint16_t kAuth = in(PropertyPlace::auth);
constexpr std::uint16_t kWill = in(PropertyPlace::will);
constexpr std::uint16_t kMessage = kPublish | kWill;
constexpr std::uint16_t kHandshake = kConnect | kConnack;
constexpr std::uint16_t kEverywhere = 0x3FFF;

constexpr std::uint32_t kAnyU32 = 0xFFFF'FFFF;

// id, name, type, allowed_in, repeatable, minimum, maximum
constexpr std::array<PropertyInfo, kPropertyCount> kProperties{{
    {Id::payload_format_indicator, "payload-format-indicator", Type::byte, kMessage, false, 0, 1},
    {Id::message_expiry_interval, "message-expiry-interval", Type::four_byte_integer, kMessage,
     false, 0, kAnyU32},
    {Id::content_type, "content-type", Type::utf8_string, kMessage, false, 0, 0},
    {Id::response_topic, "response-topic", Type::utf8_string, kMessage, false, 0, 0},
    {Id::correlation_data, "correlation-data", Type::binary, kMessage, false, 0, 0},
    {Id::subscription_identifier, "subscription-identifier", Type::variable_byte_integer,
     kPublish | kSubscribe, true, 1, core::kLargestVarint},
    {Id::session_expiry_interval, "session-expiry-interval", Type::four_byte_integer,
     kHandshake | kDisconnect, false, 0, kAnyU32},
    {Id::assigned_client_identifier, "assigned-client-identifier", Type::utf8_string, kConnack,
     false, 0, 0},
    {Id::server_keep_alive, "server-keep-alive", Type::two_byte_integer, kConnack, false, 0, 65535},
    {Id::authentication_method, "authentication-method", Type::utf8_string, kHandshake | kAuth,
     false, 0, 0},
    {Id::authentication_data, "authentication-data", Type::binary, kHandshake | kAuth, false, 0, 0},
    {Id::request_problem_information, "request-problem-information", Type::byte, kConnect, false, 0,
     1},
    {Id::will_delay_interval, "will-delay-interval", Type::four_byte_integer, kWill, false, 0,
     kAnyU32},
    {Id::request_response_information, "request-response-information", Type::byte, kConnect, false,
     0, 1},
    {Id::response_information, "response-information", Type::utf8_string, kConnack, false, 0, 0},
    {Id::server_reference, "server-reference", Type::utf8_string, kConnack | kDisconnect, false, 0,
     0},
    {Id::reason_string, "reason-string", Type::utf8_string,
     kConnack | kAcks | kSubacks | kDisconnect | kAuth, false, 0, 0},
    {Id::receive_maximum, "receive-maximum", Type::two_byte_integer, kHandshake, false, 1, 65535},
    {Id::topic_alias_maximum, "topic-alias-maximum", Type::two_byte_integer, kHandshake, false, 0,
     65535},
    {Id::topic_alias, "topic-alias", Type::two_byte_integer, kPublish, false, 1, 65535},
    {Id::maximum_qos, "maximum-qos", Type::byte, kConnack, false, 0, 1},
    {Id::retain_available, "retain-available", Type::byte, kConnack, false, 0, 1},
    {Id::user_property, "user-property", Type::utf8_pair, kEverywhere, true, 0, 0},
    {Id::maximum_packet_size, "maximum-packet-size", Type::four_byte_integer, kHandshake, false, 1,
     kAnyU32},
    {Id::wildcard_subscription_available, "wildcard-subscription-available", Type::byte, kConnack,
     false, 0, 1},
    {Id::subscription_identifier_available, "subscription-identifier-available", Type::byte,
     kConnack, false, 0, 1},
    {Id::shared_subscription_available, "shared-subscription-available", Type::byte, kConnack,
     false, 0, 1},
}};
static_assert(std::ranges::is_sorted(kProperties, {}, &PropertyInfo::id));

constexpr std::size_t kIdentifiers = 0x2B;

// Identifier to row number plus one; 0: no such property.
constexpr auto kRows = [] {
    std::array<std::uint8_t, kIdentifiers> rows{};
    for (std::size_t i = 0; i < kProperties.size(); ++i) {
        rows[static_cast<std::size_t>(kProperties[i].id)] = static_cast<std::uint8_t>(i + 1);
    }
    return rows;
}();

}  // namespace

const std::array<PropertyInfo, kPropertyCount>& property_table() {
    return kProperties;
}

const PropertyInfo* find_property(PropertyId id) {
    const auto at = static_cast<std::size_t>(id);
    if (at >= kIdentifiers || kRows[at] == 0) return nullptr;
    return &kProperties[kRows[at] - 1u];
}

const PropertyInfo* find_property(std::string_view name) {
    const auto row = std::ranges::find(kProperties, name, &PropertyInfo::name);
    return row == kProperties.end() ? nullptr : &*row;
}

}  // namespace mqtt
