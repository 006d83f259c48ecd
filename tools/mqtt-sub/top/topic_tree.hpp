// The topics of a TopicTable as a tree of levels, with sums per level. Grows with the table, never
// shrinks. Used by top_view.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt-sub/top/topic_table.hpp"

namespace mqtt_sub {

struct TreeNode {
    std::string level;       // the topic's level, "kitchen"
    std::size_t parent = 0;  // index; the root is its own
    std::size_t depth = 0;   // the root's children have 0
    std::vector<std::size_t> children;
    std::size_t topic = kNone;  // index in the table, when messages came on just this topic
    bool is_open = false;       // its children are shown
    // Sums over the topics below and the node's own:
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t topics = 0;
    double rate = 0;
    TopClock::time_point last_seen;

    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

class TopicTree {
public:
    // Takes in topics that came since, and sums anew.
    void update(const TopicTable& table);
    void clear();
    const std::vector<TreeNode>& nodes() const { return nodes_; }  // [0]: the root
    void set_open(std::size_t node, bool is_open) { nodes_[node].is_open = is_open; }

private:
    std::size_t child_of(std::size_t parent, std::string_view level);

    std::vector<TreeNode> nodes_{TreeNode{}};
    std::map<std::pair<std::size_t, std::string>, std::size_t> index_;
    std::size_t known_topics_ = 0;
};

}  // namespace mqtt_sub
