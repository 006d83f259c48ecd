// Withholding and giving.
#include "broker/held_acks.hpp"

#include "broker/shard.hpp"

namespace mqtt::broker {

void HeldAcks::hold(const Session& full, std::string_view publisher, PacketId id) {
    held_[&full].push_back({std::string(publisher), id});
    shard_.hit(Limit::queue_blocks, full.client_id());
}

void HeldAcks::release(const Session& full) {
    if (held_.empty()) return;
    const auto entry = held_.extract(&full);
    if (entry.empty()) return;
    for (const Held& held : entry.mapped()) {
        const Session* publisher = shard_.sessions.find(held.publisher);
        if (publisher == nullptr) continue;
        if (publisher->is_bridge) shard_.bridges.of(*publisher).acknowledge(held.id);
        if (publisher->is_online()) publisher->peer->acknowledge(held.id);
    }
}

}  // namespace mqtt::broker
