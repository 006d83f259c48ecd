// See exit_code.hpp.
#include "common/exit_code.hpp"

#include <array>

namespace tools {
namespace {

using mqtt::Errc;

constexpr std::array kRows{
    ExitRow{0, "done: everything that was asked for happened"},
    ExitRow{1, "the command line, an options file, a certificate file or the input is wrong"},
    ExitRow{1, "to 5: MQTT 3.x server refused the connection with this return code"},
    ExitRow{2, "the peer broke the protocol"},
    ExitRow{4, "not connected when the run ended"},
    ExitRow{6, "standard output failed (a closed pipe is a normal end)"},
    ExitRow{7, "the connection was lost"},
    ExitRow{8, "TLS failed, or the peer does not speak TLS on this port"},
    ExitRow{9, "a local queue or quota is full"},
    ExitRow{10, "the server does not support what was asked for"},
    ExitRow{12, "a command that was given a message failed (--exec and its kin)"},
    ExitRow{14, "refused, unreachable or another network error"},
    ExitRow{15, "the host name has no address"},
    ExitRow{16, "the proxy refused or failed"},
    ExitRow{19, "no answer to a ping in time"},
    ExitRow{21, "a malformed packet, or a peer that does not speak MQTT"},
    ExitRow{23, "a certificate was rejected"},
    ExitRow{25, "a packet is larger than the peer takes"},
    ExitRow{27, "a time limit passed"},
    ExitRow{128,
            "and above: the MQTT 5.0 reason code of a refusal, such as 135 for not authorized"},
    ExitRow{255, "ended before the connection was up"},
};

int our_code(Errc code) {
    switch (code) {
    case Errc::ok: return kExitDone;
    case Errc::protocol_error:
    case Errc::receive_maximum_exceeded:
    case Errc::topic_alias_invalid:
    case Errc::payload_format_invalid:
    case Errc::packet_identifier_not_found:
    case Errc::unsupported_protocol_version: return 2;
    case Errc::not_connected: return 4;
    case Errc::connection_closed:
    case Errc::closed_before_connack:
    case Errc::session_lost:
    case Errc::disconnected_by_server:
    case Errc::cancelled: return kExitLinkLost;
    case Errc::tls_failed:
    case Errc::not_tls: return 8;
    case Errc::quota_exceeded:
    case Errc::queue_full: return 9;
    case Errc::not_supported_by_server: return 10;
    case Errc::connection_refused:
    case Errc::host_unreachable:
    case Errc::network_error: return 14;
    case Errc::resolve_failed: return 15;
    case Errc::proxy_failed:
    case Errc::proxy_header_invalid: return 16;
    case Errc::keep_alive_timeout: return 19;
    case Errc::malformed_packet:
    case Errc::not_mqtt:
    case Errc::websocket_upgrade_failed:
    case Errc::websocket_protocol_error: return 21;
    case Errc::tls_certificate_rejected: return 23;
    case Errc::packet_too_large: return 25;
    case Errc::timed_out: return kExitTimedOut;
    case Errc::refused_by_server: return 5;
    default: return kExitUsage;
    }
}

// What mosquitto's clients say with 1: nothing was reached.
bool is_before_connect(Errc code) {
    switch (code) {
    case Errc::connection_refused:
    case Errc::host_unreachable:
    case Errc::resolve_failed:
    case Errc::network_error: return true;
    default: return false;
    }
}

}  // namespace

std::span<const ExitRow> exit_rows() {
    return kRows;
}

int exit_code(const mqtt::Error& error, Persona persona) {
    if (mqtt::is_error(error.reason) &&
        (error.code == Errc::refused_by_server || error.code == Errc::disconnected_by_server)) {
        return static_cast<int>(error.reason);
    }
    if (persona != Persona::ours && is_before_connect(error.code)) return 1;
    if (persona != Persona::ours && error.code == Errc::timed_out) return 19;  // their keep-alive
    const bool is_rejected = error.code == Errc::tls_certificate_rejected;
    if (persona != Persona::ours && is_rejected) return 8;  // as any handshake that fails
    return our_code(error.code);
}

int connack_exit_code(mqtt::ReasonCode reason, mqtt::ProtocolVersion version) {
    if (version == mqtt::ProtocolVersion::v5) return static_cast<int>(reason);
    return mqtt::to_connack_v3(reason);
}

}  // namespace tools
