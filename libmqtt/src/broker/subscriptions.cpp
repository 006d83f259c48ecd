// Changes of the tree, each told to the match cache, and to the other shards when a filter gets its
// first subscriber here or loses its last.
#include "broker/subscriptions.hpp"

#include "broker/hash.hpp"
#include "broker/mount.hpp"
#include "broker/session.hpp"
#include "broker/shard.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {
namespace {

// What was sent below a mount point is kept without it (see mount.hpp): the topic as the group has it,
// or nothing when it is whole.
std::string topic_before_unmounting(const BrokerConfig& config, std::string_view shared_filter,
                                    std::string_view topic) {
    const std::string_view filter = parse_shared_filter(shared_filter)->filter;
    for (const ListenerConfig& listener : config.listeners) {
        const std::string& mount = listener.mount_point;
        if (mount.empty() || !filter.starts_with(mount) || topic_matches(filter, topic)) continue;
        std::string whole = mounted_topic(mount, topic);
        if (topic_matches(filter, whole)) return whole;
    }
    return {};
}

}  // namespace

Subscriptions::Subscriptions(Shard& shard)
    : cache_(tree_, shard.config().match_cache_bytes)
    , shard_(shard) {
    for (unsigned i = 0; i < shard.config().threads; ++i) {
        remote_.push_back(std::make_unique<RemoteShard>(i));
    }
}

Subscriptions::~Subscriptions() = default;

bool Subscriptions::add(Session& session, std::string_view filter, SubscriptionOptions options,
                        std::uint32_t id, std::uint32_t shared_tag) {
    if (parse_shared_filter(filter)) return add_shared(session, filter, options, id, shared_tag);
    const TopicTree::Added result = tree_.add(filter, session, options, id);
    added(filter, *result.subscription, result.is_new);
    return result.is_new;
}

void Subscriptions::added(std::string_view filter, const Subscription& subscription, bool is_new) {
    cache_.changed(filter);
    if (is_new && subscription.node->local_count() == 1) shard_.interest.announce(filter, true);
}

void Subscriptions::remove(Subscription& subscription, std::string_view filter) {
    const bool last = subscription.node->local_count() == 1;
    tree_.remove(subscription);
    cache_.changed(filter);
    if (last) shard_.interest.announce(filter, false);
}

bool Subscriptions::remove(Session& session, std::string_view filter) {
    if (parse_shared_filter(filter)) {
        Membership* membership = find_membership(session, filter);
        if (membership == nullptr) return false;
        leave(*membership);
        return true;
    }
    Subscription* subscription = tree_.find(filter, session);
    if (subscription == nullptr) return false;
    remove(*subscription, filter);
    return true;
}

void Subscriptions::remove_all(Session& session) {
    while (session.subscriptions != nullptr) {
        Subscription& subscription = *session.subscriptions;
        remove(subscription, TopicTree::filter_of(*subscription.node));
    }
    while (session.memberships != nullptr)
        leave(*session.memberships);
}

// The session's side of shared subscriptions.

unsigned Subscriptions::owner_of(std::string_view shared_filter) const {
    const std::uint64_t hash = hash_bytes(group_key(shared_filter), hash_seed());
    return static_cast<unsigned>((hash >> 32) % remote_.size());
}

Membership* Subscriptions::find_membership(const Session& session, std::string_view filter) {
    Membership* membership = session.memberships;
    while (membership != nullptr && membership->filter != filter) {
        membership = membership->next_of_session;
    }
    return membership;
}

std::uint32_t Subscriptions::shared_tag(const Session& session, std::string_view filter) {
    const Membership* membership = find_membership(session, filter);
    return membership == nullptr ? 0 : membership->tag;
}

// `tag` 0: a new one. What a session was ever given has it, over restarts, too, so no membership of that
// session may get it again.
bool Subscriptions::add_shared(Session& session, std::string_view filter,
                               SubscriptionOptions options, std::uint32_t id, std::uint32_t tag) {
    const unsigned owner = owner_of(filter);
    Membership* membership = find_membership(session, filter);
    const bool is_new = membership == nullptr;
    if (is_new) {
        if (session.memberships == nullptr) shard_.sessions.number(session);
        if (tag == 0 && ++last_tag_ == 0) ++last_tag_;
        membership = session.memberships =
            new Membership{&session, session.memberships,        std::string(filter),
                           owner,    tag != 0 ? tag : last_tag_, Readiness::ready};
        ++shard_.counters.shared_subscriptions;
    }
    const Join request{filter, session.number, shard_.index(), &session, options,
                       id,     membership->tag};
    if (owner == shard_.index())
        join(request);
    else
        shard_.mail.send_join(owner, request);
    if (owner != shard_.index()) identity_changed(session);
    return is_new;
}

void Subscriptions::leave(Membership& membership) {
    Session& session = *membership.session;
    const std::vector<core::MessageRef> sent = shard_.publisher.take_sent(session, membership.tag);
    const std::vector<core::MessageRef> waiting = shard_.handovers.begin(session, membership, true);
    if (membership.owner == shard_.index()) {
        leave(membership.filter, session.number);
    } else if (!shard_.is_stopping()) {
        shard_.mail.send_leave(membership.owner, membership.filter, session.number, membership.tag);
        departed_[{session.number, membership.tag}] = {membership.owner, membership.filter};
    }
    Membership** link = &session.memberships;
    while (*link != &membership)
        link = &(*link)->next_of_session;
    *link = membership.next_of_session;
    const std::unique_ptr<Membership> gone(&membership);
    --shard_.counters.shared_subscriptions;
    if (session.memberships == nullptr) shard_.sessions.forget_number(session);
    for (const auto* unfinished : {&sent, &waiting}) {
        for (const core::MessageRef& message : *unfinished)
            hand_over(gone->owner, gone->filter, message);
    }
}

void Subscriptions::presence_changed(Session& session) {
    tell_readiness(session);
    if (session.is_online() || session.queue.empty()) return;
    for (const Membership* m = session.memberships; m != nullptr; m = m->next_of_session) {
        if (m->owner != shard_.index())
            shard_.mail.send_went_away(m->owner, m->filter, session.number);
        else if (has_other_there(m->filter, session.number))
            hand_over(session, *m);
    }
}

void Subscriptions::hand_over(Session& session, const Membership& membership) {
    for (const core::MessageRef& message : shard_.handovers.begin(session, membership, false))
        hand_over(membership.owner, membership.filter, message);
}

void Subscriptions::hand_over(std::uint64_t session_number, std::uint32_t tag) {
    Session* session = shard_.sessions.find(session_number);
    if (session == nullptr || session->is_online()) return;
    for (const Membership* m = session->memberships; m != nullptr; m = m->next_of_session) {
        if (m->tag == tag) return hand_over(*session, *m);
    }
}

void Subscriptions::identity_changed(const Session& session) {
    if (!session.identity) return;
    for (const Membership* m = session.memberships; m != nullptr; m = m->next_of_session) {
        if (m->owner != shard_.index()) shard_.mail.send_identity(m->owner, m->filter, session);
    }
}

void Subscriptions::tell_others(const Session& session) {
    for (Membership* m = session.memberships; m != nullptr; m = m->next_of_session) {
        if (m->owner == shard_.index()) continue;
        const Readiness now = shard_.publisher.readiness(session);
        if (now == m->told) continue;
        m->told = now;
        shard_.mail.send_readiness(m->owner, m->filter, session.number, now);
    }
}

// Unfinished messages.

void Subscriptions::hand_over(unsigned owner, std::string_view filter, core::MessageRef message) {
    Publication publication;
    const std::string whole = topic_before_unmounting(shard_.config(), filter, message->topic());
    publication.topic = whole.empty() ? message->topic() : std::string_view(whole);
    publication.properties = message->properties();
    publication.payload = message->payload();
    publication.qos = message->qos();
    publication.retain = message->retain();
    publication.expires_at = message->expires_at();
    publication.publisher = message->publisher();
    if (owner != shard_.index()) return shard_.mail.send_to_group(owner, filter, publication);
    if (!whole.empty()) message = {};  // it is another message now
    shard_.publisher.to_group(filter, publication, std::move(message));
}

void Subscriptions::give_back(std::uint64_t session_number, std::uint32_t tag,
                              const Publication& publication) {
    const auto found = departed_.find({session_number, tag});
    if (found == departed_.end()) return;
    shard_.mail.send_to_group(found->second.owner, found->second.filter, publication);
}

// The groups' side.

void Subscriptions::join(const Join& request) {
    SharedGroup& group = groups_.get(group_key(request.filter));
    Member* member = group.find(request.number);
    if (member == nullptr) member = &group.join(request.number);
    member->session = request.session;
    member->shard = request.shard;
    member->options = request.options;
    member->id = request.id;
    member->tag = request.tag;
    if (group.subscription_count != 0) return;
    const std::string_view filter = parse_shared_filter(request.filter)->filter;
    const TopicTree::Added result = tree_.add(filter, group, {}, 0);
    added(filter, *result.subscription, result.is_new);
}

void Subscriptions::leave(std::string_view filter, std::uint64_t number) {
    SharedGroup* group = groups_.find(group_key(filter));
    Member* member = group == nullptr ? nullptr : group->find(number);
    if (member == nullptr) return;
    group->leave(*member);
    if (!group->empty()) return;
    remove(*group->subscriptions, parse_shared_filter(filter)->filter);
    groups_.erase(*group);
}

bool Subscriptions::has_other_there(std::string_view filter, std::uint64_t number) const {
    const SharedGroup* group = find_group(filter);
    return group != nullptr && group->any([&](const Member& member) {
        const Readiness now =
            member.session == nullptr ? member.told : shard_.publisher.readiness(*member.session);
        return member.number != number && now < Readiness::away;
    });
}

void Subscriptions::member_went_away(std::string_view filter, std::uint64_t number) {
    if (!has_other_there(filter, number)) return;
    const Member* member = find_group(filter)->find(number);
    if (member != nullptr) shard_.mail.send_hand_over(member->shard, number, member->tag);
}

SharedGroup* Subscriptions::find_group(std::string_view shared_filter) const {
    return groups_.find(group_key(shared_filter));
}

void Subscriptions::set_readiness(std::string_view filter, std::uint64_t number,
                                  Readiness readiness) {
    SharedGroup* group = find_group(filter);
    Member* member = group == nullptr ? nullptr : group->find(number);
    if (member != nullptr) member->told = readiness;
}

void Subscriptions::set_identity(std::string_view filter, std::uint64_t number,
                                 std::string_view client_id, const Identity& identity) {
    SharedGroup* group = find_group(filter);
    Member* member = group == nullptr ? nullptr : group->find(number);
    if (member == nullptr) return;
    member->client_id = client_id;
    member->identity = std::make_unique<Identity>(identity);
}

void Subscriptions::set_remote(unsigned shard, std::string_view filter, bool wanted) {
    RemoteShard& remote = *remote_[shard];
    if (wanted) {
        if (tree_.add(filter, remote, {}, 0).is_new) ++remote_count_;
    } else if (Subscription* subscription = tree_.find(filter, remote)) {
        tree_.remove(*subscription);
        --remote_count_;
    }
    cache_.changed(filter);
}

}  // namespace mqtt::broker
