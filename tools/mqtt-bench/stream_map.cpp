// The tree and its walk.
#include "mqtt-bench/stream_map.hpp"

#include <algorithm>

namespace mqtt::bench {
namespace {

// Cuts the first level off; false: that was the last.
bool cut_level(std::string_view& rest, std::string_view& level) {
    const auto slash = rest.find('/');
    level = rest.substr(0, slash);
    if (slash == std::string_view::npos) return false;
    rest.remove_prefix(slash + 1);
    return true;
}

}  // namespace

void StreamMap::add(std::string_view topic, std::uint32_t stream) {
    Node* node = &root_;
    for (bool more = true; more;) {
        std::string_view level;
        more = cut_level(topic, level);
        auto& child = node->children[std::string(level)];
        if (!child) child = std::make_unique<Node>();
        node = child.get();
    }
    node->streams.push_back(stream);
}

void StreamMap::collect(const Node& node, std::vector<std::uint32_t>& out) {
    out.insert(out.end(), node.streams.begin(), node.streams.end());
    for (const auto& [name, child] : node.children)
        collect(*child, out);
}

void StreamMap::walk(const Node& node, std::string_view rest, bool ended, bool first,
                     std::vector<std::uint32_t>& out) {
    if (ended) {
        out.insert(out.end(), node.streams.begin(), node.streams.end());
        return;
    }
    std::string_view level;
    const bool more = cut_level(rest, level);
    // A wildcard at the front leaves out topics that begin with $ [MQTT-4.7.2-1].
    const auto is_hidden = [&](const std::string& name) { return first && name.starts_with('$'); };
    if (level == "#") {
        // "a/#" matches "a", too [MQTT-4.7.1-2].
        if (!first) out.insert(out.end(), node.streams.begin(), node.streams.end());
        for (const auto& [name, child] : node.children) {
            if (!is_hidden(name)) collect(*child, out);
        }
    } else if (level == "+") {
        for (const auto& [name, child] : node.children) {
            if (!is_hidden(name)) walk(*child, rest, !more, false, out);
        }
    } else if (const auto child = node.children.find(std::string(level));
               child != node.children.end()) {
        walk(*child->second, rest, !more, false, out);
    }
}

std::vector<std::uint32_t> StreamMap::matches(std::string_view filter) const {
    std::vector<std::uint32_t> out;
    walk(root_, filter, false, true, out);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace mqtt::bench
