// Which streams a filter selects: a tree of the topics of all streams, walked with a filter. Built
// while planning and dropped after it. Used by plan.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mqtt::bench {

class StreamMap {
public:
    void add(std::string_view topic, std::uint32_t stream);
    // Numbers of all streams whose topic matches, sorted, each once.
    std::vector<std::uint32_t> matches(std::string_view filter) const;

private:
    struct Node {
        std::unordered_map<std::string, std::unique_ptr<Node>> children;
        std::vector<std::uint32_t> streams;
    };
    static void collect(const Node& node, std::vector<std::uint32_t>& out);
    static void walk(const Node& node, std::string_view rest, bool ended, bool first,
                     std::vector<std::uint32_t>& out);
    Node root_;
};

}  // namespace mqtt::bench
