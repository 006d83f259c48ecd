// CONNECT and CONNACK.
#include <algorithm>

#include "core/decode_detail.hpp"
#include "core/reason_code.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::core {
namespace {

constexpr std::uint8_t kReserved = 0x01;
constexpr std::uint8_t kCleanStart = 0x02;
constexpr std::uint8_t kWill = 0x04;
constexpr std::uint8_t kWillRetain = 0x20;
constexpr std::uint8_t kPassword = 0x40;
constexpr std::uint8_t kUserName = 0x80;
constexpr std::uint8_t kBridge = 0x80;  // of the level byte: mosquitto's bridges set it

constexpr int will_qos(std::uint8_t flags) {
    return flags >> 3 & 3;
}

std::optional<ProtocolVersion> find_version(std::string_view name, std::uint8_t level) {
    if (name == "MQIsdp" && level == 3) return ProtocolVersion::v3_1;
    if (name == "MQTT" && level == 4) return ProtocolVersion::v3_1_1;
    if (name == "MQTT" && level == 5) return ProtocolVersion::v5;
    return std::nullopt;
}

Error unsupported(std::string_view name) {
    const bool is_known = name == "MQTT" || name == "MQIsdp";
    return {Errc::unsupported_protocol_version,
            is_known ? "protocol level is not supported" : "unknown protocol name"};
}

Error check_connect_flags(std::uint8_t flags, ProtocolVersion version) {
    const bool has_will = (flags & kWill) != 0;
    if (has_will && will_qos(flags) == 3) {
        return malformed("will QoS is 3");  // [MQTT-3.1.2-12] [MQTT311-3.1.2-14]
    }
    if (version != ProtocolVersion::v5 && (flags & (kUserName | kPassword)) == kPassword) {
        return malformed("password without user name");  // [MQTT311-3.1.2-22]
    }
    if (version == ProtocolVersion::v3_1) return {};  // which disregards the bits that are unused
    if ((flags & kReserved) != 0) {
        return malformed("reserved connect flag is set");  // [MQTT-3.1.2-3] [MQTT311-3.1.2-3]
    }
    if (!has_will && will_qos(flags) != 0) {
        return malformed("will QoS without will");  // [MQTT-3.1.2-11] [MQTT311-3.1.2-13]
    }
    if (!has_will && (flags & kWillRetain) != 0) {
        return malformed("will retain without will");  // [MQTT-3.1.2-13] [MQTT311-3.1.2-15]
    }
    return {};
}

// [MQTT-3.1.2-9] [MQTT311-3.1.2-9]
WillView read_will(Reader& reader, std::uint8_t flags, ProtocolVersion version, Error& error) {
    WillView will;
    will.qos = static_cast<QoS>(will_qos(flags));
    will.retain = (flags & kWillRetain) != 0;
    will.properties = read_properties(reader, version, PropertyPlace::will, error);
    will.topic = reader.text();  // [MQTT-3.1.3-11] [MQTT311-3.1.3-10]
    if (reader.ok() && !error) error = validate_topic_name(will.topic).error();
    will.payload = reader.binary();
    return will;
}

// [MQTT-3.1.2-16, MQTT-3.1.2-17, MQTT-3.1.2-18, MQTT-3.1.2-19]
// [MQTT311-3.1.2-18, MQTT311-3.1.2-19, MQTT311-3.1.2-20, MQTT311-3.1.2-21]. In 3.1 the remaining length overrules the flags: user
// name and password may be missing although announced [MQTT31-9].
void read_credentials(Reader& reader, std::uint8_t flags, Connect& connect) {
    const auto follows = [&](std::uint8_t flag) {
        if ((flags & flag) == 0) return false;
        return !(connect.version == ProtocolVersion::v3_1 && reader.ok() && reader.at_end());
    };
    if (follows(kUserName))
        connect.user_name = reader.text();  // [MQTT-3.1.3-12] [MQTT311-3.1.3-11]
    if (follows(kPassword)) connect.password = reader.binary();
}

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

Error check_client_id(const Connect& connect) {
    const std::string_view id = connect.client_id;
    const auto refuse = [](std::string_view why) {
        return Error(Errc::client_identifier_not_valid, why);
    };
    switch (connect.version) {
    case ProtocolVersion::v3_1:
        if (id.empty()) return refuse("client identifier is empty");  // [MQTT31-5]
        if (id.size() > 23 && count_characters(id) > 23) {            // [MQTT31-4]
            return refuse("client identifier has more than 23 characters");
        }
        break;
    case ProtocolVersion::v3_1_1:  // [MQTT311-3.1.3-7] [MQTT311-3.1.3-8]
        if (id.empty() && !connect.clean_start) {
            return refuse("client identifier is empty without clean session");
        }
        break;
    case ProtocolVersion::v5: break;
    }
    return {};
}

}  // namespace

Result<Packet> decode_connect(const Frame& frame) {
    Reader reader(frame.body);
    const std::string_view name = reader.text();
    const std::uint8_t level = reader.u8();
    if (!reader.ok()) return reader.error();
    // [MQTT-3.1.2-1] [MQTT-3.1.2-2] [MQTT311-3.1.2-1] [MQTT311-3.1.2-2]
    const auto version = find_version(name, level & ~kBridge);
    if (!version) return unsupported(name);
    const std::uint8_t flags = reader.u8();
    if (!reader.ok()) return reader.error();
    if (const Error error = check_connect_flags(flags, *version)) return error;

    Connect connect;
    Error error;
    connect.version = *version;
    connect.bridge = (level & kBridge) != 0;
    connect.clean_start = (flags & kCleanStart) != 0;
    connect.keep_alive = reader.u16();
    connect.properties = read_properties(reader, *version, PropertyPlace::connect, error);
    if (error) return error;
    // [MQTT-3.1.3-1, MQTT-3.1.3-3, MQTT-3.1.3-4] [MQTT311-3.1.3-1, MQTT311-3.1.3-3, MQTT311-3.1.3-4]
    connect.client_id = reader.text();
    if ((flags & kWill) != 0) connect.will = read_will(reader, flags, *version, error);
    read_credentials(reader, flags, connect);
    if (const Error wrong = finish(reader, error)) return wrong;
    if (const Error refused = check_client_id(connect)) return refused;
    return Packet(connect);
}

ProtocolVersion refusal_version(const Frame& connect) {
    Reader reader(connect.body);
    reader.raw_text();
    const int level = reader.u8() & ~kBridge;
    if (level >= 5) return ProtocolVersion::v5;
    return level == 3 ? ProtocolVersion::v3_1 : ProtocolVersion::v3_1_1;
}

Result<Packet> decode_connack(const Frame& frame, ProtocolVersion version) {
    Reader reader(frame.body);
    Connack connack;
    Error error;
    const std::uint8_t flags = reader.u8();
    const std::uint8_t code = reader.u8();
    connack.properties = read_properties(reader, version, PropertyPlace::connack, error);
    if (const Error wrong = finish(reader, error)) return wrong;
    if (version != ProtocolVersion::v3_1) {  // where the byte is unused
        if (flags > 1) return malformed("reserved acknowledge flag is set");  // [MQTT-3.2.2-1]
        connack.session_present = flags == 1;
    }
    if (version == ProtocolVersion::v5) {
        connack.reason = static_cast<ReasonCode>(code);
        if (!is_allowed(connack.reason, PropertyPlace::connack)) {
            return protocol_error("unknown reason code in CONNACK");  // [MQTT-3.2.2-8]
        }
    } else {
        const auto reason = from_connack_v3(code);
        if (!reason) return protocol_error("reserved return code in CONNACK");
        connack.reason = *reason;
    }
    if (connack.session_present && connack.reason != ReasonCode::success) {
        // [MQTT-3.2.2-6] [MQTT311-3.2.2-4]
        return protocol_error("session present in a refusing CONNACK");
    }
    return Packet(connack);
}

}  // namespace mqtt::core
