// Which subscribers a topic reaches: a tree with one node per level of a filter. One per shard. All
// edges of the tree are in one hash table (parent and level -> node), so that a node is small and a
// step down is one look-up; `+` and `#` are direct pointers. Neither matching nor any other
// operation recurses. Knows no session or connection beyond Subscriber.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/hash_set.hpp"
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
static_assert(sizeof(Subscription) <= 64);

// The end of a filter or a step on the way to one. Lives in one pooled block with its level's text.
struct TopicNode {
    TopicNode* parent = nullptr;
    TopicNode* plus = nullptr;  // child "+"
    TopicNode* hash = nullptr;  // child "#"
    Subscription* subscriptions = nullptr;
    std::uint32_t subscription_count = 0;
    std::uint32_t literal_children = 0;
    std::uint64_t edge = 0;         // hash of parent and level
    std::uint32_t local_count = 0;  // subscriptions that are not other shards'
    std::uint16_t level_size = 0;

    std::string_view level() const { return {reinterpret_cast<const char*>(this + 1), level_size}; }
};

class TopicTree {
public:
    TopicTree();
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
    std::size_t node_count() const { return edges_.count(); }

private:
    static std::uint64_t level_hash(std::string_view level);
    static std::uint64_t edge_hash(const TopicNode& parent, std::uint64_t level_hash);
    TopicNode* literal_child(const TopicNode& parent, std::string_view level,
                             std::uint64_t hash) const;
    TopicNode* child(const TopicNode& parent, std::string_view level) const;
    TopicNode& child_or_new(TopicNode& parent, std::string_view level);
    void prune(TopicNode* node);
    // One level down from all of `from`; wildcards only when `with_wildcards`.
    void descend(const std::vector<TopicNode*>& from, std::string_view level, bool with_wildcards,
                 std::vector<TopicNode*>& to) const;

    TopicNode* root_;
    HashSet<TopicNode> edges_;
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
                report(node->hash);
        }
        descend(frontier_, level, with_wildcards, next_);
        frontier_.swap(next_);
        with_wildcards = true;
    }
    for (const TopicNode* node : frontier_) {
        report(node);
        report(node->hash);  // "sport/#" also matches "sport"
    }
}

}  // namespace mqtt::broker
