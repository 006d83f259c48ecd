// The table of reason codes, and the mapping to the return codes of MQTT 3.x.
#include "core/reason_code.hpp"

#include <algorithm>
#include <array>

namespace mqtt {
namespace core {
namespace {

constexpr std::uint16_t bit(PropertyPlace place) {
    return static_cast<std::uint16_t>(place);
}
constexpr std::uint16_t kConnack = bit(PropertyPlace::connack);
constexpr std::uint16_t kPub = bit(PropertyPlace::puback) | bit(PropertyPlace::pubrec);
constexpr std::uint16_t kRel = bit(PropertyPlace::pubrel) | bit(PropertyPlace::pubcomp);
constexpr std::uint16_t kSuback = bit(PropertyPlace::suback);
constexpr std::uint16_t kUnsuback = bit(PropertyPlace::unsuback);
constexpr std::uint16_t kDisconnect = bit(PropertyPlace::disconnect);
constexpr std::uint16_t kAuth = bit(PropertyPlace::auth);
constexpr std::uint16_t kSubs = kSuback | kUnsuback;
constexpr std::uint16_t kEverywhere =
    kConnack | kPub | kRel | kSuback | kUnsuback | kDisconnect | kAuth;
constexpr std::uint16_t kEnds = kConnack | kDisconnect;

using enum ReasonCode;

constexpr auto kReasons = std::to_array<ReasonInfo>({
    {success, "success", "Success", kEverywhere},
    {granted_qos_1, "granted_qos_1", "Granted QoS 1", kSuback},
    {granted_qos_2, "granted_qos_2", "Granted QoS 2", kSuback},
    {disconnect_with_will_message, "disconnect_with_will_message", "Disconnect with will message",
     kDisconnect},
    {no_matching_subscribers, "no_matching_subscribers", "No matching subscribers", kPub},
    {no_subscription_existed, "no_subscription_existed", "No subscription existed", kUnsuback},
    {continue_authentication, "continue_authentication", "Continue authentication", kAuth},
    {re_authenticate, "re_authenticate", "Re-authenticate", kAuth},
    {unspecified_error, "unspecified_error", "Unspecified error", kEnds | kPub | kSubs},
    {malformed_packet, "malformed_packet", "Malformed packet", kEnds},
    {protocol_error, "protocol_error", "Protocol error", kEnds},
    {implementation_specific_error, "implementation_specific_error",
     "Implementation specific error", kEnds | kPub | kSubs},
    {unsupported_protocol_version, "unsupported_protocol_version", "Unsupported protocol version",
     kConnack},
    {client_identifier_not_valid, "client_identifier_not_valid", "Client identifier not valid",
     kConnack},
    {bad_user_name_or_password, "bad_user_name_or_password", "Bad user name or password", kConnack},
    {not_authorized, "not_authorized", "Not authorized", kEnds | kPub | kSubs},
    {server_unavailable, "server_unavailable", "Server unavailable", kConnack},
    {server_busy, "server_busy", "Server busy", kEnds},
    {banned, "banned", "Banned", kConnack},
    {server_shutting_down, "server_shutting_down", "Server shutting down", kDisconnect},
    {bad_authentication_method, "bad_authentication_method", "Bad authentication method", kEnds},
    {keep_alive_timeout, "keep_alive_timeout", "Keep alive timeout", kDisconnect},
    {session_taken_over, "session_taken_over", "Session taken over", kDisconnect},
    {topic_filter_invalid, "topic_filter_invalid", "Topic filter invalid", kSubs | kDisconnect},
    {topic_name_invalid, "topic_name_invalid", "Topic name invalid", kEnds | kPub},
    {packet_identifier_in_use, "packet_identifier_in_use", "Packet identifier in use",
     kPub | kSubs},
    {packet_identifier_not_found, "packet_identifier_not_found", "Packet identifier not found",
     kRel},
    {receive_maximum_exceeded, "receive_maximum_exceeded", "Receive maximum exceeded", kDisconnect},
    {topic_alias_invalid, "topic_alias_invalid", "Topic alias invalid", kDisconnect},
    {packet_too_large, "packet_too_large", "Packet too large", kEnds},
    {message_rate_too_high, "message_rate_too_high", "Message rate too high", kDisconnect},
    {quota_exceeded, "quota_exceeded", "Quota exceeded", kEnds | kPub | kSuback},
    {administrative_action, "administrative_action", "Administrative action", kDisconnect},
    {payload_format_invalid, "payload_format_invalid", "Payload format invalid", kEnds | kPub},
    {retain_not_supported, "retain_not_supported", "Retain not supported", kEnds},
    {qos_not_supported, "qos_not_supported", "QoS not supported", kEnds},
    {use_another_server, "use_another_server", "Use another server", kEnds},
    {server_moved, "server_moved", "Server moved", kEnds},
    {shared_subscriptions_not_supported, "shared_subscriptions_not_supported",
     "Shared subscriptions not supported", kSuback | kDisconnect},
    {connection_rate_exceeded, "connection_rate_exceeded", "Connection rate exceeded", kEnds},
    {maximum_connect_time, "maximum_connect_time", "Maximum connect time", kDisconnect},
    {subscription_identifiers_not_supported, "subscription_identifiers_not_supported",
     "Subscription identifiers not supported", kSuback | kDisconnect},
    {wildcard_subscriptions_not_supported, "wildcard_subscriptions_not_supported",
     "Wildcard subscriptions not supported", kSuback | kDisconnect},
});

constexpr std::uint8_t kNoRow = 0xFF;

// Code to row, so that a look-up is one load.
constexpr auto kRows = [] {
    std::array<std::uint8_t, 256> rows{};
    rows.fill(kNoRow);
    for (std::size_t i = 0; i < kReasons.size(); ++i) {
        rows[static_cast<std::uint8_t>(kReasons[i].code)] = static_cast<std::uint8_t>(i);
    }
    return rows;
}();
static_assert(std::ranges::is_sorted(kReasons, {}, &ReasonInfo::code));

}  // namespace

std::span<const ReasonInfo> reason_table() {
    return kReasons;
}

const ReasonInfo* find_reason(ReasonCode code) {
    const std::uint8_t row = kRows[static_cast<std::uint8_t>(code)];
    return row == kNoRow ? nullptr : &kReasons[row];
}

bool is_allowed(ReasonCode code, PropertyPlace place) {
    const ReasonInfo* row = find_reason(code);
    return row != nullptr && (row->allowed_in & bit(place)) != 0;
}

}  // namespace core

std::string_view reason_name(ReasonCode code) {
    const core::ReasonInfo* row = core::find_reason(code);
    return row ? row->name : "unknown";
}

std::string_view reason_text(ReasonCode code) {
    const core::ReasonInfo* row = core::find_reason(code);
    return row ? row->text : "unknown";
}

std::uint8_t to_connack_v3(ReasonCode code) {
    switch (code) {
    case ReasonCode::success: return 0;
    case ReasonCode::unsupported_protocol_version: return 1;
    case ReasonCode::client_identifier_not_valid: return 2;
    case ReasonCode::bad_user_name_or_password: return 4;
    case ReasonCode::not_authorized:
    case ReasonCode::banned:
    case ReasonCode::bad_authentication_method: return 5;
    default: return 3;  // server unavailable: the only one that blames nobody
    }
}

std::optional<ReasonCode> from_connack_v3(std::uint8_t return_code) {
    switch (return_code) {
    case 0: return ReasonCode::success;
    case 1: return ReasonCode::unsupported_protocol_version;
    case 2: return ReasonCode::client_identifier_not_valid;
    case 3: return ReasonCode::server_unavailable;
    case 4: return ReasonCode::bad_user_name_or_password;
    case 5: return ReasonCode::not_authorized;
    default: return std::nullopt;
    }
}

}  // namespace mqtt
