// Dispatch by packet type, header flags, and the small packets: acknowledgements, pings, DISCONNECT,
// AUTH.
#include "core/decode.hpp"

#include "core/decode_detail.hpp"
#include "core/reason_code.hpp"

namespace mqtt::core {
namespace {

bool are_flags_right(const Frame& frame, ProtocolVersion version) {
    switch (frame.type) {
    case PacketType::pubrel:
    case PacketType::subscribe:
    case PacketType::unsubscribe:
        // 3.1 repeats these packets, with DUP [MQTT31-8].
        if (version == ProtocolVersion::v3_1 && frame.flags == 0x0A) return true;
        // [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]
        // [MQTT311-3.6.1-1] [MQTT311-3.8.1-1] [MQTT311-3.10.1-1]
        return frame.flags == 0x02;
    case PacketType::publish: return true;  // decode_publish looks at them
    default: return frame.flags == 0;       // [MQTT-3.14.1-1] [MQTT-3.15.1-1]
    }
}

template <class T>
Result<Packet> decode_empty(const Frame& frame) {
    if (!frame.body.empty()) return malformed(kTrailingBytes);
    return Packet(T{});
}

Result<Packet> to_packet(Result<Publish> publish) {
    if (!publish) return publish.error();
    return Packet(*publish);
}

}  // namespace

Result<Packet> decode_ack(const Frame& frame, ProtocolVersion version) {
    const PropertyPlace place = ack_place(frame.type);
    Reader reader(frame.body);
    Error error;
    Ack ack;
    ack.type = frame.type;
    ack.id = reader.u16();
    if (version == ProtocolVersion::v5) {  // the tail may be left out
        if (!reader.at_end()) ack.reason = static_cast<ReasonCode>(reader.u8());
        if (!reader.at_end()) ack.properties = read_properties(reader, place, error);
    }
    if (const Error wrong = finish(reader, error)) return wrong;
    if (ack.id == 0) return protocol_error(kZeroPacketId);
    // [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]
    if (!is_allowed(ack.reason, place)) return protocol_error("unknown reason code");
    return Packet(ack);
}

Result<Packet> decode_disconnect(const Frame& frame, ProtocolVersion version) {
    if (version != ProtocolVersion::v5) return decode_empty<Disconnect>(frame);
    Reader reader(frame.body);
    Error error;
    Disconnect disconnect;
    if (!reader.at_end()) disconnect.reason = static_cast<ReasonCode>(reader.u8());
    if (!reader.at_end()) {
        disconnect.properties = read_properties(reader, PropertyPlace::disconnect, error);
    }
    if (const Error wrong = finish(reader, error)) return wrong;
    if (!is_allowed(disconnect.reason, PropertyPlace::disconnect)) {
        return protocol_error("unknown reason code in DISCONNECT");  // [MQTT-3.14.2-1]
    }
    return Packet(disconnect);
}

Result<Packet> decode_auth(const Frame& frame) {
    Auth auth;
    if (frame.body.empty()) return Packet(auth);  // success without properties
    Reader reader(frame.body);
    Error error;
    auth.reason = static_cast<ReasonCode>(reader.u8());
    auth.properties = read_properties(reader, PropertyPlace::auth, error);
    if (const Error wrong = finish(reader, error)) return wrong;
    if (!is_allowed(auth.reason, PropertyPlace::auth)) {
        return protocol_error("unknown reason code in AUTH");  // [MQTT-3.15.2-1]
    }
    return Packet(auth);
}

Result<Packet> decode(const Frame& frame, ProtocolVersion version) {
    // [MQTT-2.1.3-1] [MQTT311-2.2.2-1] [MQTT311-2.2.2-2]
    if (!are_flags_right(frame, version)) return malformed("reserved header flags are wrong");
    switch (frame.type) {
    case PacketType::connect: return decode_connect(frame);
    case PacketType::connack: return decode_connack(frame, version);
    case PacketType::publish: return to_packet(decode_publish(frame, version));
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: return decode_ack(frame, version);
    case PacketType::subscribe: return decode_subscribe(frame, version);
    case PacketType::suback: return decode_suback(frame, version);
    case PacketType::unsubscribe: return decode_unsubscribe(frame, version);
    case PacketType::unsuback: return decode_unsuback(frame, version);
    case PacketType::pingreq: return decode_empty<Pingreq>(frame);
    case PacketType::pingresp: return decode_empty<Pingresp>(frame);
    case PacketType::disconnect: return decode_disconnect(frame, version);
    case PacketType::auth:
        if (version == ProtocolVersion::v5) return decode_auth(frame);
        break;
    }
    return malformed("reserved packet type");
}

}  // namespace mqtt::core
