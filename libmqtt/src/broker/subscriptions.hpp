// Who wants what on one shard: the topic tree, the cache of its answers and the shared groups, kept in
// step. Every change of subscriptions goes through here.
#pragma once

#include <string_view>

#include "broker/match_cache.hpp"
#include "broker/shared_groups.hpp"
#include "broker/topic_tree.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {

class Shard;

class Subscriptions {
public:
    explicit Subscriptions(Shard& shard);

    // Adds or replaces; `filter` is valid and may be a shared one. True: there was none before.
    bool add(Session& session, std::string_view filter, SubscriptionOptions options,
             std::uint32_t id);
    // False: there was none [MQTT-3.10.4-1].
    bool remove(Session& session, std::string_view filter);
    void remove(Subscription& subscription);
    void leave(Membership& membership);

    MatchCache& cache() { return cache_; }
    std::size_t count() const { return tree_.subscription_count(); }
    std::size_t shared_count() const { return groups_.count(); }

private:
    bool join(Session& session, const SharedFilter& shared, SubscriptionOptions options,
              std::uint32_t id);

    TopicTree tree_;
    MatchCache cache_;
    SharedGroups groups_;
    Shard& shard_;
};

}  // namespace mqtt::broker
