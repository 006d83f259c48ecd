// What cannot be sent now: queueing for a session, what becomes of a message that meets a full queue,
// and sending later.
#include "broker/peer.hpp"
#include "broker/publish.hpp"
#include "broker/shard.hpp"
#include "core/inflight.hpp"

namespace mqtt::broker {

using core::SendStatus;

bool Publisher::is_full(const Session& session, std::size_t more) const {
    const BrokerConfig& config = shard_.config();
    const std::size_t most = config.maximum_queued_messages;
    const std::size_t most_bytes = config.maximum_queued_bytes;
    return (most != 0 && session.queue.count() + (more != 0 ? 1 : 0) > most) ||
           (most_bytes != 0 && session.queue.size_bytes() + more > most_bytes);
}

void Publisher::enqueue(Delivery& delivery, Session& session, const Wish& wish, QoS qos) {
    const std::size_t size = message(delivery)->size_bytes();
    if (is_full(session, size) && !make_room(delivery, session, size)) {
        return drop_for(session);
    }
    QueuedMessage queued = queueable(delivery, wish, qos);
    queued.token = shard_.journal.add(session, delivery.stored, queued);
    shard_.spill.on_queue(queued);
    shard_.spill.push(session, std::move(queued));
    ++shard_.counters.queued_messages;
    shard_.counters.queued_bytes += size;
    if (session.is_bridge) shard_.bridges.of(session).pump();
}

QueuedMessage Publisher::queueable(Delivery& delivery, const Wish& wish, QoS qos) {
    QueuedMessage queued;
    queued.message = message(delivery);
    queued.qos = qos;
    queued.retain = wish.retain;
    queued.token = DeliveryToken(wish.shared_tag);
    if (wish.ids.size() == 1)
        queued.subscription_id = wish.ids.front();
    else if (!wish.ids.empty())
        queued.subscription_ids = core::SubscriptionIds::create(wish.ids);
    return queued;
}

// False: the message is dropped.
bool Publisher::make_room(const Delivery& delivery, Session& session, std::size_t size) {
    switch (shard_.config().queue_overflow) {
    case QueueOverflow::newest: return false;
    case QueueOverflow::oldest:
        while (!session.queue.empty() && is_full(session, size)) {
            drop_first(session);
            drop_for(session);
        }
        return !is_full(session, size);
    case QueueOverflow::disconnect:
        if (session.is_online()) shard_.peers.end_later(*session.peer);
        return false;
    case QueueOverflow::block:
        // A client that waits for itself would wait for ever.
        if (!session.is_online() || session.number == delivery.publication.publisher) return false;
        if (overfilled_ == nullptr) overfilled_ = &session;
        return true;
    }
    return false;
}

void Publisher::drop_for(Session& session) {
    ++shard_.counters.dropped_queue_full;
    tell_drop(session);
}

void Publisher::tell_drop(Session& session) {
    if (session.dropped++ == 0) shard_.log.drops_begin(session.client_id());
}

void Publisher::pop(Session& session) {
    const QueuedMessage& first = session.queue.front();
    const std::size_t size = first.size_bytes();
    shard_.counters.queued_bytes -= size;
    if (first.is_on_disk()) shard_.counters.queued_bytes_on_disk -= size;
    --shard_.counters.queued_messages;
    session.queue.pop();
    shard_.spill.refill(session);
}

// Its size is asked of its entry in the store, which ends after it.
void Publisher::drop_first(Session& session) {
    const DeliveryToken token = session.queue.front().token;
    pop(session);
    shard_.journal.done(token);
}

void Publisher::clear_queue(Session& session) {
    while (session.is_stored && !session.queue.empty())
        drop_first(session);
    shard_.counters.queued_messages -= session.queue.count();
    shard_.counters.queued_bytes -= session.queue.size_bytes();
    session.queue.clear();
    shard_.held_acks.release(session);
}

void Publisher::throw_away(Session& session) {
    if (session.queue.empty()) return;
    shard_.counters.dropped_queue_full += session.queue.count();
    tell_drop(session);
    clear_queue(session);
}

void Publisher::drain(Session& session) {
    Peer* peer = session.peer;
    const TimePoint now = shard_.now();
    while (peer != nullptr && !session.queue.empty() && peer->has_room()) {
        QueuedMessage& queued = session.queue.front();
        if (queued.is_on_disk()) {
            shard_.spill.fetch(session);
            break;
        }
        const core::Message& message = *queued.message;
        SendStatus status = SendStatus::sent;
        const bool expired = message.expired(now);
        if (expired) {  // [MQTT-3.3.2-5]
            ++shard_.counters.messages_expired;
        } else {
            status = peer->send_queued(queued, now);
        }
        if (status == SendStatus::too_large) {
            ++shard_.counters.dropped_too_large;
            tell_drop(session);
        } else if (status != SendStatus::sent) {
            break;
        }
        // What expired, was too large, or had no exchange to follow ends here.
        const bool is_under_way = status == SendStatus::sent && !expired &&
                                  session.queue.front().qos != QoS::at_most_once;
        if (!is_under_way) shard_.journal.done(session.queue.front().token);
        pop(session);
    }
    if (!is_full(session, 0)) shard_.held_acks.release(session);
    shard_.subscriptions.tell_readiness(session);
}

}  // namespace mqtt::broker
