// The table of Errc: name, text, the reason code told to a peer, the exit code of a tool.
#include "mqtt/error.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace mqtt {
namespace {

// Exit codes of the tools: 1 operation failed, 2 usage, 3 unreachable, 4 refused by the broker,
// 5 timed out.
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kUnreachable = 3;
constexpr int kRefused = 4;
constexpr int kTimedOut = 5;

using R = ReasonCode;

constexpr auto kErrors = std::to_array<ErrcInfo>({
    {Errc::ok, "ok", "no error", R::success, 0},
    {Errc::malformed_packet, "malformed_packet", "malformed packet", R::malformed_packet, kFailed},
    {Errc::protocol_error, "protocol_error", "protocol error", R::protocol_error, kFailed},
    {Errc::packet_too_large, "packet_too_large", "packet is larger than the limit",
     R::packet_too_large, kFailed},
    {Errc::topic_name_invalid, "topic_name_invalid", "topic name is not valid",
     R::topic_name_invalid, kUsage},
    {Errc::topic_filter_invalid, "topic_filter_invalid", "topic filter is not valid",
     R::topic_filter_invalid, kUsage},
    {Errc::topic_alias_invalid, "topic_alias_invalid", "topic alias is not valid",
     R::topic_alias_invalid, kFailed},
    {Errc::receive_maximum_exceeded, "receive_maximum_exceeded",
     "more unacknowledged messages than Receive Maximum allows", R::receive_maximum_exceeded,
     kFailed},
    {Errc::payload_format_invalid, "payload_format_invalid",
     "payload is not what its format indicator says", R::payload_format_invalid, kFailed},
    {Errc::packet_identifier_not_found, "packet_identifier_not_found",
     "packet identifier is not in use", R::packet_identifier_not_found, kFailed},
    {Errc::unsupported_protocol_version, "unsupported_protocol_version",
     "protocol version is not supported", R::unsupported_protocol_version, kRefused},
    {Errc::client_identifier_not_valid, "client_identifier_not_valid",
     "client identifier is not valid", R::client_identifier_not_valid, kRefused},
    {Errc::invalid_argument, "invalid_argument", "argument is not valid",
     R::implementation_specific_error, kUsage},
    {Errc::quota_exceeded, "quota_exceeded", "quota is used up", R::quota_exceeded, kFailed},
    {Errc::queue_full, "queue_full", "queue is full", R::quota_exceeded, kFailed},
    {Errc::not_connected, "not_connected", "not connected", R::unspecified_error, kUnreachable},
    {Errc::already_connected, "already_connected", "already connected", R::unspecified_error,
     kFailed},
    {Errc::not_supported_by_server, "not_supported_by_server", "not supported by the server",
     R::implementation_specific_error, kRefused},
    {Errc::session_lost, "session_lost", "the server has lost the session", R::unspecified_error,
     kFailed},
    {Errc::resolve_failed, "resolve_failed", "host name cannot be resolved", R::unspecified_error,
     kUnreachable},
    {Errc::connection_refused, "connection_refused", "connection refused", R::unspecified_error,
     kUnreachable},
    {Errc::host_unreachable, "host_unreachable", "host cannot be reached", R::unspecified_error,
     kUnreachable},
    {Errc::timed_out, "timed_out", "timed out", R::unspecified_error, kTimedOut},
    {Errc::connection_closed, "connection_closed", "connection closed by the peer",
     R::unspecified_error, kUnreachable},
    {Errc::closed_before_connack, "closed_before_connack",
     "connection closed before it was accepted", R::unspecified_error, kRefused},
    {Errc::keep_alive_timeout, "keep_alive_timeout", "nothing heard from the peer in time",
     R::keep_alive_timeout, kTimedOut},
    {Errc::network_error, "network_error", "network error", R::unspecified_error, kUnreachable},
    {Errc::tls_failed, "tls_failed", "TLS failed", R::unspecified_error, kUnreachable},
    {Errc::tls_certificate_rejected, "tls_certificate_rejected", "certificate rejected",
     R::unspecified_error, kUnreachable},
    {Errc::not_tls, "not_tls", "the peer does not speak TLS on this port", R::unspecified_error,
     kUnreachable},
    {Errc::not_mqtt, "not_mqtt", "the peer does not speak MQTT on this port", R::unspecified_error,
     kUnreachable},
    {Errc::websocket_upgrade_failed, "websocket_upgrade_failed", "WebSocket upgrade failed",
     R::unspecified_error, kUnreachable},
    {Errc::websocket_origin_refused, "websocket_origin_refused",
     "a web page of another origin or host name was refused (websockets_origin)",
     R::unspecified_error, kFailed},
    {Errc::websocket_protocol_error, "websocket_protocol_error", "WebSocket protocol error",
     R::unspecified_error, kFailed},
    {Errc::proxy_failed, "proxy_failed", "proxy refused or failed", R::unspecified_error,
     kUnreachable},
    {Errc::proxy_header_invalid, "proxy_header_invalid",
     "no PROXY header of the configured version where the listener expects one",
     R::malformed_packet, 16},
    {Errc::refused_by_server, "refused_by_server", "refused by the server", R::unspecified_error,
     kRefused},
    {Errc::disconnected_by_server, "disconnected_by_server", "disconnected by the server",
     R::unspecified_error, kRefused},
    {Errc::cancelled, "cancelled", "cancelled", R::unspecified_error, kFailed},
    {Errc::out_of_memory, "out_of_memory", "out of memory", R::quota_exceeded, kFailed},
});

constexpr bool is_indexed_by_code() {
    for (std::size_t i = 0; i < kErrors.size(); ++i) {
        if (static_cast<std::size_t>(kErrors[i].code) != i) return false;
    }
    return kErrors.back().code == Errc::out_of_memory;
}
static_assert(is_indexed_by_code(), "one row per Errc, in the order of the enumeration");

class Category final : public std::error_category {
public:
    const char* name() const noexcept override { return "mqtt"; }
    std::string message(int value) const override {
        if (value < 0 || static_cast<std::size_t>(value) >= kErrors.size()) return "unknown error";
        return std::string(kErrors[static_cast<std::size_t>(value)].text);
    }
};

}  // namespace

const ErrcInfo& info(Errc code) {
    const auto row = static_cast<std::size_t>(code);
    return kErrors[row < kErrors.size() ? row : 0];
}

Error::Error(Errc c) : code(c), reason(info(c).reason) {}

Error::Error(Errc c, std::string_view d) : code(c), reason(info(c).reason), detail(d) {}

const std::error_category& mqtt_category() {
    static const Category category;
    return category;
}

}  // namespace mqtt
