// Reason codes by packet and sender; see legality.hpp.
#include "core/legality.hpp"

#include <algorithm>
#include <array>

#include "core/reason_code.hpp"

namespace mqtt::core {
namespace {

using R = ReasonCode;

// DISCONNECT is the packet whose codes differ by sender; these only a client or only a server sends.
constexpr std::array kClientDisconnect{R::disconnect_with_will_message};
constexpr std::array kServerDisconnect{
    R::not_authorized,
    R::server_busy,
    R::server_shutting_down,
    R::bad_authentication_method,
    R::keep_alive_timeout,
    R::session_taken_over,
    R::topic_filter_invalid,
    R::retain_not_supported,
    R::qos_not_supported,
    R::use_another_server,
    R::server_moved,
    R::shared_subscriptions_not_supported,
    R::connection_rate_exceeded,
    R::maximum_connect_time,
    R::subscription_identifiers_not_supported,
    R::wildcard_subscriptions_not_supported,
};

bool contains(std::span<const ReasonCode> codes, ReasonCode code) {
    return std::ranges::find(codes, code) != codes.end();
}

PropertyPlace place_of(PacketType type) {
    switch (type) {
    case PacketType::connack: return PropertyPlace::connack;
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: return ack_place(type);
    case PacketType::suback: return PropertyPlace::suback;
    case PacketType::unsuback: return PropertyPlace::unsuback;
    case PacketType::disconnect: return PropertyPlace::disconnect;
    case PacketType::auth: return PropertyPlace::auth;
    default: return {};  // carries no reason code
    }
}

}  // namespace

bool is_reason_valid(PacketType type, Role sender, ReasonCode reason) {
    if (!is_allowed(reason, place_of(type))) return false;
    const bool by_client = sender == Role::client;
    if (type == PacketType::disconnect) {
        return by_client ? !contains(kServerDisconnect, reason)
                         : !contains(kClientDisconnect, reason);
    }
    if (type == PacketType::auth) {
        return reason == R::continue_authentication ||
               reason == (by_client ? R::re_authenticate : R::success);
    }
    return true;
}

ReasonCode nearest_valid_reason(PacketType type, Role sender, ReasonCode reason) {
    if (is_reason_valid(type, sender, reason)) return reason;
    if (!is_error(reason)) return R::success;
    switch (reason) {
    case R::malformed_packet:
    case R::protocol_error:
    case R::topic_filter_invalid:
    case R::topic_alias_invalid:
    case R::packet_identifier_not_found:
        if (is_reason_valid(type, sender, R::protocol_error)) return R::protocol_error;
        break;
    default: break;
    }
    return is_reason_valid(type, sender, R::unspecified_error) ? R::unspecified_error : R::success;
}

}  // namespace mqtt::core
