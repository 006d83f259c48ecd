// Mount points: topics of a listener's clients live below a prefix that they do not see. Used where topics
// come in (publish, wills, subscriptions) and go out.
#pragma once

#include <string>
#include <string_view>

#include "broker/with_topic.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {

// "$share/g/a/#" becomes "$share/g/" + mount + "a/#".
inline std::string mounted_filter(std::string_view mount, std::string_view filter) {
    const auto shared = parse_shared_filter(filter);
    const std::string_view own = shared ? shared->filter : filter;
    std::string out(filter.substr(0, filter.size() - own.size()));
    return out.append(mount).append(own);
}

inline std::string mounted_topic(std::string_view mount, std::string_view topic) {
    return std::string(mount).append(topic);
}

// The message as the client is to see it, also when it is sent again. (When a shared subscription's
// message moves on to another member, Subscriptions::hand_over puts the mount point back.)
inline core::MessageRef unmounted(const core::Message& message, std::string_view topic) {
    return with_topic(message, topic, message.properties());
}

}  // namespace mqtt::broker
