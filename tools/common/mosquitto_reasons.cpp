// See mosquitto_reasons.hpp.
#include "common/mosquitto_reasons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

#include "common/exit_code.hpp"
#include "common/safe_text.hpp"

namespace tools {
namespace {

using mqtt::Errc;

// Where they spell it otherwise than the table of the library.
struct ReasonRow {
    int code;
    std::string_view text;
};
constexpr std::array kSpellings{
    ReasonRow{4, "Disconnect with Will Message"},
    ReasonRow{129, "Malformed Packet"},
    ReasonRow{130, "Protocol Error"},
    ReasonRow{132, "Unsupported Protocol Version"},
    ReasonRow{133, "Client Identifier not valid"},
    ReasonRow{134, "Bad User Name or Password"},
    ReasonRow{141, "Keep Alive timeout"},
    ReasonRow{143, "Topic Filter invalid"},
    ReasonRow{144, "Topic Name invalid"},
    ReasonRow{145, "Packet Identifier in use"},
    ReasonRow{146, "Packet Identifier not found"},
    ReasonRow{147, "Receive Maximum exceeded"},
    ReasonRow{148, "Topic Alias invalid"},
    ReasonRow{158, "Shared Subscriptions not supported"},
    ReasonRow{162, "Wildcard Subscriptions not supported"},
};

// Of MQTT 3.x, by return code.
constexpr std::array<std::string_view, 7> kReturnCodes{
    "Accepted.",
    "Refused: unacceptable protocol version.",
    "Refused: identifier rejected.",
    "Refused: broker unavailable.",
    "Refused: bad user name or password.",
    "Refused: not authorised.",
    "Refused: unknown reason.",
};

constexpr std::string_view kBrokenProtocol =
    "Error: A network protocol error occurred when communicating with the broker.\n";

std::string connack_words(Persona persona, int code, bool is_v5) {
    if (is_v5 && code == static_cast<int>(mqtt::ReasonCode::unsupported_protocol_version)) {
        return persona == Persona::mosquitto_rr
                   ? "Unsupported Protocol Version. mosquitto_rr only supports connecting to an "
                     "MQTT v5 broker"
                   : "Unsupported Protocol Version. Try connecting to an MQTT v5 broker, or use "
                     "MQTT v3.x mode.";
    }
    // mosquitto_rr takes return codes of 3.x for reason codes.
    if (is_v5 || persona == Persona::mosquitto_rr) return std::string(mosquitto_reason(code));
    const auto row = std::min(static_cast<std::size_t>(code), kReturnCodes.size() - 1);
    return "Connection " + std::string(kReturnCodes[row]);
}

// Garbage of which they wait for the rest: the end of the connection is an error without a number.
bool is_cut_garbage(const mqtt::Error& error) {
    return error.code == Errc::not_mqtt && error.detail == "no control packet";
}

}  // namespace

std::string_view mosquitto_reason(int code) {
    const auto row = std::find_if(kSpellings.begin(), kSpellings.end(),
                                  [code](const ReasonRow& r) { return r.code == code; });
    if (row != kSpellings.end()) return row->text;
    const auto reason = static_cast<mqtt::ReasonCode>(code);
    const bool is_known = mqtt::reason_name(reason) != "unknown";
    return is_known ? mqtt::reason_text(reason) : "Unknown reason";
}

std::string refused_connection_in_mosquitto_words(Persona persona, int code,
                                                  mqtt::ProtocolVersion version, bool reads_lines) {
    // mosquitto_rr looks at no version.
    const bool is_unsupported =
        code == static_cast<int>(mqtt::ReasonCode::unsupported_protocol_version);
    const bool is_v5 =
        mqtt::has_properties(version) || (is_unsupported && persona == Persona::mosquitto_rr);
    std::string text = "Connection error: " + connack_words(persona, code, is_v5) + "\n";
    if (persona != Persona::mosquitto_pub) return text;
    text += code > 5 && !reads_lines ? kBrokenProtocol : "Error: The connection was refused.\n";
    return text;
}

mqtt::Error as_mosquitto_reads(const mqtt::Error& error) {
    const bool is_v3_form = error.code == Errc::refused_by_server && !error.detail.empty();
    const bool is_read = error.reason == mqtt::ReasonCode::unsupported_protocol_version;
    return is_v3_form && !is_read ? mqtt::Error(Errc::protocol_error) : error;
}

int reserved_return_code(const mqtt::Error& error) {
    const bool is_one = error.code == Errc::protocol_error && error.detail.ends_with(" CONNACK");
    return is_one ? static_cast<int>(error.reason) : 0;
}

std::string refused_publish_in_mosquitto_words(const mqtt::PacketEvent& event) {
    if (event.is_sent || event.packet == nullptr) return {};
    const auto* ack = std::get_if<mqtt::Ack>(event.packet);
    if (ack == nullptr || !mqtt::is_error(ack->reason)) return {};
    std::string text = fmt::format("Warning: Publish {} failed: {}.\n", ack->id,
                                   mosquitto_reason(static_cast<int>(ack->reason)));
    if (const auto detail = ack->properties.text(mqtt::PropertyId::reason_string)) {
        const std::size_t start = text.size();
        text += *detail;
        make_safe(text, start, Lines::escape);
        text += '\n';
    }
    return text;
}

MosquittoEnd lost_in_mosquitto_words(Persona persona, const mqtt::Error& error) {
    switch (error.code) {
    case Errc::disconnected_by_server:
        if (persona != Persona::mosquitto_pub) return {"", kExitDone};
        return {"Error: The client is not currently connected.\n", 4};
    case Errc::keep_alive_timeout:
    case Errc::timed_out: return {"Error: Unknown error.\n", 19};
    case Errc::not_mqtt:
        if (is_cut_garbage(error)) return {"Error: Success\n", 14};
        return {std::string(kBrokenProtocol), 2};
    case Errc::protocol_error:
    case Errc::malformed_packet: return {std::string(kBrokenProtocol), 2};
    default: return {"Error: The connection was lost.\n", kExitLinkLost};
    }
}

bool mosquitto_tries_again(const mqtt::Error& error, bool was_reached) {
    switch (error.code) {
    case Errc::closed_before_connack:
    case Errc::connection_closed: return true;
    case Errc::not_mqtt: return is_cut_garbage(error);
    case Errc::timed_out:
    case Errc::connection_refused:
    case Errc::host_unreachable:
    case Errc::network_error:
    case Errc::resolve_failed: return was_reached;
    default: return false;
    }
}

}  // namespace tools
