// See close_text.hpp.
#include "client/close_text.hpp"

#include <fmt/format.h>

#include "core/describe.hpp"

namespace mqtt::client {

namespace {

std::string_view version_name(ProtocolVersion version) {
    switch (version) {
    case ProtocolVersion::v3_1: return "MQTT 3.1";
    case ProtocolVersion::v3_1_1: return "MQTT 3.1.1";
    default: return "MQTT 5.0";
    }
}

// What a user can do about a refusal; empty when the reason says it all.
std::string_view advice(ReasonCode reason, ProtocolVersion version) {
    switch (reason) {
    case ReasonCode::unsupported_protocol_version:
        return version == ProtocolVersion::v3_1_1 ? "try another protocol version (5 or 3.1)"
                                                  : "try protocol version 3.1.1";
    case ReasonCode::client_identifier_not_valid: return "try another client id, or none";
    case ReasonCode::bad_user_name_or_password: return "check user name and password";
    case ReasonCode::not_authorized:
        return "the server wants a user name and password, or does not allow this one";
    case ReasonCode::server_unavailable:
    case ReasonCode::server_busy: return "try again later";
    case ReasonCode::banned: return "the server's administrator has to lift the ban";
    case ReasonCode::bad_authentication_method: return "check the authentication method";
    case ReasonCode::quota_exceeded:
    case ReasonCode::connection_rate_exceeded: return "try again later or less often";
    case ReasonCode::retain_not_supported: return "use a will that is not retained";
    case ReasonCode::qos_not_supported: return "use a lower QoS for the will";
    case ReasonCode::topic_name_invalid: return "use another will topic";
    case ReasonCode::packet_too_large: return "use a smaller will or fewer properties";
    default: return {};
    }
}

// "; try again later", and what the server itself says.
std::string with_details(std::string text, Properties properties, std::string_view next) {
    if (const auto said = properties.text(PropertyId::reason_string)) {
        text += fmt::format(": \"{}\"", core::escape_controls(*said));
    }
    if (const auto other = properties.text(PropertyId::server_reference)) {
        text += fmt::format("; it names another server: {}", core::escape_controls(*other));
    } else if (!next.empty()) {
        text += fmt::format("; {}", next);
    }
    return text;
}

std::string cause(std::error_code error) {
    return error ? fmt::format(" ({})", error.message()) : std::string();
}

// Which port to try instead, said to somebody who used `transport`.
std::string_view tls_form(Transport transport) {
    return uses_websocket(transport) ? "wss:// or --tls" : "mqtts:// or --tls, often on port 8883";
}

}  // namespace

std::string refused_text(const std::string& peer, const Connack& connack, ProtocolVersion version) {
    std::string text =
        fmt::format("{} refused the connection: {} (0x{:02x})", peer, reason_text(connack.reason),
                    static_cast<unsigned>(connack.reason));
    return with_details(std::move(text), connack.properties, advice(connack.reason, version));
}

std::string closed_early_text(const std::string& peer, std::error_code error, Transport transport,
                              ProtocolVersion version) {
    std::string text = fmt::format(
        "{} closed the connection{} without an answer to CONNECT: ", peer, cause(error));
    if (!uses_tls(transport) && transport != Transport::unix_socket) {
        text += fmt::format("perhaps the port expects TLS (try {}), ", tls_form(transport));
    } else if (uses_tls(transport)) {
        text += "perhaps it wants a client certificate, ";
    } else {
        text += "perhaps it is no MQTT server, ";
    }
    if (version == ProtocolVersion::v3_1_1) return text + "or the server drops this client";
    return text + fmt::format("or the server does not speak {} (try version 3.1.1)",
                              version_name(version));
}

std::string not_mqtt_text(const std::string& peer, Bytes first, Transport transport) {
    const std::string_view text = as_text(first);
    if (first.size() >= 2 && first[0] == 0x15 && first[1] == 0x03) {
        return fmt::format("{} answered with a TLS alert: this port expects TLS (try {})", peer,
                           tls_form(transport));
    }
    if (text.starts_with("HTTP/")) {
        return fmt::format(
            "{} answered in HTTP: this is a web port, not an MQTT port (try ws:// if "
            "the server offers MQTT over WebSocket, or port 1883)",
            peer);
    }
    const std::string start = core::escape_controls(text.substr(0, 24));
    return fmt::format(
        "{} does not speak MQTT on this port: it sent '{}' instead of CONNACK; check "
        "the port",
        peer, start);
}

std::string no_connack_text(const std::string& peer, Transport transport) {
    if (uses_tls(transport) || transport == Transport::unix_socket) {
        return fmt::format("{} accepted the connection but did not answer CONNECT in time", peer);
    }
    return fmt::format(
        "{} accepted the connection but did not answer CONNECT in time: the server is "
        "overloaded, or the port expects something else (TLS? try {})",
        peer, tls_form(transport));
}

std::string disconnected_text(const std::string& peer, const Disconnect& disconnect) {
    std::string text =
        fmt::format("{} ended the connection: {} (0x{:02x})", peer, reason_text(disconnect.reason),
                    static_cast<unsigned>(disconnect.reason));
    const bool taken = disconnect.reason == ReasonCode::session_taken_over;
    return with_details(std::move(text), disconnect.properties,
                        taken ? "another client uses the same client id" : "");
}

std::string protocol_error_text(const std::string& peer, const Error& error) {
    if (error.code == Errc::keep_alive_timeout) {
        return fmt::format("connection to {} lost: no answer to PINGREQ in time", peer);
    }
    std::string text = fmt::format("{} broke the protocol: {}", peer, info(error.code).text);
    if (!error.detail.empty()) text += fmt::format(" ({})", error.detail);
    return text;
}

std::string lost_text(const std::string& peer, std::error_code error) {
    if (!error) return fmt::format("connection lost: {} closed it", peer);
    return fmt::format("connection to {} lost: {}", peer, error.message());
}

std::string unsent_text(const std::string& peer, std::size_t bytes) {
    return fmt::format("{} bytes could not be sent to {} before the connection ended", bytes, peer);
}

}  // namespace mqtt::client
