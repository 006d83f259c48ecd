// Who wants what, as one shard sees it: the topic tree, the cache of its answers and the shared
// groups, kept in step, and the other shards told. Every change of subscriptions goes through here.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "broker/match_cache.hpp"
#include "broker/shared_groups.hpp"
#include "broker/topic_tree.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class Shard;

// Another shard as a subscriber of this one's tree: it has subscribers for the filter.
struct RemoteShard final : Subscriber {
    explicit RemoteShard(unsigned i) : Subscriber(SubscriberKind::shard), index(i) {}
    const unsigned index;
};

class Subscriptions {
public:
    explicit Subscriptions(Shard& shard);
    ~Subscriptions();

    // Adds or replaces; `filter` is valid and may be a shared one. True: there was none before. The
    // other shards know when Interest says so.
    bool add(Session& session, std::string_view filter, SubscriptionOptions options,
             std::uint32_t id);
    // False: there was none [MQTT-3.10.4-1].
    bool remove(Session& session, std::string_view filter);
    // All of a session that ends.
    void remove_all(Session& session);
    // Its client came or went: groups on other shards should know.
    void presence_changed(const Session& session);

    // From other shards: interest in a filter, and shared subscriptions of their sessions in groups
    // that this shard owns.
    void set_remote(unsigned shard, std::string_view filter, bool wanted);
    struct Join {
        std::string_view filter;  // with "$share/"
        std::uint64_t number = 0;
        unsigned shard = 0;
        Session* session = nullptr;
        SubscriptionOptions options;
        std::uint32_t id = 0;
    };
    void join(const Join& join);
    void leave(std::string_view filter, std::uint64_t number);
    void set_online(std::string_view filter, std::uint64_t number, bool online);

    MatchCache& cache() { return cache_; }
    // Of sessions and groups of this shard.
    std::size_t count() const { return tree_.subscription_count() - remote_count_; }

private:
    void added(std::string_view filter, const Subscription& subscription, bool is_new);
    void remove(Subscription& subscription, std::string_view filter);
    bool add_shared(Session& session, std::string_view filter, const Join& join);
    void leave(Membership& membership);
    static Membership* find_membership(const Session& session, std::string_view filter);
    unsigned owner_of(std::string_view shared_filter) const;

    // Subscribers before the tree, which lets go of them at its end.
    SharedGroups groups_;
    std::vector<std::unique_ptr<RemoteShard>> remote_;
    TopicTree tree_;
    MatchCache cache_;
    std::size_t remote_count_ = 0;
    Shard& shard_;
};

}  // namespace mqtt::broker
