// See bridge_topics.hpp.
#include "broker/bridge/bridge_topics.hpp"

#include <algorithm>

#include "mqtt/topic.hpp"

namespace mqtt::broker {
namespace {

constexpr std::size_t kLongestTopic = 65'535;

// Filters that end in /# match the level above, too, which has no name on the other side.
bool fits(std::string_view filter, std::string_view prefix, std::string_view topic) {
    return topic.starts_with(prefix) && topic_matches(filter, topic);
}

bool exchange(std::string_view from, std::string_view to, std::string_view topic,
              std::string& mapped) {
    topic.remove_prefix(from.size());
    mapped.assign(to);
    mapped += topic;
    return !mapped.empty() && mapped.size() <= kLongestTopic;
}

}  // namespace

BridgeTopics::BridgeTopics(const std::vector<BridgeTopic>& lines) {
    for (const BridgeTopic& line : lines)
        lines_.push_back(
            {line, line.local_prefix + line.pattern, line.remote_prefix + line.pattern});
}

std::vector<BridgeTopics::Filter> BridgeTopics::local_filters() const {
    std::vector<Filter> filters;
    for (const Line& line : lines_)
        if (line.goes_out()) filters.push_back({line.local, line.topic.qos});
    return filters;
}

std::vector<BridgeTopics::Filter> BridgeTopics::remote_filters() const {
    std::vector<Filter> filters;
    for (const Line& line : lines_)
        if (line.comes_in()) filters.push_back({line.remote, line.topic.qos});
    return filters;
}

std::vector<std::string> BridgeTopics::remote_leftovers() const {
    std::vector<std::string> filters;
    for (const Line& line : lines_) {
        const auto is_wanted = [&](const Line& other) {
            return other.comes_in() && other.remote == line.remote;
        };
        if (std::none_of(lines_.begin(), lines_.end(), is_wanted)) filters.push_back(line.remote);
    }
    return filters;
}

bool BridgeTopics::to_remote(std::string_view topic, std::string& mapped) const {
    for (const Line& line : lines_) {
        const BridgeTopic& t = line.topic;
        if (!line.goes_out() || !fits(line.local, t.local_prefix, topic)) continue;
        return exchange(t.local_prefix, t.remote_prefix, topic, mapped);
    }
    return false;
}

bool BridgeTopics::to_local(std::string_view topic, std::string& mapped) const {
    for (const Line& line : lines_) {
        const BridgeTopic& t = line.topic;
        if (!line.comes_in() || !fits(line.remote, t.remote_prefix, topic)) continue;
        return exchange(t.remote_prefix, t.local_prefix, topic, mapped);
    }
    return false;
}

bool BridgeTopics::changes_nothing() const {
    return std::all_of(lines_.begin(), lines_.end(), [](const Line& line) {
        return line.topic.local_prefix == line.topic.remote_prefix;
    });
}

bool has_hop(Properties properties, std::string_view name) {
    for (const PropertyView& property : properties) {
        if (property.info->id == PropertyId::user_property && property.name == kHopProperty &&
            property.text == name) {
            return true;
        }
    }
    return false;
}

PropertyList with_hop(Properties properties, std::string_view name) {
    PropertyList list(properties);
    list.add_user(kHopProperty, name);
    return list;
}

}  // namespace mqtt::broker

namespace mqtt {

std::string check_bridge_topic(const BridgeTopic& line) {
    if (line.pattern.empty() && (line.local_prefix.empty() || line.remote_prefix.empty())) {
        return "an empty pattern needs both prefixes";
    }
    for (const std::string* prefix : {&line.local_prefix, &line.remote_prefix}) {
        if (!prefix->empty() && !validate_topic_name(*prefix))
            return "the prefix '" + *prefix + "' cannot begin a topic";
    }
    for (const std::string* prefix : {&line.local_prefix, &line.remote_prefix}) {
        const std::string filter = *prefix + line.pattern;
        if (!validate_topic_filter(filter)) return "'" + filter + "' is no topic filter";
        if (parse_shared_filter(filter)) return "a bridge cannot share a subscription";
    }
    return {};
}

}  // namespace mqtt
