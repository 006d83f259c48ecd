// See topic_tree.hpp.
#include "mqtt-sub/top/topic_tree.hpp"

#include <algorithm>

namespace mqtt_sub {

void TopicTree::clear() {
    nodes_.assign(1, TreeNode{});
    index_.clear();
    known_topics_ = 0;
}

std::size_t TopicTree::child_of(std::size_t parent, std::string_view level) {
    const auto [found, is_new] =
        index_.try_emplace(std::make_pair(parent, std::string(level)), nodes_.size());
    if (!is_new) return found->second;
    TreeNode node;
    node.level = level;
    node.parent = parent;
    node.depth = parent == 0 ? 0 : nodes_[parent].depth + 1;
    nodes_[parent].children.push_back(nodes_.size());
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
}

void TopicTree::update(const TopicTable& table) {
    for (; known_topics_ < table.topics().size(); ++known_topics_) {
        std::string_view rest = table.topics()[known_topics_].topic;
        std::size_t node = 0;
        for (bool is_last = false; !is_last;) {
            const std::size_t slash = rest.find('/');
            is_last = slash == std::string_view::npos;
            node = child_of(node, rest.substr(0, slash));
            if (!is_last) rest.remove_prefix(slash + 1);
        }
        nodes_[node].topic = known_topics_;
    }
    for (TreeNode& node : nodes_) {
        const bool has_own = node.topic != TreeNode::kNone;
        const TopicStats* own = has_own ? &table.topics()[node.topic] : nullptr;
        node.messages = has_own ? own->messages : 0;
        node.bytes = has_own ? own->bytes : 0;
        node.rate = has_own ? own->history.rate() : 0;
        node.last_seen = has_own ? own->last_seen : TopClock::time_point();
        node.topics = has_own ? 1 : 0;
    }
    // Children stand behind their parents.
    for (std::size_t i = nodes_.size() - 1; i > 0; --i) {
        const TreeNode& node = nodes_[i];
        TreeNode& parent = nodes_[node.parent];
        parent.messages += node.messages;
        parent.bytes += node.bytes;
        parent.rate += node.rate;
        parent.topics += node.topics;
        parent.last_seen = std::max(parent.last_seen, node.last_seen);
    }
}

}  // namespace mqtt_sub
