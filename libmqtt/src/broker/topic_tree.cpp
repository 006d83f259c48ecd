// The tree of filters: adding, finding, removing and stepping down one level.
#include "broker/topic_tree.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

#include "base/assert.hpp"
#include "broker/hash.hpp"

namespace mqtt::broker {
namespace {

void link(Subscription& s) {
    s.next_in_node = s.node->subscriptions;
    if (s.next_in_node != nullptr) s.next_in_node->previous_in_node = &s;
    s.node->subscriptions = &s;
    ++s.node->subscription_count;
    if (s.subscriber->kind == SubscriberKind::shard) ++s.node->remote_count;
    s.next_of_subscriber = s.subscriber->subscriptions;
    if (s.next_of_subscriber != nullptr) s.next_of_subscriber->previous_of_subscriber = &s;
    s.subscriber->subscriptions = &s;
    ++s.subscriber->subscription_count;
}

void unlink(Subscription& s) {
    (s.previous_in_node ? s.previous_in_node->next_in_node : s.node->subscriptions) =
        s.next_in_node;
    if (s.next_in_node != nullptr) s.next_in_node->previous_in_node = s.previous_in_node;
    --s.node->subscription_count;
    if (s.subscriber->kind == SubscriberKind::shard) --s.node->remote_count;
    (s.previous_of_subscriber ? s.previous_of_subscriber->next_of_subscriber
                              : s.subscriber->subscriptions) = s.next_of_subscriber;
    if (s.next_of_subscriber != nullptr) {
        s.next_of_subscriber->previous_of_subscriber = s.previous_of_subscriber;
    }
    --s.subscriber->subscription_count;
}

// Walks the shorter of the two lists that a subscription is in.
Subscription* find_in(const TopicNode& node, const Subscriber& subscriber) {
    if (node.subscription_count <= subscriber.subscription_count) {
        Subscription* s = node.subscriptions;
        while (s != nullptr && s->subscriber != &subscriber)
            s = s->next_in_node;
        return s;
    }
    Subscription* s = subscriber.subscriptions;
    while (s != nullptr && s->node != &node)
        s = s->next_of_subscriber;
    return s;
}

}  // namespace

// Wildcards are found from the nodes above them.
TopicTree::~TopicTree() {
    std::vector<TopicNode*> nodes{root_};
    edges_.for_each([&](TopicNode& node) { nodes.push_back(&node); });
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (TopicNode* child = nodes[i]->wildcard) nodes.push_back(child);
    }
    for (TopicNode* node : nodes) {
        while (Subscription* s = node->subscriptions) {
            unlink(*s);
            slab_.free(s, sizeof(Subscription));
        }
    }
    for (std::size_t i = 1; i < nodes.size(); ++i)
        destroy_node(nodes[i]);
}

TopicNode* TopicTree::create_node(TopicNode* parent, std::string_view level) {
    auto* node = ::new (slab_.allocate(TopicNode::bytes_for(level.size()))) TopicNode;
    node->parent = parent;
    node->level_size = static_cast<std::uint16_t>(level.size());
    char* text = reinterpret_cast<char*>(node) + TopicNode::text_at();
    if (!level.empty()) std::memcpy(text, level.data(), level.size());
    return node;
}

void TopicTree::destroy_node(TopicNode* node) {
    slab_.free(node, TopicNode::bytes_for(node->level_size));
}

std::uint64_t TopicTree::level_hash(std::string_view level) {
    static const std::uint64_t seed = hash_seed();
    return hash_bytes(level, seed);
}

std::uint64_t TopicTree::edge_hash(const TopicNode& parent, std::uint64_t level_hash) {
    return mix(level_hash ^ reinterpret_cast<std::uintptr_t>(&parent), 0x9E37'79B9'7F4A'7C15);
}

TopicNode* TopicTree::literal_child(const TopicNode& parent, std::string_view level,
                                    std::uint64_t hash) const {
    return edges_.find(edge_hash(parent, hash), [&](const TopicNode& node) {
        return node.parent == &parent && is_same_text(node.level(), level);
    });
}

TopicNode* TopicTree::child(const TopicNode& parent, std::string_view level) const {
    if (level == "+") return parent.plus();
    if (level == "#") return parent.hash();
    return literal_child(parent, level, level_hash(level));
}

TopicNode& TopicTree::child_or_new(TopicNode& parent, std::string_view level) {
    if (TopicNode* node = child(parent, level)) return *node;
    TopicNode* node = create_node(&parent, level);
    ++nodes_;
    if (level == "+" || level == "#") {
        link_wildcard(parent, *node);
    } else {
        ++parent.literal_children;
        edges_.insert(edge_hash(parent, level_hash(level)), *node);
    }
    return *node;
}

void TopicTree::link_wildcard(TopicNode& parent, TopicNode& child) {
    if (child.is_hash())
        child.wildcard = std::exchange(parent.wildcard, &child);
    else if (parent.wildcard != nullptr)
        parent.wildcard->wildcard = &child;
    else
        parent.wildcard = &child;
}

void TopicTree::unlink_wildcard(const TopicNode& child) {
    TopicNode& parent = *child.parent;
    if (parent.wildcard != &child)
        parent.wildcard->wildcard = nullptr;  // "+" beside "#"
    else
        parent.wildcard = child.is_hash() ? child.wildcard : nullptr;
}

TopicTree::Added TopicTree::add(std::string_view filter, Subscriber& subscriber,
                                SubscriptionOptions options, std::uint32_t id) {
    TopicNode* node = root_;
    std::string_view level;
    bool more = true;
    while (next_level(filter, level, more))
        node = &child_or_new(*node, level);
    if (Subscription* known = find_in(*node, subscriber)) {
        known->options = options;
        known->id = id;
        return {known, false};
    }
    auto* s = ::new (slab_.allocate(sizeof(Subscription))) Subscription;
    s->node = node;
    s->subscriber = &subscriber;
    s->options = options;
    s->id = id;
    link(*s);
    ++subscriptions_;
    return {s, true};
}

TopicNode* TopicTree::find_node(std::string_view filter) const {
    TopicNode* node = root_;
    std::string_view level;
    bool more = true;
    while (node != nullptr && next_level(filter, level, more))
        node = child(*node, level);
    return node;
}

Subscription* TopicTree::find(std::string_view filter, const Subscriber& subscriber) const {
    const TopicNode* node = find_node(filter);
    return node == nullptr ? nullptr : find_in(*node, subscriber);
}

void TopicTree::remove(Subscription& subscription) {
    TopicNode* node = subscription.node;
    unlink(subscription);
    slab_.free(&subscription, sizeof(Subscription));
    --subscriptions_;
    prune(node);
}

void TopicTree::prune(TopicNode* node) {
    const auto has_children = [](const TopicNode& n) {
        return n.literal_children != 0 || (n.wildcard != nullptr && !n.is_hash());
    };
    while (node != root_ && node->subscriptions == nullptr && !has_children(*node)) {
        TopicNode* parent = node->parent;
        const std::string_view level = node->level();
        if (level == "+" || level == "#") {
            unlink_wildcard(*node);
        } else {
            --parent->literal_children;
            edges_.erase(edge_hash(*parent, level_hash(level)), *node);
        }
        destroy_node(node);
        --nodes_;
        node = parent;
    }
}

std::string TopicTree::filter_of(const TopicNode& node) {
    std::vector<std::string_view> levels;
    for (const TopicNode* at = &node; at->parent != nullptr; at = at->parent) {
        levels.push_back(at->level());
    }
    std::string filter;
    for (auto it = levels.rbegin(); it != levels.rend(); ++it) {
        if (it != levels.rbegin()) filter += '/';
        filter += *it;
    }
    return filter;
}

void TopicTree::descend(const std::vector<TopicNode*>& from, std::string_view level,
                        bool with_wildcards, std::vector<TopicNode*>& to) const {
    to.clear();
    const std::uint64_t hash = level_hash(level);
    for (const TopicNode* node : from) {
        if (node->literal_children != 0) {
            if (TopicNode* next = literal_child(*node, level, hash)) to.push_back(next);
        }
        if (!with_wildcards) continue;
        if (TopicNode* plus = node->plus()) to.push_back(plus);
    }
}

}  // namespace mqtt::broker
