// PUBLISH, the one packet whose speed matters.
#include "core/decode_detail.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::core {
namespace {

constexpr std::uint8_t kRetain = 0x01;
constexpr std::uint8_t kDup = 0x08;

// A topic that is empty, not plain ASCII, or wrong.
Error check_topic(std::string_view topic) {
    if (!is_valid_utf8(topic)) {
        return malformed(Reader::kNotUtf8);  // [MQTT-3.3.2-1] [MQTT311-3.3.2-1]
    }
    if (!topic.empty() && !has_wildcard(topic)) return {};
    return validate_topic_name(topic).error();  // [MQTT-3.3.2-2] [MQTT311-3.3.2-2]
}

Error check_flags(std::uint8_t flags, ProtocolVersion version) {
    const int qos = flags >> 1 & 3;
    if (qos == 3) return malformed("QoS is 3");  // [MQTT-3.3.1-4] [MQTT311-3.3.1-4]
    // 3.1 says that DUP has no meaning at QoS 0.
    if (qos == 0 && (flags & kDup) != 0 && version != ProtocolVersion::v3_1) {
        return malformed("DUP is set at QoS 0");  // [MQTT-3.3.1-2] [MQTT311-3.3.1-2]
    }
    return {};
}

// Nearly every PUBLISH has no properties, or an alias alone.
bool read_usual_properties(Reader& reader, Publish& publish) {
    const Bytes rest(reader.position(), reader.remaining());
    if (rest.empty()) return false;
    if (rest[0] == 0) return reader.u8(), true;
    if (rest[0] != 3 || rest.size() < 4 || only_topic_alias(rest.subspan(1, 3)) == 0) return false;
    publish.properties = Properties(rest.subspan(1, 3));
    reader.bytes(4);
    return true;
}

// Fills `publish` in place: a value that is moved afterwards costs as much as the decoding.
Error parse(const Frame& frame, ProtocolVersion version, Publish& publish) {
    if (const Error error = check_flags(frame.flags, version)) return error;
    Reader reader(frame.body);
    publish.qos = static_cast<QoS>(frame.flags >> 1 & 3);
    publish.retain = (frame.flags & kRetain) != 0;
    publish.dup = (frame.flags & kDup) != 0 && publish.qos != QoS::at_most_once;
    publish.topic = reader.raw_text();
    if (publish.qos != QoS::at_most_once) {
        publish.id = reader.u16();
        // [MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT311-2.3.1-1]
        if (publish.id == 0 && reader.ok()) return protocol_error(kZeroPacketId);
    }
    if (has_properties(version) && !read_usual_properties(reader, publish)) {
        Error error;
        publish.properties = read_properties(reader, PropertyPlace::publish, error);
        if (error) return error;
    }
    if (!reader.ok()) return reader.error();
    publish.payload = reader.rest();
    if (publish.topic.empty() && has_properties(version)) {
        if (only_topic_alias(publish.properties.raw()) != 0) return {};
        if (publish.properties.number(PropertyId::topic_alias)) return {};
        return protocol_error("PUBLISH with neither topic nor topic alias");
    }
    if (!publish.topic.empty() && is_plain_ascii<true>(publish.topic)) return {};
    return check_topic(publish.topic);
}

}  // namespace

Result<Publish> decode_publish(const Frame& frame, ProtocolVersion version) {
    Result<Publish> result{Publish()};
    if (const Error error = parse(frame, version, *result)) result = error;
    return result;
}

}  // namespace mqtt::core
