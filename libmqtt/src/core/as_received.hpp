// A PUBLISH of QoS 0 is the same bytes going out as coming in, unless something of it is the hop's own. Used
// by the broker, which then copies the packet in place of encoding it.
#pragma once

#include "core/varint.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::core {

// The whole packet that `publish` was decoded from and points into; empty when its parts do not lie there
// one behind the other (its topic came from an alias, a property was taken out, a prefix was put in front),
// or when it is not QoS 0 without flags.
inline Bytes as_received(const Publish& publish, ProtocolVersion version) {
    if (publish.qos != QoS::at_most_once || publish.retain || publish.topic.empty()) return {};
    const auto* const topic = reinterpret_cast<const std::uint8_t*>(publish.topic.data());
    const std::uint8_t* at = topic + publish.topic.size();
    if (has_properties(version)) {
        const Bytes raw = publish.properties.raw();
        at += varint_size(static_cast<std::uint32_t>(raw.size()));
        if (!raw.empty() && raw.data() != at) return {};
        at += raw.size();
    }
    if (at != publish.payload.data()) return {};
    const std::size_t body = 2 + static_cast<std::size_t>(at - topic) + publish.payload.size();
    const std::size_t header = 1 + varint_size(static_cast<std::uint32_t>(body));
    return {topic - 2 - header, header + body};
}

}  // namespace mqtt::core
