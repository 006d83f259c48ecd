// A message under another topic: below a mount point, and on the other side of a bridge.
#pragma once

#include "core/message.hpp"

namespace mqtt::broker {

inline core::MessageRef with_topic(const core::Message& message, std::string_view topic,
                                   Properties properties) {
    core::Message::Init init;
    init.topic = topic;
    init.properties = properties;
    init.payload = message.payload();
    init.qos = message.qos();
    init.retain = message.retain();
    init.expires_at = message.expires_at();
    init.publisher = message.publisher();
    return core::Message::create(init);
}

}  // namespace mqtt::broker
