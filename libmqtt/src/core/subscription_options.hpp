// The options byte of a subscription: 2 bits QoS, No Local, Retain As Published, 2 bits Retain
// Handling. Used by decode, encode and the filter list.
#pragma once

#include "mqtt/packet.hpp"

namespace mqtt::core {

constexpr std::uint8_t pack_options(SubscriptionOptions options) {
    return static_cast<std::uint8_t>(static_cast<unsigned>(options.qos) |
                                     (options.no_local ? 0x04u : 0u) |
                                     (options.retain_as_published ? 0x08u : 0u) |
                                     static_cast<unsigned>(options.retain_handling) << 4);
}

constexpr SubscriptionOptions unpack_options(std::uint8_t byte) {
    SubscriptionOptions options;
    options.qos = static_cast<QoS>(byte & 3);
    options.no_local = (byte & 0x04) != 0;
    options.retain_as_published = (byte & 0x08) != 0;
    options.retain_handling = static_cast<RetainHandling>(byte >> 4 & 3);
    return options;
}

}  // namespace mqtt::core
