// Formats the log lines. Control characters of clients are escaped, so that no line can be forged.
#include "broker/log_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/describe.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {
namespace {

using core::escape_controls;

int flag(bool set) {
    return set ? 1 : 0;
}

int number(ReasonCode reason) {
    return static_cast<int>(reason);
}

}  // namespace

void LogLines::line(LogLevel level, std::string_view text) const {
    if (enabled()) config_->log(level, text);
}

void LogLines::line(LogLevel level, std::string_view text, const LogDetails& details) const {
    if (config_->log_details) return config_->log_details(level, text, details);
    line(level, text);
}

bool LogLines::is_traced(std::string_view client_id) const {
    const auto& traced = config_->trace_clients;
    return std::find(traced.begin(), traced.end(), client_id) != traced.end();
}

bool LogLines::is_traced_topic(std::string_view topic) const {
    const auto& traced = config_->trace_topics;
    return std::any_of(traced.begin(), traced.end(),
                       [&](const std::string& filter) { return topic_matches(filter, topic); });
}

void LogLines::new_connection(std::string_view peer_address, const Endpoint& listener) const {
    if (!connections()) return;
    if (listener.transport == Transport::unix_socket) {
        return line(LogLevel::info, fmt::format("New connection on {}.", listener.path),
                    {.event = "connection"});
    }
    line(LogLevel::info,
         fmt::format("New connection from {} on port {}.", peer_address, listener.port),
         {.event = "connection", .address = peer_address});
}

void LogLines::new_client(std::string_view peer_address, std::string_view client_id,
                          const Connect& connect, std::uint16_t keep_alive) const {
    if (!enabled()) return;
    std::string text;
    fmt::format_to(std::back_inserter(text), "New client connected from {} as {} (p{}, c{}, k{}",
                   peer_address, escape_controls(client_id), static_cast<int>(connect.version),
                   flag(connect.clean_start), keep_alive);
    if (connect.user_name) {
        fmt::format_to(std::back_inserter(text), ", u'{}'", escape_controls(*connect.user_name));
    }
    text += ").";
    if (connections()) {
        line(LogLevel::info, text,
             {.event = "client_connected",
              .client_id = client_id,
              .user_name = connect.user_name.value_or(std::string_view()),
              .address = peer_address});
    }
    if (!packets_of(client_id)) return;
    if (!connect.will) return line(LogLevel::debug, "No will message specified.");
    line(LogLevel::debug,
         fmt::format("Will message specified ({} bytes) (r{}, q{}).", connect.will->payload.size(),
                     flag(connect.will->retain), static_cast<int>(connect.will->qos)));
    line(LogLevel::debug, fmt::format("\t{}", escape_controls(connect.will->topic)));
}

void LogLines::client_refused(std::string_view client_id, std::string_view peer_address,
                              ReasonCode reason) const {
    if (!enabled()) return;
    line(LogLevel::warning,
         fmt::format("Client {} [{}] refused: {}.", escape_controls(client_id), peer_address,
                     reason_text(reason)),
         {.event = "client_refused",
          .client_id = client_id,
          .address = peer_address,
          .reason = reason});
}

void LogLines::stranger_gone(std::string_view peer_address, std::string_view why) const {
    if (!connections()) return;
    line(LogLevel::info, fmt::format("Client <unknown> [{}] disconnected: {}.", peer_address, why),
         {.event = "stranger_disconnected", .address = peer_address});
}

void LogLines::client_gone(std::string_view client_id, std::string_view why) const {
    if (!connections()) return;
    const LogDetails details{.event = "client_disconnected", .client_id = client_id};
    if (why.empty()) {
        return line(LogLevel::info,
                    fmt::format("Client {} disconnected.", escape_controls(client_id)), details);
    }
    line(LogLevel::info,
         fmt::format("Client {} disconnected: {}.", escape_controls(client_id), why), details);
}

void LogLines::drops_begin(std::string_view client_id) const {
    if (!enabled()) return;
    line(LogLevel::warning,
         fmt::format("Outgoing messages are being dropped for client {}.",
                     escape_controls(client_id)),
         {.event = "messages_dropped", .client_id = client_id});
}

void LogLines::session_expired(std::string_view client_id) const {
    if (!enabled()) return;
    line(LogLevel::info,
         fmt::format("Expiring client {} due to timeout.", escape_controls(client_id)),
         {.event = "session_expired", .client_id = client_id});
}

void LogLines::connack(std::string_view client_id, bool session_present, ReasonCode reason) const {
    line(LogLevel::debug,
         fmt::format("Sending CONNACK to {} ({}, {})", escape_controls(client_id),
                     flag(session_present), number(reason)),
         {.event = "sent", .client_id = client_id, .packet = "CONNACK", .reason = reason});
}

void LogLines::received_publish(std::string_view client_id, const Publish& publish) const {
    line(
        LogLevel::debug,
        fmt::format("Received PUBLISH from {} (d{}, q{}, r{}, m{}, '{}', ... ({} bytes))",
                    escape_controls(client_id), flag(publish.dup), static_cast<int>(publish.qos),
                    flag(publish.retain), publish.id, escape_controls(publish.topic),
                    publish.payload.size()),
        {.event = "received", .client_id = client_id, .packet = "PUBLISH", .topic = publish.topic});
}

void LogLines::sending_publish(std::string_view client_id, QoS qos, bool retain, PacketId id,
                               std::string_view topic, std::size_t payload_bytes) const {
    line(LogLevel::debug,
         fmt::format("Sending PUBLISH to {} (d0, q{}, r{}, m{}, '{}', ... ({} bytes))",
                     escape_controls(client_id), static_cast<int>(qos), flag(retain), id,
                     escape_controls(topic), payload_bytes),
         {.event = "sent", .client_id = client_id, .packet = "PUBLISH", .topic = topic});
}

void LogLines::received_filter(std::string_view client_id, PacketType type, std::string_view filter,
                               QoS qos, bool granted) const {
    const std::string name = escape_controls(filter);
    const bool packets = packets_of(client_id);
    if (type == PacketType::unsubscribe) {
        if (packets) line(LogLevel::debug, fmt::format("\t{}", name));
        line(LogLevel::debug, fmt::format("{} {}", escape_controls(client_id), name),
             {.event = "unsubscribed", .client_id = client_id, .topic = filter});
    } else if (!granted) {
        if (packets) line(LogLevel::debug, fmt::format("\t{} (denied)", name));
    } else {
        if (packets) {
            line(LogLevel::debug, fmt::format("\t{} (QoS {})", name, static_cast<int>(qos)));
        }
        line(LogLevel::debug,
             fmt::format("{} {} {}", escape_controls(client_id), static_cast<int>(qos), name),
             {.event = "subscribed", .client_id = client_id, .topic = filter});
    }
}

namespace {

bool has_reason(PacketType type) {
    return type == PacketType::puback || type == PacketType::pubrec || type == PacketType::pubrel ||
           type == PacketType::pubcomp || type == PacketType::disconnect;
}

// Mosquitto has the reason codes of some packets only; others are told when they say more than nothing.
bool tells_success(bool sending, PacketType type) {
    return type == PacketType::puback ||
           type == (sending ? PacketType::pubrec : PacketType::pubcomp);
}

}  // namespace

void LogLines::packet(bool sending, std::string_view client_id, PacketType type, PacketId id,
                      ReasonCode reason) const {
    const std::string who = escape_controls(client_id);
    const std::string_view name = packet_name(type);
    const std::string_view verb = sending ? "Sending" : "Received";
    const std::string_view preposition = sending ? "to" : "from";
    std::string text = fmt::format("{} {} {} {}", verb, name, preposition, who);
    switch (type) {
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: {
        const bool tells = tells_success(sending, type) || reason != ReasonCode::success;
        text += sending ? fmt::format(" (m{}", id) : fmt::format(" (Mid: {}", id);
        if (tells) text += fmt::format(", {}{}", sending ? "rc" : "RC:", number(reason));
        text += ')';
        break;
    }
    case PacketType::disconnect:
        if (sending) text += fmt::format(" (rc{})", number(reason));
        break;
    default: break;
    }
    line(LogLevel::debug, text,
         {.event = sending ? "sent" : "received",
          .client_id = client_id,
          .packet = name,
          .reason = has_reason(type) ? std::optional(reason) : std::nullopt});
}

}  // namespace mqtt::broker
