// Messages of shared subscriptions: which member gets one, and what becomes of those that a member
// leaves unfinished.
#include "broker/peer.hpp"
#include "broker/publish.hpp"
#include "broker/rights.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {

using core::InflightEntry;
using core::InflightState;

Readiness Publisher::readiness(const Session& session) const {
    if (!session.is_online()) return is_full(session, 1) ? Readiness::full : Readiness::away;
    const Peer& peer = *session.peer;
    if (session.queue.empty() && peer.has_room() && peer.has_send_quota()) return Readiness::ready;
    return is_full(session, 1) ? Readiness::full : Readiness::busy;
}

Readiness Publisher::readiness(const Member& member, const Publication& publication) const {
    const bool keeps = delivered_qos(publication.qos, member.options.qos) != QoS::at_most_once ||
                       shard_.config().queue_qos0_offline;
    if (member.session == nullptr) {
        if (member.identity && !is_allowed(shard_.config(), member.client_id, member.identity.get(),
                                           Access::deliver, publication.topic)) {
            return Readiness::cannot;
        }
        return member.told == Readiness::away && !keeps ? Readiness::cannot : member.told;
    }
    const Session& session = *member.session;
    if (!is_allowed(shard_.config(), session, Access::deliver, publication.topic)) {
        return Readiness::cannot;
    }
    if (keeps) return readiness(session);
    if (!session.is_online()) return Readiness::cannot;
    return session.peer->has_room() ? Readiness::ready : Readiness::full;
}

// The next in turn among those who can take it best.
void Publisher::to_group(Delivery& delivery, SharedGroup& group) {
    const Publication& publication = delivery.publication;
    Member* member = group.pick([&](const Member& m) { return readiness(m, publication); });
    if (member == nullptr) return;
    ++delivery.receivers;
    if (member->session == nullptr) return shard_.mail.send_to_member(*member, publication);
    const std::span<const std::uint32_t> id(&member->id, member->id == 0 ? 0 : 1);
    const Wish wish{member->options.qos, publication.retain && member->options.retain_as_published,
                    id, member->tag};
    to_session(delivery, *member->session, wish);  // [MQTT-4.8.2-3]
}

void Publisher::to_group(std::string_view shared_filter, const Publication& publication,
                         core::MessageRef message) {
    SharedGroup* group = shard_.subscriptions.find_group(shared_filter);
    if (group == nullptr) return;  // its last member has left
    Delivery delivery{publication, std::move(message)};
    to_group(delivery, *group);
}

void Publisher::deliver_to_member(const Publication& publication, const Chosen& chosen) {
    Session* session = shard_.sessions.find(chosen.session);
    const Membership* membership = session == nullptr ? nullptr : session->memberships;
    while (membership != nullptr && membership->tag != chosen.tag)
        membership = membership->next_of_session;
    if (membership == nullptr)
        return shard_.subscriptions.give_back(chosen.session, chosen.tag, publication);
    shard_.subscriptions.tell_readiness(*session);
    const bool keeps = delivered_qos(publication.qos, chosen.options.qos) != QoS::at_most_once;
    const Readiness now = membership->told;
    const bool is_for_another = now == Readiness::away || (now == Readiness::full && keeps);
    if (is_for_another && chosen.believed < now) {
        // The owner knows better by the time this arrives.
        return shard_.mail.send_to_group(membership->owner, membership->filter, publication);
    }
    Delivery delivery{publication};
    const Wish wish{chosen.options.qos,
                    publication.retain && chosen.options.retain_as_published,
                    {&chosen.id, chosen.id == 0 ? 0u : 1u},
                    chosen.tag};
    to_session(delivery, *session, wish);
    shard_.subscriptions.tell_readiness(*session);
}

std::vector<core::MessageRef> Publisher::take_sent(Session& session, std::uint32_t tag) {
    std::vector<core::MessageRef> taken;
    // While there is a connection, what was sent there is finished there. [MQTT-3.10.4-3]
    if (session.is_online()) return taken;
    const auto is_movable = [tag](const InflightEntry& entry) {
        return DeliveryToken::from(entry.token).shared_tag() == tag &&
               entry.state == InflightState::await_puback && entry.message;
    };
    core::Inflight& sent = session.exchange.outgoing;
    sent.for_each([&](PacketId, InflightEntry& entry) {
        if (!is_movable(entry)) return;
        taken.push_back(entry.message);
        shard_.journal.done(DeliveryToken::from(entry.token));
        entry.token = DeliveryToken(tag).bits();
    });
    sent.remove_if(is_movable);
    return taken;
}

}  // namespace mqtt::broker
