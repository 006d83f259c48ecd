// Keys of limits.
#include <algorithm>
#include <chrono>
#include <limits>

#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"
#include "mqtt-broker-lite/options.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

// 90s, 12h, 14d, 2w, 2m (months), 1y.
void set_client_expiration(Conf& conf, const ConfLine& line) {
    static constexpr std::pair<char, std::int64_t> kUnits[] = {
        {'s', 1}, {'h', 3'600}, {'d', 86'400}, {'w', 604'800}, {'m', 2'592'000}, {'y', 31'536'000}};
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const auto& u) { return u.first == line.value.back(); });
    if (unit == std::end(kUnits)) throw ConfError("a number with s, h, d, w, m (months) or y");
    ConfLine number = line;
    number.value.pop_back();
    const std::int64_t seconds = integer(number, 1, kMostNumber) * unit->second;
    conf.config.persistent_session_expiry =
        static_cast<std::uint32_t>(std::min<std::int64_t>(seconds, mqtt::kNeverExpires - 1));
}

void set_overlapping(Conf& conf, const ConfLine& line) {
    if (!boolean(line)) return;
    conf.problems.push_back(
        {false, line.place() +
                    ": allow_duplicate_messages: overlapping subscriptions of a client give "
                    "one copy here, with the highest QoS and all identifiers"});
}

void set_queue_overflow(Conf& conf, const ConfLine& line) {
    const auto policy = parse_queue_overflow(line.value);
    if (!policy)
        throw ConfError("'" + line.value + "' is none of newest, oldest, disconnect, block");
    conf.config.queue_overflow = *policy;
}

constexpr ConfKey kKeys[] = {
    {"max_connections", listener, used, "N", "connections of this listener at a time; -1: no limit",
     CONF_SET(c.current().limits.maximum_connections = limit(line)), false, "-1"},
    {"global_max_connections", general, used, "N", "connections at a time; -1: no limit",
     CONF_SET(c.config.maximum_connections = limit(line)), false, "-1"},
    {"max_connections_per_address", general, used, "N",
     "connections from one address at a time; 0: no limit (ours)",
     CONF_SET(c.config.maximum_connections_per_address = limit(line)), false, "0"},
    {"max_connect_rate", general, used, "N",
     "connections per second and listener; more wait to be accepted; 0: no limit (ours)",
     CONF_SET(c.config.maximum_connect_rate = static_cast<double>(limit(line))), false, "0"},
    {"max_login_delay", general, used, "SECONDS",
     "after many wrong passwords from one address or for one user the next refusals come later and "
     "later, at most as late as this; right passwords are not delayed; 0: all at once (ours)",
     CONF_SET(c.config.maximum_login_delay = std::chrono::seconds(integer(line, 0, 3'600))), false,
     "5"},
    {"connect_timeout", general, used, "SECONDS", "from accepting to CONNECT, 10 (ours)",
     CONF_SET(c.config.connect_timeout = std::chrono::seconds(integer(line, 1, 3'600))), false,
     "10"},
    {"max_connect_packet_size", general, used, "BYTES", "largest CONNECT, 65536 (ours)",
     CONF_SET(const auto size = number<std::uint32_t>(line, 20, 268'435'460);
              c.default_listener.limits.maximum_connect_packet_size = size;
              for (ConfListener & l
                   : c.listeners) l.limits.maximum_connect_packet_size = size),
     false, "65536"},
    {"max_subscriptions", general, used, "N", "subscriptions per client; 0: no limit (ours)",
     CONF_SET(c.config.maximum_subscriptions = limit(line)), false, "0"},
    {"max_topic_levels", general, used, "N", "levels of a topic, 200 (ours)",
     CONF_SET(c.config.maximum_topic_levels = number<std::size_t>(line, 1, 65'535)), false, "200"},
    {"max_publish_rate", general, used, "N",
     "messages per second and client; over it reading from the client waits; 0: no limit (ours)",
     CONF_SET(c.config.maximum_publish_rate = static_cast<double>(limit(line))), false, "0"},
    {"queue_overflow", general, used, "newest|oldest|disconnect|block",
     "what goes when a queue is full: the newest message, as mosquitto does, the oldest, or the "
     "subscriber; block withholds the publisher's acknowledgement until there is room (ours)",
     set_queue_overflow, false, "newest"},
    {"max_inflight_messages", general, used, "N",
     "QoS 1 and 2 messages sent to a client and not yet acknowledged; 0: 65535",
     CONF_SET(const auto n = number<std::uint16_t>(line, 0, 65'535);
              c.config.maximum_inflight = n == 0 ? 65'535 : n),
     false, "1000"},
    {"receive_maximum", listener, used, "N",
     "QoS 1 and 2 messages that a client may have sent and not seen acknowledged; told to MQTT 5.0 "
     "clients (ours)",
     CONF_SET(c.current().limits.receive_maximum = number<std::uint16_t>(line, 1, 65'535)), false,
     "1000"},
    {"max_queued_messages", general, used, "N",
     "QoS 1 and 2 messages that wait for a client; 0: no limit",
     CONF_SET(c.config.maximum_queued_messages = limit(line)), false, "1000"},
    {"max_queued_bytes", general, used, "BYTES", "their memory per client; 0: no limit",
     CONF_SET(c.config.maximum_queued_bytes = limit(line)), false, "67108864"},
    {"queue_qos0_messages", general, used, "true|false",
     "queue QoS 0 messages too for clients that are away",
     CONF_SET(c.config.queue_qos0_offline = boolean(line)), false, "false"},
    {"max_packet_size", general, used, "BYTES", "largest packet that a client may send",
     CONF_SET(c.default_listener.limits.maximum_packet_size =
                  number<std::uint32_t>(line, 20, 268'435'460);
              for (ConfListener & l
                   : c.listeners) l.limits.maximum_packet_size =
                  c.default_listener.limits.maximum_packet_size)},
    {"max_keepalive", general, used, "SECONDS",
     "longest keep-alive: MQTT 5.0 clients that ask for more, or for none, are told this one, "
     "others are refused; 0: what they ask for",
     CONF_SET(c.config.maximum_keep_alive = number<std::uint16_t>(line, 0, 65'535)), false, "0"},
    {"max_qos", listener, used, "0|1|2", "highest QoS that clients may publish with",
     CONF_SET(c.current().limits.maximum_qos = static_cast<mqtt::QoS>(integer(line, 0, 2))), false,
     "2"},
    {"maximum_qos", listener, used, "0|1|2", "as max_qos",
     CONF_SET(c.current().limits.maximum_qos = static_cast<mqtt::QoS>(integer(line, 0, 2)))},
    {"max_topic_alias", listener, used, "N", "topic aliases that an MQTT 5.0 client may set",
     CONF_SET(c.current().limits.topic_alias_maximum = number<std::uint16_t>(line, 0, 65'535)),
     false, "64"},
    {"max_topic_alias_broker", listener, used, "N",
     "topic aliases that an MQTT 5.0 client gets, if it can keep so many; 0: none",
     CONF_SET(c.current().limits.outgoing_topic_alias_maximum =
                  number<std::uint16_t>(line, 0, 65'535)),
     false, "65535"},
    {"retain_available", general, used, "true|false", "false: retained messages are refused",
     CONF_SET(const bool yes = boolean(line); c.default_listener.limits.retain_available = yes;
              for (ConfListener & l
                   : c.listeners) l.limits.retain_available = yes),
     false, "true"},
    {"persistent_client_expiration", general, used, "N(s|h|d|w|m|y)",
     "how long sessions of clients that are away are kept", set_client_expiration},
    {"message_size_limit", general, used, "BYTES",
     "largest payload; a PUBLISH with more is refused with 0x97, or acknowledged to 3.x clients "
     "and "
     "dropped; 0: no limit",
     CONF_SET(c.config.maximum_payload_size = limit(line)), false, "0"},
    {"max_inflight_bytes", general, used, "BYTES",
     "payload of QoS 1 and 2 messages sent to a client and not yet acknowledged: the next one goes "
     "while it is less, so that a larger message goes alone; beside max_inflight_messages; 0: no "
     "limit",
     CONF_SET(c.config.maximum_inflight_bytes = limit(line)), false, "0"},
    {"queue_memory", general, used, "BYTES",
     "with persistence: memory of waiting messages of all clients together; what is queued beyond "
     "is on the disk only until its turn comes; 0: no limit",
     CONF_SET(c.config.queue_memory = limit(line)), false, "67108864"},
    {"memory_limit", general, used, "BYTES",
     "memory of messages, queues, subscriptions and buffers; near it nothing new is taken (CONNECT "
     "and QoS 1 and 2 are refused with 0x97, QoS 0 is dropped), over it the largest queues are "
     "thrown away and their clients disconnected; 0: no limit",
     CONF_SET(c.config.memory_limit = static_cast<std::size_t>(
                  integer(line, 0, std::numeric_limits<std::int64_t>::max()))),
     false, "0"},
    {"global_max_clients", general, used, "N",
     "sessions at a time, of clients that are there or away; -1: no limit",
     CONF_SET(c.config.maximum_sessions = limit(line)), false, "-1"},
    {"upgrade_outgoing_qos", general, used, "true|false",
     "deliver with the QoS of the subscription even when the message has a lower one",
     CONF_SET(c.config.upgrade_outgoing_qos = boolean(line)), false, "false"},
    {"allow_duplicate_messages", general, used, "false",
     "overlapping subscriptions of a client give one copy", set_overlapping, false, "false"},
};

}  // namespace

std::span<const ConfKey> limit_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
