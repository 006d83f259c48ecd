// Which subscribers a topic reaches: a tree with one node per level of a filter. One per shard. All
// edges of the tree are in one hash table (parent and level -> node), so that a node is small and a
// step down is one look-up; `+` and `#` are reached by pointer. Neither matching nor any other
// operation recurses. Nodes and subscriptions, of which there may be millions, lie in a slab. Knows no
// session or connection beyond Subscriber.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/hash_set.hpp"
#include "broker/slab.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

struct Subscription;
struct TopicNode;

// Whoever can hold subscriptions: a session, a shared group, or another shard.
enum class SubscriberKind : std::uint8_t { session, group, shard };

struct Subscriber {
    explicit Subscriber(SubscriberKind k) : kind(k) {}
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;

    Subscription* subscriptions = nullptr;  // list through Subscription::next_of_subscriber
    std::uint32_t subscription_count = 0;
    // Scratch of a match under way: where this subscriber stands in its result.
    std::uint32_t match_number = 0;
    std::uint32_t match_index = 0;
    const SubscriberKind kind;

protected:
    ~Subscriber() = default;
};

// One subscriber's interest in one filter. In the list of its node and of its subscriber.
struct Subscription {
    TopicNode* node = nullptr;
    Subscriber* subscriber = nullptr;
    Subscription* next_in_node = nullptr;
    Subscription* previous_in_node = nullptr;
    Subscription* next_of_subscriber = nullptr;
    Subscription* previous_of_subscriber = nullptr;
    std::uint32_t id = 0;  // Subscription Identifier; 0: none
    SubscriptionOptions options;
};
static_assert(sizeof(Subscription) <= 56);

// The end of a filter or a step on the way to one. In one block with its level's text, which begins in what
// the compiler would pad.
struct TopicNode {
    TopicNode* parent = nullptr;
    // Its child "#" if there is one, else its child "+". A node "#" has no children: there it is the "+"
    // beside it.
    TopicNode* wildcard = nullptr;
    Subscription* subscriptions = nullptr;
    std::uint32_t subscription_count = 0;
    std::uint32_t literal_children = 0;
    std::uint16_t remote_count = 0;  // subscriptions of other shards, one each at most
    std::uint16_t level_size = 0;

    static std::size_t bytes_for(std::size_t level_size) {
        return std::max(sizeof(TopicNode), text_at() + level_size);
    }
    static std::size_t text_at() { return offsetof(TopicNode, level_size) + sizeof level_size; }
    std::string_view level() const {
        return {reinterpret_cast<const char*>(this) + text_at(), level_size};
    }
    bool is_hash() const { return level() == "#"; }
    TopicNode* hash() const {
        return wildcard != nullptr && wildcard->is_hash() ? wildcard : nullptr;
    }
    TopicNode* plus() const {
        return wildcard != nullptr && wildcard->is_hash() ? wildcard->wildcard : wildcard;
    }
    std::uint32_t local_count() const { return subscription_count - remote_count; }
};

class TopicTree {
public:
    TopicTree() = default;
    ~TopicTree();
    TopicTree(const TopicTree&) = delete;
    TopicTree& operator=(const TopicTree&) = delete;

    struct Added {
        Subscription* subscription;
        bool is_new;  // false: there was one; its options and id are replaced
    };
    // `filter` is valid and has no $share prefix.
    Added add(std::string_view filter, Subscriber& subscriber, SubscriptionOptions options,
              std::uint32_t id);
    Subscription* find(std::string_view filter, const Subscriber& subscriber) const;
    void remove(Subscription& subscription);

    // The node of `filter` when anything is subscribed there or below; nullptr: none.
    TopicNode* find_node(std::string_view filter) const;
    static std::string filter_of(const TopicNode& node);

    // Calls `f(const TopicNode&)` for every node with subscriptions whose filter matches `topic`;
    // filters with a leading wildcard do not see topics with a leading $ [MQTT-4.7.2-1].
    // The work depends on what matches, not on how many filters there are.
    template <class F>
    void match(std::string_view topic, F&& f);

    std::size_t subscription_count() const { return subscriptions_; }
    std::size_t node_count() const { return nodes_; }

private:
    static std::uint64_t level_hash(std::string_view level);
    static std::uint64_t edge_hash(const TopicNode& parent, std::uint64_t level_hash);
    TopicNode* literal_child(const TopicNode& parent, std::string_view level,
                             std::uint64_t hash) const;
    TopicNode* child(const TopicNode& parent, std::string_view level) const;
    TopicNode* create_node(TopicNode* parent, std::string_view level);
    void destroy_node(TopicNode* node);
    TopicNode& child_or_new(TopicNode& parent, std::string_view level);
    static void link_wildcard(TopicNode& parent, TopicNode& child);
    static void unlink_wildcard(const TopicNode& child);
    void prune(TopicNode* node);
    // One level down from all of `from`; wildcards only when `with_wildcards`.
    void descend(const std::vector<TopicNode*>& from, std::string_view level, bool with_wildcards,
                 std::vector<TopicNode*>& to) const;

    Slab slab_;
    TopicNode root_node_;  // not in the slab, which is empty when the tree is
    TopicNode* const root_ = &root_node_;
    HashSet<TopicNode> edges_;  // to the nodes that are no wildcards
    std::size_t nodes_ = 0;     // beside the root
    std::size_t subscriptions_ = 0;
    std::vector<TopicNode*> frontier_;  // scratch of match
    std::vector<TopicNode*> next_;
};

// Cuts the first level off `rest`; false when nothing was left.
inline bool next_level(std::string_view& rest, std::string_view& level, bool& more) {
    if (!more) return false;
    const std::size_t slash = rest.find('/');
    more = slash != std::string_view::npos;
    level = rest.substr(0, slash);
    rest = more ? rest.substr(slash + 1) : std::string_view();
    return true;
}

template <class F>
void TopicTree::match(std::string_view topic, F&& f) {
    bool with_wildcards = topic.empty() || topic.front() != '$';  // [MQTT-4.7.2-1]
    const auto report = [&](const TopicNode* node) {
        if (node != nullptr && node->subscriptions != nullptr) f(*node);
    };
    frontier_.assign(1, root_);
    std::string_view level;
    bool more = true;
    while (!frontier_.empty() && next_level(topic, level, more)) {
        if (with_wildcards) {
            for (const TopicNode* node : frontier_)
                report(node->hash());
        }
        descend(frontier_, level, with_wildcards, next_);
        frontier_.swap(next_);
        with_wildcards = true;
    }
    for (const TopicNode* node : frontier_) {
        report(node);
        report(node->hash());  // "sport/#" also matches "sport"
    }
}

}  // namespace mqtt::broker
