// PUBLISH as it is, and as one receiver gets it. Sizes first, then one pass of writing.
#include "core/encode_detail.hpp"

namespace mqtt::core {
namespace {

template <class P>
std::uint8_t publish_flags(const P& publish) {
    return static_cast<std::uint8_t>((publish.dup ? 0x08u : 0u) |
                                     static_cast<unsigned>(publish.qos) << 1 |
                                     (publish.retain ? 0x01u : 0u));
}

template <class P>
void assert_valid([[maybe_unused]] const P& publish) {
    MQTT_ASSERT((publish.id == 0) == (publish.qos == QoS::at_most_once));  // [MQTT-2.2.1-2]
    MQTT_ASSERT(!publish.dup || publish.qos != QoS::at_most_once);         // [MQTT-3.3.1-2]
    MQTT_ASSERT(publish.topic.size() <= 0xFFFF);
}

// Bytes of the properties that are written for this receiver alone.
std::size_t own_properties_size(const OutgoingPublish& publish) {
    std::size_t size = 0;
    if (publish.topic_alias != 0) size += 3;
    if (publish.message_expiry_interval) size += 5;
    for (const std::uint32_t id : publish.subscription_ids)
        size += 1 + varint_size(id);
    return size;
}

void write_own_properties(Writer& writer, const OutgoingPublish& publish) {
    const auto id = [&](PropertyId name) { writer.u8(static_cast<std::uint8_t>(name)); };
    if (publish.topic_alias != 0) {
        id(PropertyId::topic_alias);
        writer.u16(publish.topic_alias);
    }
    if (publish.message_expiry_interval) {
        id(PropertyId::message_expiry_interval);
        writer.u32(*publish.message_expiry_interval);
    }
    for (const std::uint32_t subscription_id : publish.subscription_ids) {
        id(PropertyId::subscription_identifier);
        writer.varint(subscription_id);
    }
}

struct Sizes {
    std::size_t properties = 0;  // without their length
    std::size_t body = 0;
};

Sizes measure(ProtocolVersion version, const OutgoingPublish& publish) {
    Sizes sizes;
    sizes.body = text_size(publish.omit_topic ? 0 : publish.topic.size()) + publish.payload.size();
    if (publish.qos != QoS::at_most_once) sizes.body += 2;
    if (has_properties(version)) {
        sizes.properties = publish.properties.raw().size() + own_properties_size(publish);
        sizes.body += varint_size(static_cast<std::uint32_t>(sizes.properties)) + sizes.properties;
    }
    return sizes;
}

}  // namespace

void encode(base::OutBuffer& out, ProtocolVersion version, const Publish& packet) {
    assert_valid(packet);
    const std::size_t id_size = packet.qos == QoS::at_most_once ? 0 : 2;
    const std::size_t body = text_size(packet.topic.size()) + id_size +
                             properties_size(version, packet.properties) + packet.payload.size();
    PacketWriter writer(out, PacketType::publish, publish_flags(packet), body);
    writer.text(packet.topic);
    if (id_size != 0) writer.u16(packet.id);
    write_properties(writer, version, packet.properties);
    writer.bytes(packet.payload);
}

std::size_t encoded_size(ProtocolVersion version, const OutgoingPublish& publish) {
    return packet_size(measure(version, publish).body);
}

void encode(base::OutBuffer& out, ProtocolVersion version, const OutgoingPublish& publish) {
    assert_valid(publish);
    MQTT_ASSERT(!publish.omit_topic || publish.topic_alias != 0);
    MQTT_ASSERT(has_properties(version) || publish.topic_alias == 0);
    const Sizes sizes = measure(version, publish);
    const bool by_reference = publish.owner && publish.payload.size() >= kReferenceFrom;
    const std::size_t referenced = by_reference ? publish.payload.size() : 0;
    {
        PacketWriter writer(out, PacketType::publish, publish_flags(publish), sizes.body,
                            referenced);
        writer.text(publish.omit_topic ? std::string_view() : publish.topic);
        if (publish.qos != QoS::at_most_once) writer.u16(publish.id);
        if (has_properties(version)) {
            writer.varint(static_cast<std::uint32_t>(sizes.properties));
            write_own_properties(writer, publish);
            writer.bytes(publish.properties.raw());  // [MQTT-3.3.2-17] [MQTT-3.3.2-18]
        }
        if (!by_reference) writer.bytes(publish.payload);
    }
    if (by_reference) out.append_reference(publish.payload, publish.owner);
}

}  // namespace mqtt::core
