// See mosquitto_log.hpp. The wording is that of mosquitto 2.0.
#include "common/mosquitto_log.hpp"

#include <fmt/format.h>

#include <variant>

#include "common/exit_code.hpp"

namespace tools {

template <class... Arguments>
void MosquittoLog::line(bool is_sent, const char* pattern, const Arguments&... arguments) {
    fmt::format_to(std::back_inserter(*out_), "Client {} {} ", client_id_,
                   is_sent ? "sending" : "received");
    fmt::vformat_to(std::back_inserter(*out_), pattern, fmt::make_format_args(arguments...));
    *out_ += '\n';
}

void MosquittoLog::append(std::string& out, const mqtt::PacketEvent& event) {
    if (event.packet == nullptr || is_told_already(event)) return;  // theirs says nothing either
    out_ = &out;
    std::visit([&](const auto& packet) { append_packet(packet, event.is_sent); }, *event.packet);
}

namespace {

std::string_view name_of(std::string_view client_id) {
    return client_id.empty() ? "(null)" : client_id;
}

}  // namespace

std::string MosquittoLog::unread_connack(Persona persona, std::string_view client_id, int code) {
    std::string text = fmt::format("Client {} received CONNACK ({})\n", name_of(client_id), code);
    if (persona != Persona::mosquitto_pub) text += farewell(client_id);
    return text;
}

std::string MosquittoLog::farewell(std::string_view client_id) {
    return fmt::format("Client {} sending DISCONNECT\n", name_of(client_id));
}

// Answers to what was received.
bool MosquittoLog::is_told_already(const mqtt::PacketEvent& event) const {
    using mqtt::PacketType;
    return event.is_sent && (event.type == PacketType::puback || event.type == PacketType::pubrec ||
                             event.type == PacketType::pubcomp);
}

void MosquittoLog::append_packet(const mqtt::Connect& packet, bool is_sent) {
    version_ = packet.version;
    was_answered_ = false;
    if (!packet.client_id.empty()) client_id_ = packet.client_id;
    line(is_sent, "CONNECT");
}

void MosquittoLog::append_packet(const mqtt::Connack& packet, bool is_sent) {
    const auto given = packet.properties.text(mqtt::PropertyId::assigned_client_identifier);
    if (given) client_id_ = *given;
    was_answered_ = true;
    line(is_sent, "CONNACK ({})", connack_exit_code(packet.reason, version_));
    if (mqtt::is_error(packet.reason) && persona_ != Persona::mosquitto_pub) {
        line(true, "DISCONNECT");
    }
}

void MosquittoLog::append_packet(const mqtt::Publish& packet, bool is_sent) {
    if (is_sent) last_id_ = packet.id != 0 ? packet.id : std::uint16_t(last_id_ % 65'535 + 1);
    line(is_sent, "PUBLISH (d{:d}, q{}, r{:d}, m{}, '{}', ... ({} bytes))", packet.dup,
         static_cast<int>(packet.qos), packet.retain, is_sent ? last_id_ : packet.id, packet.topic,
         packet.payload.size());
    if (is_sent) return;
    if (packet.qos == mqtt::QoS::at_least_once) line(true, "PUBACK (m{}, rc0)", packet.id);
    if (packet.qos == mqtt::QoS::exactly_once) line(true, "PUBREC (m{}, rc0)", packet.id);
}

void MosquittoLog::append_packet(const mqtt::Ack& packet, bool is_sent) {
    const std::string_view name = mqtt::packet_name(packet.type);
    const int reason = static_cast<int>(packet.reason);
    const bool ends =
        packet.type == mqtt::PacketType::puback || packet.type == mqtt::PacketType::pubcomp;
    if (is_sent) return line(true, "{} (m{})", name, packet.id);  // PUBREL
    if (ends) return line(false, "{} (Mid: {}, RC:{})", name, packet.id, reason);
    line(false, "{} (Mid: {})", name, packet.id);
    if (packet.type == mqtt::PacketType::pubrel) line(true, "PUBCOMP (m{})", packet.id);
}

void MosquittoLog::append_packet(const mqtt::Subscribe& packet, bool is_sent) {
    last_id_ = packet.id;
    for (const mqtt::SubscriptionRequest& request : packet.filters) {
        const mqtt::SubscriptionOptions& o = request.options;
        const int options = (o.no_local ? 0x04 : 0) | (o.retain_as_published ? 0x08 : 0) |
                            static_cast<int>(o.retain_handling) << 4;
        line(is_sent, "SUBSCRIBE (Mid: {}, Topic: {}, QoS: {}, Options: {:#04x})", packet.id,
             request.filter, static_cast<int>(o.qos), options);
    }
}

void MosquittoLog::append_packet(const mqtt::Suback& packet, bool is_sent) {
    line(is_sent, "SUBACK");
    if (persona_ != Persona::mosquitto_sub || quiet_) return;
    fmt::format_to(std::back_inserter(*out_), "Subscribed (mid: {})", packet.id);
    std::string_view separator = ": ";
    for (const std::uint8_t code : packet.codes) {
        fmt::format_to(std::back_inserter(*out_), "{}{}", separator, code);
        separator = ", ";
    }
    *out_ += '\n';
}

void MosquittoLog::append_packet(const mqtt::Unsubscribe& packet, bool is_sent) {
    last_id_ = packet.id;
    for (const mqtt::SubscriptionRequest& request : packet.filters)
        line(is_sent, "UNSUBSCRIBE (Mid: {}, Topic: {})", packet.id, request.filter);
}

void MosquittoLog::append_packet(const mqtt::Unsuback&, bool is_sent) {
    line(is_sent, "UNSUBACK");
}

void MosquittoLog::append_packet(const mqtt::Pingreq&, bool is_sent) {
    line(is_sent, "PINGREQ");
}

void MosquittoLog::append_packet(const mqtt::Pingresp&, bool is_sent) {
    line(is_sent, "PINGRESP");
}

void MosquittoLog::append_packet(const mqtt::Disconnect& packet, bool is_sent) {
    if (is_sent && !was_answered_) return;
    if (is_sent) return line(true, "DISCONNECT");
    fmt::format_to(std::back_inserter(*out_), "Received DISCONNECT ({})\n",
                   static_cast<int>(packet.reason));
}

void MosquittoLog::append_packet(const mqtt::Auth&, bool is_sent) {
    line(is_sent, "AUTH");
}

}  // namespace tools
