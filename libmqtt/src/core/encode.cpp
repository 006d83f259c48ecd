// Every packet but PUBLISH. Before 5.0 properties and most reason codes do not exist and are left
// out; in 5.0 the shortest form is written.
#include "core/encode_detail.hpp"
#include "core/reason_code.hpp"
#include "core/subscription_options.hpp"

namespace mqtt::core {
namespace {

constexpr std::uint8_t kRequestFlags = 0x02;  // PUBREL, SUBSCRIBE, UNSUBSCRIBE [MQTT-2.1.3-1]

std::uint8_t byte(ReasonCode code) {
    return static_cast<std::uint8_t>(code);
}

std::string_view protocol_name(ProtocolVersion version) {
    return version == ProtocolVersion::v3_1 ? "MQIsdp" : "MQTT";  // [MQTT-3.1.2-1]
}

std::uint8_t connect_flags(const Connect& packet) {
    unsigned flags = packet.clean_start ? 0x02u : 0u;
    if (packet.will) {
        flags |= 0x04u | static_cast<unsigned>(packet.will->qos) << 3;
        if (packet.will->retain) flags |= 0x20u;
    }
    if (packet.password) flags |= 0x40u;
    if (packet.user_name) flags |= 0x80u;
    return static_cast<std::uint8_t>(flags);
}

std::size_t connect_size(const Connect& packet) {
    std::size_t size = text_size(protocol_name(packet.version).size()) + 4;
    size += properties_size(packet.version, packet.properties);
    size += text_size(packet.client_id.size());
    if (packet.will) {
        size += properties_size(packet.version, packet.will->properties);
        size += text_size(packet.will->topic.size()) + text_size(packet.will->payload.size());
    }
    if (packet.user_name) size += text_size(packet.user_name->size());
    if (packet.password) size += text_size(packet.password->size());
    return size;
}

// The code of one filter in SUBACK. 3.1 cannot refuse: it has to acknowledge and stay silent [MQTT31-7].
std::uint8_t suback_code(ProtocolVersion version, std::uint8_t code) {
    if (version == ProtocolVersion::v5 || code < 0x80) return code;
    return version == ProtocolVersion::v3_1 ? 0x00 : 0x80;  // [MQTT311-3.9.3-2]
}

// SUBSCRIBE before 5.0 has only the QoS in the options byte.
void write_filters(Writer& writer, ProtocolVersion version, const FilterList& filters) {
    if (version == ProtocolVersion::v5 || !filters.with_options()) {
        writer.bytes(filters.raw());
        return;
    }
    for (const SubscriptionRequest& request : filters) {
        writer.text(request.filter);
        writer.u8(static_cast<std::uint8_t>(request.options.qos));
    }
}

// Reason code and properties that end a packet of 5.0. Both may be left out when they say nothing.
std::size_t tail_size(ReasonCode reason, Properties properties) {
    if (!properties.empty()) return 1 + properties_size(ProtocolVersion::v5, properties);
    return reason == ReasonCode::success ? 0 : 1;
}

void write_tail(Writer& writer, ReasonCode reason, Properties properties) {
    const std::size_t size = tail_size(reason, properties);
    if (size > 0) writer.u8(byte(reason));
    if (size > 1) write_properties(writer, ProtocolVersion::v5, properties);
}

}  // namespace

void encode(base::OutBuffer& out, const Connect& packet) {
    const ProtocolVersion version = packet.version;
    MQTT_ASSERT(version == ProtocolVersion::v5 || packet.user_name || !packet.password);
    PacketWriter writer(out, PacketType::connect, 0, connect_size(packet));
    writer.text(protocol_name(version));
    writer.u8(
        static_cast<std::uint8_t>(static_cast<unsigned>(version) | (packet.bridge ? 0x80u : 0u)));
    writer.u8(connect_flags(packet));
    writer.u16(packet.keep_alive);
    write_properties(writer, version, packet.properties);
    writer.text(packet.client_id);  // [MQTT-3.1.3-1]
    if (packet.will) {
        write_properties(writer, version, packet.will->properties);
        writer.text(packet.will->topic);
        writer.binary(packet.will->payload);
    }
    if (packet.user_name) writer.text(*packet.user_name);
    if (packet.password) writer.binary(*packet.password);
}

void encode(base::OutBuffer& out, ProtocolVersion version, const Connack& packet) {
    const bool v5 = version == ProtocolVersion::v5;
    MQTT_ASSERT(!v5 || is_allowed(packet.reason, PropertyPlace::connack));  // [MQTT-3.2.2-8]
    PacketWriter writer(out, PacketType::connack, 0,
                        2 + properties_size(version, packet.properties));
    const bool present = packet.session_present && version != ProtocolVersion::v3_1 &&
                         packet.reason == ReasonCode::success;  // [MQTT-3.2.2-6] [MQTT311-3.2.2-4]
    writer.u8(present ? 1 : 0);                                 // [MQTT-3.2.2-1]
    writer.u8(v5 ? byte(packet.reason) : to_connack_v3(packet.reason));
    write_properties(writer, version, packet.properties);
}

void encode(base::OutBuffer& out, ProtocolVersion version, const Ack& packet) {
    const bool v5 = version == ProtocolVersion::v5;
    MQTT_ASSERT(packet.id != 0);
    MQTT_ASSERT(!v5 || is_allowed(packet.reason, ack_place(packet.type)));  // [MQTT-3.4.2-1]
    const std::uint8_t flags = packet.type == PacketType::pubrel ? kRequestFlags : std::uint8_t{0};
    const std::size_t tail = v5 ? tail_size(packet.reason, packet.properties) : 0;
    PacketWriter writer(out, packet.type, flags, 2 + tail);
    writer.u16(packet.id);
    if (v5) write_tail(writer, packet.reason, packet.properties);
}

void encode(base::OutBuffer& out, ProtocolVersion version, const Subscribe& packet) {
    MQTT_ASSERT(packet.id != 0 && packet.filters.with_options());
    const std::size_t body =
        2 + properties_size(version, packet.properties) + packet.filters.raw().size();
    PacketWriter writer(out, PacketType::subscribe, kRequestFlags, body);
    writer.u16(packet.id);
    write_properties(writer, version, packet.properties);
    write_filters(writer, version, packet.filters);
}

void encode(base::OutBuffer& out, ProtocolVersion version, const Suback& packet) {
    MQTT_ASSERT(packet.id != 0 && !packet.codes.empty());
    const std::size_t body = 2 + properties_size(version, packet.properties) + packet.codes.size();
    PacketWriter writer(out, PacketType::suback, 0, body);
    writer.u16(packet.id);
    write_properties(writer, version, packet.properties);
    for (const std::uint8_t code : packet.codes)
        writer.u8(suback_code(version, code));
}

void encode(base::OutBuffer& out, ProtocolVersion version, const Unsubscribe& packet) {
    MQTT_ASSERT(packet.id != 0 && !packet.filters.with_options());
    const std::size_t body =
        2 + properties_size(version, packet.properties) + packet.filters.raw().size();
    PacketWriter writer(out, PacketType::unsubscribe, kRequestFlags, body);
    writer.u16(packet.id);
    write_properties(writer, version, packet.properties);
    write_filters(writer, version, packet.filters);
}

void encode(base::OutBuffer& out, ProtocolVersion version, const Unsuback& packet) {
    MQTT_ASSERT(packet.id != 0);
    const Bytes codes = version == ProtocolVersion::v5 ? packet.codes : Bytes();
    const std::size_t body = 2 + properties_size(version, packet.properties) + codes.size();
    PacketWriter writer(out, PacketType::unsuback, 0, body);
    writer.u16(packet.id);
    write_properties(writer, version, packet.properties);
    writer.bytes(codes);
}

void encode(base::OutBuffer& out, const Pingreq&) {
    PacketWriter(out, PacketType::pingreq, 0, 0);
}

void encode(base::OutBuffer& out, const Pingresp&) {
    PacketWriter(out, PacketType::pingresp, 0, 0);
}

void encode(base::OutBuffer& out, ProtocolVersion version, const Disconnect& packet) {
    const bool v5 = version == ProtocolVersion::v5;
    MQTT_ASSERT(!v5 || is_allowed(packet.reason, PropertyPlace::disconnect));  // [MQTT-3.14.2-1]
    PacketWriter writer(out, PacketType::disconnect, 0,
                        v5 ? tail_size(packet.reason, packet.properties) : 0);
    if (v5) write_tail(writer, packet.reason, packet.properties);
}

void encode(base::OutBuffer& out, const Auth& packet) {
    MQTT_ASSERT(is_allowed(packet.reason, PropertyPlace::auth));  // [MQTT-3.15.2-1]
    const bool is_empty = packet.reason == ReasonCode::success && packet.properties.empty();
    const std::size_t body =
        is_empty ? 0 : 1 + properties_size(ProtocolVersion::v5, packet.properties);
    PacketWriter writer(out, PacketType::auth, 0, body);
    if (is_empty) return;
    writer.u8(byte(packet.reason));
    write_properties(writer, ProtocolVersion::v5, packet.properties);
}

void encode(base::OutBuffer& out, ProtocolVersion version, const Packet& packet) {
    std::visit(
        [&](const auto& p) {
            // In this order: with a version any of them would convert back to a Packet.
            if constexpr (requires { encode(out, p); }) {
                encode(out, p);
            } else {
                encode(out, version, p);
            }
        },
        packet);
}

}  // namespace mqtt::core
