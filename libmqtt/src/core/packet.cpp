// Names of packets, and the builder of filter lists.
#include "mqtt/packet.hpp"

#include <array>

#include "base/assert.hpp"
#include "core/subscription_options.hpp"
#include "mqtt/topic.hpp"

namespace mqtt {

std::string_view packet_name(PacketType type) {
    constexpr std::array<std::string_view, 16> kNames{
        "reserved", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
        "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
        "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH"};
    return kNames[static_cast<std::size_t>(type) & 0x0F];
}

FilterListBuilder& FilterListBuilder::add(std::string_view filter, SubscriptionOptions options) {
    MQTT_ASSERT(validate_topic_filter(filter).ok());
    raw_.push_back(static_cast<std::uint8_t>(filter.size() >> 8));
    raw_.push_back(static_cast<std::uint8_t>(filter.size()));
    raw_.insert(raw_.end(), filter.begin(), filter.end());
    if (with_options_) raw_.push_back(core::pack_options(options));
    ++count_;
    return *this;
}

}  // namespace mqtt
