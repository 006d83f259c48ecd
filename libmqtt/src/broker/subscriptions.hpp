// Who wants what, as one shard sees it: the topic tree, the cache of its answers and the shared
// groups, kept in step, and the other shards told. Every change of subscriptions goes through here.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/match_cache.hpp"
#include "broker/session.hpp"
#include "broker/shared_groups.hpp"
#include "broker/topic_tree.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class Shard;
struct Publication;

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
             std::uint32_t id) {
        return add(session, filter, options, id, 0);
    }
    // As it was before a restart: with the tag of its membership, when it is a shared one. New ones get tags
    // that come after this one.
    void restore(Session& session, std::string_view filter, SubscriptionOptions options,
                 std::uint32_t id, std::uint32_t shared_tag) {
        add(session, filter, options, id, shared_tag);
    }
    void continue_after(std::uint32_t shared_tag) { last_tag_ = std::max(last_tag_, shared_tag); }
    // Of a session's membership; 0: it has none of that filter.
    static std::uint32_t shared_tag(const Session& session, std::string_view filter);
    // False: there was none [MQTT-3.10.4-1].
    bool remove(Session& session, std::string_view filter);
    // All of a session that ends.
    void remove_all(Session& session);
    // Its client came or went: groups should know. What waits for one that went goes to members that
    // are there, if any are.
    void presence_changed(Session& session);
    // Tells groups on other shards how well it can take messages, when that has changed.
    void tell_readiness(const Session& session) {
        if (session.memberships != nullptr) tell_others(session);
    }

    // The client came back, perhaps as somebody else: groups on other shards that ask for its rights
    // should know.
    void identity_changed(const Session& session);

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
        std::uint32_t tag = 0;
    };
    void join(const Join& join);
    void leave(std::string_view filter, std::uint64_t number);
    void set_readiness(std::string_view filter, std::uint64_t number, Readiness readiness);
    void member_went_away(std::string_view filter, std::uint64_t number);
    // The owner says: others are there. What waits for the membership, if its client still is away, goes to them.
    void hand_over(std::uint64_t session_number, std::uint32_t tag);
    void set_identity(std::string_view filter, std::uint64_t number, std::string_view client_id,
                      const Identity& identity);
    SharedGroup* find_group(std::string_view shared_filter) const;
    // A connected member of a group of this shard that can take something, other than this session.
    bool has_other_there(std::string_view filter, std::uint64_t number) const;
    unsigned owner_of(std::string_view shared_filter) const;
    // A message that a member left goes to its group.
    void hand_over(unsigned owner, std::string_view filter, core::MessageRef message);
    // A message for a membership that has ended here meanwhile: back to its group.
    void give_back(std::uint64_t session_number, std::uint32_t tag, const Publication& publication);
    // Nothing more comes for it.
    void left(std::uint64_t session_number, std::uint32_t tag) {
        departed_.erase({session_number, tag});
    }

    MatchCache& cache() { return cache_; }
    // Calls `f(const TopicNode&)` for what matches, beside the cache.
    template <class F>
    void for_matching(std::string_view topic, F&& f) {
        tree_.match(topic, f);
    }
    // Of sessions and groups of this shard.
    std::size_t count() const { return tree_.subscription_count() - remote_count_; }

private:
    bool add(Session& session, std::string_view filter, SubscriptionOptions options,
             std::uint32_t id, std::uint32_t shared_tag);
    void added(std::string_view filter, const Subscription& subscription, bool is_new);
    void remove(Subscription& subscription, std::string_view filter);
    bool add_shared(Session& session, std::string_view filter, SubscriptionOptions options,
                    std::uint32_t id, std::uint32_t tag);
    void leave(Membership& membership);
    void tell_others(const Session& session);
    void hand_over(Session& session, const Membership& membership);
    static Membership* find_membership(const Session& session, std::string_view filter);

    // Subscribers before the tree, which lets go of them at its end.
    SharedGroups groups_;
    std::vector<std::unique_ptr<RemoteShard>> remote_;
    TopicTree tree_;
    MatchCache cache_;
    std::size_t remote_count_ = 0;
    std::uint32_t last_tag_ = 0;
    // Memberships in other shards' groups that ended here, until the owner has taken note: by session and tag.
    struct Departed {
        unsigned owner;
        std::string filter;
    };
    std::map<std::pair<std::uint64_t, std::uint32_t>, Departed> departed_;
    Shard& shard_;
};

}  // namespace mqtt::broker
