// What a bridge does to topics and properties, and in which forms it introduces itself.
#include <doctest/doctest.h>

#include "broker/bridge/bridge_topics.hpp"
#include "broker/bridge/dialects.hpp"

using namespace mqtt;
using mqtt::broker::BridgeTopics;
using mqtt::broker::Dialects;

namespace {

BridgeTopic line(std::string pattern, BridgeDirection direction, std::string local = {},
                 std::string remote = {}, QoS qos = QoS::at_most_once) {
    return {std::move(pattern), direction, qos, std::move(local), std::move(remote)};
}

std::string there(const BridgeTopics& topics, std::string_view topic) {
    std::string mapped;
    return topics.to_remote(topic, mapped) ? mapped : "-";
}

std::string here(const BridgeTopics& topics, std::string_view topic) {
    std::string mapped;
    return topics.to_local(topic, mapped) ? mapped : "-";
}

constexpr auto kOut = BridgeDirection::out;
constexpr auto kIn = BridgeDirection::in;
constexpr auto kBoth = BridgeDirection::both;

}  // namespace

TEST_CASE("bridge topics: # both crosses unchanged, topics of the system do not") {
    const BridgeTopics topics({line("#", kBoth)});
    CHECK(topics.changes_nothing());
    CHECK(there(topics, "a/b") == "a/b");
    CHECK(here(topics, "a/b") == "a/b");
    CHECK(there(topics, "$SYS/broker/uptime") == "-");
    CHECK(here(topics, "$SYS/broker/uptime") == "-");
}

TEST_CASE("bridge topics: one prefix comes off and the other on, each way") {
    const BridgeTopics topics({line("t/#", kBoth, "here/", "there/site/")});
    CHECK_FALSE(topics.changes_nothing());
    CHECK(there(topics, "here/t/1") == "there/site/t/1");
    CHECK(there(topics, "here/t") == "there/site/t");
    CHECK(there(topics, "there/site/t/1") == "-");
    CHECK(there(topics, "here/u") == "-");
    CHECK(here(topics, "there/site/t/1") == "here/t/1");
    CHECK(here(topics, "here/t/1") == "-");
}

TEST_CASE("bridge topics: directions are kept apart, and the first line that matches counts") {
    const BridgeTopics topics({line("a/#", kOut, "", "x/"), line("#", kOut, "", "y/"),
                               line("b", kIn, "from/", ""), line("+", kIn, "any/", "")});
    CHECK(there(topics, "a/1") == "x/a/1");
    CHECK(there(topics, "c") == "y/c");
    CHECK(here(topics, "b") == "from/b");
    CHECK(here(topics, "c") == "any/c");
    CHECK(here(topics, "c/d") == "-");
}

TEST_CASE("bridge topics: an empty pattern is a single topic, named by its prefixes") {
    const BridgeTopics topics({line("", kBoth, "here/one", "there/uno")});
    CHECK(there(topics, "here/one") == "there/uno");
    CHECK(there(topics, "here/one/more") == "-");
    CHECK(here(topics, "there/uno") == "here/one");
    CHECK(topics.local_filters().front().filter == "here/one");
}

TEST_CASE("bridge topics: the level above a prefix has no name on the other side") {
    const BridgeTopics topics({line("#", kOut, "here/", "there/")});
    CHECK(there(topics, "here") == "-");
    CHECK(there(topics, "here/") == "there/");
}

TEST_CASE("bridge topics: nothing is left of a topic, or too much") {
    const BridgeTopics bare({line("", kOut, "a", "b")});
    CHECK(there(bare, "a") == "b");
    const BridgeTopics strips({line("#", kOut, "gone/", "")});
    CHECK(there(strips, "gone/") == "-");
    const BridgeTopics grows({line("#", kOut, "", std::string(60'000, 'p') + "/")});
    CHECK(there(grows, std::string(60'000, 't')) == "-");
}

TEST_CASE("bridge topics: topics of the system cross below a prefix that names them") {
    const BridgeTopics topics({line("broker/#", kIn, "cloud/", "$SYS/")});
    CHECK(here(topics, "$SYS/broker/uptime") == "cloud/broker/uptime");
    const BridgeTopics tail({line("#", kOut, "pre/", "")});
    CHECK(there(tail, "pre/$odd") == "$odd");
}

TEST_CASE("bridge topics: filters of both sides, and what an earlier configuration may have left") {
    const BridgeTopics topics({line("o/#", kOut, "l/", "r/", QoS::at_least_once),
                               line("i", kIn, "l/", "r/", QoS::exactly_once),
                               line("b", kBoth, "l/", "r/"), line("b", kOut, "m/", "r/")});
    std::string local;
    for (const auto& f : topics.local_filters())
        local += f.filter + " ";
    CHECK(local == "l/o/# l/b m/b ");
    CHECK(topics.local_filters().front().qos == QoS::at_least_once);
    std::string remote;
    for (const auto& f : topics.remote_filters())
        remote += f.filter + " ";
    CHECK(remote == "r/i r/b ");
    CHECK(topics.remote_leftovers() == std::vector<std::string>{"r/o/#"});
}

TEST_CASE("bridge topics: lines that cannot be meant are named") {
    CHECK(check_bridge_topic(line("#", kBoth)).empty());
    CHECK(check_bridge_topic(line("", kOut, "a", "b")).empty());
    CHECK(check_bridge_topic(line("", kOut, "a")) == "an empty pattern needs both prefixes");
    CHECK_FALSE(check_bridge_topic(line("a#", kOut)).empty());
    CHECK_FALSE(check_bridge_topic(line("#", kOut, "no-slash")).empty());
    CHECK_FALSE(check_bridge_topic(line("a", kOut, "+/")).empty());
    CHECK_FALSE(check_bridge_topic(line("$share/g/a", kIn)).empty());
}

TEST_CASE("bridge hops: own name is found among other properties, and added behind them") {
    PropertyList list;
    list.add(PropertyId::content_type, "text").add_user("mqtt-hop", "a").add_user("other", "b");
    CHECK(broker::has_hop(list.view(), "a"));
    CHECK_FALSE(broker::has_hop(list.view(), "b"));
    const PropertyList more = broker::with_hop(list.view(), "b");
    CHECK(broker::has_hop(more.view(), "a"));
    CHECK(broker::has_hop(more.view(), "b"));
    CHECK(more.view().text(PropertyId::content_type) == "text");
}

TEST_CASE("bridge dialects: 5.0, then 3.1.1 as a bridge, then plain, then from the start") {
    Dialects all({}, true);
    CHECK(all.current() == broker::Dialect{ProtocolVersion::v5, false});
    CHECK(all.next());
    CHECK(all.current() == broker::Dialect{ProtocolVersion::v3_1_1, true});
    CHECK(all.next());
    CHECK(all.current() == broker::Dialect{ProtocolVersion::v3_1_1, false});
    CHECK_FALSE(all.next());
    CHECK(all.current().version == ProtocolVersion::v5);

    Dialects only_5(ProtocolVersion::v5, true);
    CHECK_FALSE(only_5.next());
    Dialects open_31(ProtocolVersion::v3_1, false);
    CHECK(open_31.current() == broker::Dialect{ProtocolVersion::v3_1, false});
    CHECK_FALSE(open_31.next());
}
