// From CONNECT's will to a message, and from there to a publication.
#include "broker/wills.hpp"

#include "broker/shard.hpp"

namespace mqtt::broker {
namespace {

// What belongs to the will itself is cut out; the rest travels with the message [MQTT-3.1.3.2].
PropertyList forwardable(Properties of_will) {
    PropertyList list;
    for (const PropertyView& property : of_will) {
        switch (property.info->id) {
        case PropertyId::will_delay_interval:
        case PropertyId::message_expiry_interval: break;
        case PropertyId::user_property: list.add_user(property.name, property.text); break;
        case PropertyId::payload_format_indicator:
            list.add(property.info->id, property.number);
            break;
        default: list.add(property.info->id, property.text); break;
        }
    }
    return list;
}

}  // namespace

std::unique_ptr<WillMessage> Wills::make(const WillView& will) const {
    const PropertyList properties = forwardable(will.properties);
    core::Message::Init init;
    init.topic = will.topic;
    init.properties = properties.view();
    init.payload = will.payload;
    init.qos = will.qos;
    init.retain = will.retain;
    auto message = std::make_unique<WillMessage>();
    message->message = core::Message::create(init);
    message->expiry_interval = will.properties.number(PropertyId::message_expiry_interval);
    message->delay = will.properties.number_or(PropertyId::will_delay_interval, 0);
    return message;
}

void Wills::publish(const WillMessage& will, const Session& session) {
    const core::Message& message = *will.message;
    Publication publication;
    publication.topic = message.topic();
    publication.properties = message.properties();
    publication.payload = message.payload();
    publication.qos = message.qos();
    publication.retain = message.retain();  // [MQTT-3.1.2-14] [MQTT-3.1.2-15] [MQTT311-3.1.2-16]
                                            // [MQTT311-3.1.2-17]
    publication.publisher = session.number;
    if (will.expiry_interval) {
        publication.expires_at = shard_.now() + std::chrono::seconds(*will.expiry_interval);
    }
    shard_.publisher.publish(publication, &session);
}

}  // namespace mqtt::broker
