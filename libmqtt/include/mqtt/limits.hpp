// The limits of a broker that act on connections and clients, one row each: the name under which
// $SYS/broker/limits/ counts it and the line that the log has when it acts. Used by the broker and by
// whoever shows its figures. Queues and output have counters of their own in BrokerStats.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mqtt {

enum class Limit : std::uint8_t {
    connections,           // BrokerConfig::maximum_connections, or descriptors
    listener_connections,  // ListenerLimits::maximum_connections
    address_connections,   // BrokerConfig::maximum_connections_per_address
    connect_rate,          // accepting waits; counted once per wait
    descriptors,           // the system has none left: accepting waits
    connect_timeout,       // no CONNECT in time
    waiting_logins,        // BrokerConfig::maximum_waiting_logins
    login_delay,           // BrokerConfig::maximum_login_delay: refusals that were held back
    login_budget,          // logins that wait while failed ones are paid for
    connect_size,          // a CONNECT over maximum_connect_packet_size
    keep_alive,            // BrokerConfig::maximum_keep_alive, of a 3.x client
    sessions,              // BrokerConfig::maximum_sessions
    subscriptions,         // BrokerConfig::maximum_subscriptions
    topic_levels,          // BrokerConfig::maximum_topic_levels
    publish_rate,          // reading waits; counted once per wait
    message_size,          // BrokerConfig::maximum_payload_size
    store_failing,         // refused what would have to be durable and cannot be written
    memory_soft,           // refused CONNECT, PUBLISH and SUBSCRIBE
    memory_hard,           // queues thrown away
    queue_disconnects,     // clients ended by QueueOverflow::disconnect
    queue_blocks,          // acknowledgements withheld by QueueOverflow::block
    sys_publish,           // PUBLISH and wills of clients into $SYS
    payload_format,        // BrokerConfig::check_payload_format
    publish_rights,        // BrokerConfig::authorize refused a PUBLISH
};
inline constexpr std::size_t kLimits = 24;

struct LimitInfo {
    std::string_view name;  // "max_connections"
    std::string_view line;  // with {} for the address or client id
};
const LimitInfo& info(Limit limit);

// How often each limit acted.
struct LimitHits {
    std::array<std::uint64_t, kLimits> counts{};
    std::uint64_t& operator[](Limit limit) { return counts[static_cast<std::size_t>(limit)]; }
    std::uint64_t operator[](Limit limit) const { return counts[static_cast<std::size_t>(limit)]; }
};

}  // namespace mqtt
