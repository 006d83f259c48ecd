// Changes of the tree, each told to the match cache.
#include "broker/subscriptions.hpp"

#include "broker/session.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {

Subscriptions::Subscriptions(Shard& shard)
    : cache_(tree_, shard.config().match_cache_bytes), shard_(shard) {}

bool Subscriptions::add(Session& session, std::string_view filter, SubscriptionOptions options,
                        std::uint32_t id) {
    if (const auto shared = parse_shared_filter(filter)) {
        return join(session, *shared, options, id);
    }
    const TopicTree::Added added = tree_.add(filter, session, options, id);
    cache_.changed(filter);
    return added.is_new;
}

bool Subscriptions::join(Session& session, const SharedFilter& shared,
                         SubscriptionOptions options, std::uint32_t id) {
    SharedGroup& group = groups_.get(shared.share_name, shared.filter);
    Membership* member = SharedGroups::find(group, session);
    const bool is_new = member == nullptr;
    if (is_new) member = &SharedGroups::join(group, session);
    member->options = options;
    member->id = id;
    if (group.subscription_count == 0) {
        tree_.add(shared.filter, group, {}, 0);
        cache_.changed(shared.filter);
    }
    if (is_new) ++shard_.counters.shared_subscriptions;
    return is_new;
}

bool Subscriptions::remove(Session& session, std::string_view filter) {
    if (const auto shared = parse_shared_filter(filter)) {
        const SharedGroup* group = groups_.find(shared->share_name, shared->filter);
        Membership* member = group == nullptr ? nullptr : SharedGroups::find(*group, session);
        if (member == nullptr) return false;
        leave(*member);
        return true;
    }
    Subscription* subscription = tree_.find(filter, session);
    if (subscription == nullptr) return false;
    tree_.remove(*subscription);
    cache_.changed(filter);
    return true;
}

void Subscriptions::remove(Subscription& subscription) {
    const std::string filter = TopicTree::filter_of(*subscription.node);
    tree_.remove(subscription);
    cache_.changed(filter);
}

void Subscriptions::leave(Membership& membership) {
    SharedGroup& group = *membership.group;
    SharedGroups::leave(membership);
    --shard_.counters.shared_subscriptions;
    if (!group.empty()) return;
    remove(*group.subscriptions);
    groups_.erase(group);
}

}  // namespace mqtt::broker
