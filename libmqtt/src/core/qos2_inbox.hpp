// Packet ids of QoS 2 messages received and not yet released: what makes delivery exactly once.
// Part of Session; a sorted small vector that is not there while empty. At most 65,535 ids.
#pragma once

#include <cstdint>
#include <vector>

#include "mqtt/types.hpp"

namespace mqtt::core {

class Qos2Inbox {
public:
    bool insert(PacketId id);  // false: already there, a duplicate [MQTT-4.3.3-10]
    bool erase(PacketId id);   // false: unknown
    bool contains(PacketId id) const;
    std::size_t count() const { return ids_.size(); }
    void clear() { ids_.clear(); }
    const std::vector<PacketId>& ids() const { return ids_; }

private:
    std::vector<PacketId> ids_;
};

}  // namespace mqtt::core
