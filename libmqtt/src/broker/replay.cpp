// One retained message at a time, copied while the store is locked.
#include "broker/replay.hpp"

#include "broker/peer.hpp"
#include "broker/rights.hpp"
#include "broker/shard.hpp"
#include "core/encode.hpp"

namespace mqtt::broker {
namespace {

core::MessageRef copy(const core::Message& message) {
    core::Message::Init init;
    init.topic = message.topic();
    init.properties = message.properties();
    init.payload = message.payload();
    init.qos = message.qos();
    init.retain = true;
    init.expires_at = message.expires_at();
    return core::Message::create(init);
}

// In flight, as any other message: the receiver may rely on its packet id. [MQTT-4.4.0-1]
DeliveryToken recorded(Shard& shard, const Session& session, std::uint32_t subscription_id,
                       const core::MessageRef& message, QoS qos) {
    QueuedMessage queued;
    queued.message = message;
    queued.subscription_id = subscription_id;
    queued.qos = qos;
    queued.retain = true;
    StoredMessageRef stored;
    return shard.journal.add(session, stored, queued);
}

}  // namespace

void Replays::add(Shard& shard, const ReplayRequest& request) {
    replays_.push_back(std::make_unique<Replay>(shard.retained, request));
}

bool Replays::run(Shard& shard, Peer& peer) {
    while (!replays_.empty()) {
        Replay& replay = *replays_.front();
        const bool done = replay.cursor.run(shard.now(), [&](const core::Message& message) {
            return send(shard, peer, replay, message);
        });
        if (!done) return false;
        replays_.erase(replays_.begin());
    }
    return true;
}

// False: not now.
bool Replays::send(Shard& shard, Peer& peer, const Replay& replay, const core::Message& message) {
    if (!peer.has_room() || peer.is_blocked() || shard.is_turn_full()) return false;
    if (!is_allowed(shard.config(), *peer.session(), Access::deliver, message.topic())) return true;
    if (!is_source_allowed(shard.config(), shard.retained.sources(), message)) return true;
    const QoS qos = shard.publisher.delivered_qos(message.qos(), replay.options.qos);
    core::OutgoingPublish out;
    out.topic = message.topic();
    out.properties = message.properties();
    out.payload = message.payload();
    out.qos = qos;
    out.retain = true;  // [MQTT-3.3.1-8] [MQTT311-3.3.1-8]
    out.message_expiry_interval = core::remaining_expiry(message.expires_at(), shard.now());
    const std::uint32_t id = replay.id;
    if (id != 0) out.subscription_ids = {&id, 1};
    core::MessageRef keep;
    DeliveryToken token;
    if (qos != QoS::at_most_once && !peer.session()->ends_with_connection()) {
        keep = copy(message);
        token = recorded(shard, *peer.session(), id, keep, qos);
    }
    const core::SendStatus status = peer.send(out, keep, token);
    if (status != core::SendStatus::sent) shard.journal.done(token);
    switch (status) {
    case core::SendStatus::no_quota: return false;
    case core::SendStatus::too_large: ++shard.counters.dropped_too_large; return true;
    default: return true;
    }
}

}  // namespace mqtt::broker
