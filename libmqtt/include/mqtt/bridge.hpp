// What a bridge is: two brokers joined by a connection that this one makes, and the topics that go over it.
// Part of BrokerConfig; used by mqtt-broker-lite's `connection` sections. Plain data, checked when the
// broker is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/endpoint.hpp"
#include "mqtt/options.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

enum class BridgeDirection : std::uint8_t {
    out,  // from here to the remote broker
    in,
    both,
};

// Which messages cross. Here they are below local_prefix + pattern, there below remote_prefix + pattern:
// one prefix is taken off and the other put on. Where several lines match, the first counts.
struct BridgeTopic {
    std::string pattern =
        "#";  // a filter; may be empty when both prefixes are given: a single topic
    BridgeDirection direction = BridgeDirection::out;
    QoS qos = QoS::at_most_once;
    std::string local_prefix;
    std::string remote_prefix;
};

// What is wrong with it, as a sentence without its end; empty: nothing.
std::string check_bridge_topic(const BridgeTopic& topic);

enum class BridgeStart : std::uint8_t {
    automatic,  // connected as long as the broker runs
    lazy,       // when `threshold` messages wait; ends when nothing has crossed for `idle_timeout`
    once,       // connected at the start, and not again when that ends or fails
};

struct BridgeConfig {
    std::string name;
    // Tells configurations of one bridge apart, for Broker::change_bridges: where it differs, the bridge
    // is made anew.
    std::string revision;
    // False: not before its connection ends.
    bool changes_at_once = true;
    // In the order of preference: the first that answers is used, and the first of all again when it is
    // back. With round_robin each attempt takes the next and stays there.
    std::vector<Endpoint> addresses;
    bool round_robin = false;
    std::vector<BridgeTopic> topics;

    // How it connects: TLS, user name and password, keep alive, local address, largest packet. Endpoint,
    // client id, version, clean start, will and properties are the bridge's own business.
    ConnectOptions connect;
    // Nothing: 5.0, and 3.1.1 where the remote broker knows no better.
    std::optional<ProtocolVersion> version;
    bool try_private = true;  // 3.x: tell the remote broker that this is a bridge, if it takes that
    std::string remote_client_id;  // empty: NAME.HOST
    std::string
        local_client_id;  // of its session in this broker; empty: "local." and the remote one
    // Whose rights it has here; empty: all.
    std::string local_user_name;

    bool clean_start = false;  // the remote broker keeps nothing for it while it is away
    // Messages for the remote broker are not kept while it is away; nothing: as clean_start.
    std::optional<bool> local_clean_start;
    std::uint32_t session_expiry = kNeverExpires;  // seconds, at the remote broker (5.0)
    std::uint16_t receive_maximum = 1'000;  // QoS 1/2 messages in flight from the remote (5.0)
    std::uint16_t topic_alias_maximum = 10;

    BridgeStart start = BridgeStart::automatic;
    std::chrono::seconds idle_timeout{60};
    std::size_t threshold = 10;
    // Between attempts: drawn from [base, min(cap, 3 times the last one)].
    std::chrono::milliseconds restart_base{5'000};
    std::chrono::milliseconds restart_cap{30'000};
    // A connection that held so long counts as a success: delays begin at `base` again.
    std::chrono::milliseconds restart_stable{0};

    // Retained "1" and "0" on `notification_topic`, here and, unless local only, at the remote broker
    // (there also as the will). Empty: $SYS/broker/connection/REMOTE-CLIENT-ID/state.
    bool notifications = true;
    bool notifications_local_only = false;
    std::string notification_topic;
    bool attempt_unsubscribe =
        true;                     // from what only goes out, for an earlier configuration's sake
    bool outgoing_retain = true;  // false: messages go out without RETAIN
    // Not empty: this broker's name in the list of hops (user properties "mqtt-hop", 5.0) of what crosses;
    // what has been here before goes no further, over however many brokers it came back.
    std::string hop_name;

    // Of the socket; 0: as the system has it.
    int tcp_keepalive_idle = 0;      // seconds
    int tcp_keepalive_interval = 0;  // seconds
    int tcp_keepalive_count = 0;
    std::chrono::milliseconds tcp_user_timeout{0};
};

}  // namespace mqtt
