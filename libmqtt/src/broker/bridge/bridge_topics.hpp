// What a bridge does to topics and properties on the way: which line of its configuration a message
// crosses by, prefixes off and on, the list of hops. Pure functions; used by Bridge, knows no session and
// no connection.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mqtt/bridge.hpp"
#include "mqtt/properties.hpp"

namespace mqtt::broker {

class BridgeTopics {
public:
    explicit BridgeTopics(const std::vector<BridgeTopic>& lines);

    struct Filter {
        std::string filter;
        QoS qos;
    };
    std::vector<Filter> local_filters() const;   // what goes out
    std::vector<Filter> remote_filters() const;  // what comes in
    // At the remote broker, of what goes out only: an earlier configuration may have subscribed.
    std::vector<std::string> remote_leftovers() const;

    // The topic on the other side, in `mapped`; false: no line lets it cross, or nothing of it is left.
    bool to_remote(std::string_view topic, std::string& mapped) const;
    bool to_local(std::string_view topic, std::string& mapped) const;
    // Whether topics have the same name on both sides, whatever they are.
    bool changes_nothing() const;

private:
    struct Line {
        BridgeTopic topic;
        std::string local;  // filters: prefix and pattern
        std::string remote;
        bool goes_out() const { return topic.direction != BridgeDirection::in; }
        bool comes_in() const { return topic.direction != BridgeDirection::out; }
    };
    std::vector<Line> lines_;
};

inline constexpr std::string_view kHopProperty = "mqtt-hop";
bool has_hop(Properties properties, std::string_view name);
PropertyList with_hop(Properties properties, std::string_view name);

}  // namespace mqtt::broker
