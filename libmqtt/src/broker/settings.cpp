// Checks a BrokerConfig and derives the protocol limits of each listener.
#include "broker/settings.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "broker/bridge/bridge.hpp"
#include "broker/http/caller.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {
namespace {

constexpr unsigned kMostThreads = 64;
constexpr rlim_t kReservedDescriptors = 32;  // log, listeners, epoll, files that are opened later

void check_http(const BrokerConfig& config, const ListenerConfig& listener) {
    const bool has_files = !listener.http_folder.empty();
    if ((listener.serves_http || has_files) && listener.proxy_header != ProxyHeader::none) {
        throw std::invalid_argument("a listener for HTTP takes no PROXY header");
    }
    if (has_files && !listener.serves_http && !uses_websocket(listener.endpoint.transport)) {
        throw std::invalid_argument("files are served by listeners for WebSocket or HTTP");
    }
    if (!listener.serves_http) return;
    if (uses_websocket(listener.endpoint.transport) || listener.shares_websocket) {
        throw std::invalid_argument("a listener for HTTP takes WebSocket by itself");
    }
    if (listener.user_name_is_client_id) {
        throw std::invalid_argument(
            "a listener for HTTP cannot use user names as client ids: a request would end the "
            "connection of its user");
    }
    if (!config.authenticate && !http::is_local(listener)) {
        throw std::invalid_argument(
            "a listener for HTTP that others can reach needs users (allow some, or listen on "
            "127.0.0.1)");
    }
}

void check(const BrokerConfig& config) {
    if (config.listeners.empty()) throw std::invalid_argument("the broker has no listener");
    if (config.threads < 1 || config.threads > kMostThreads) {
        throw std::invalid_argument("threads must be from 1 to 64");
    }
    if (config.maximum_inflight == 0) throw std::invalid_argument("maximum_inflight must not be 0");
    if (config.queue_overflow == QueueOverflow::block && config.threads != 1) {
        throw std::invalid_argument("queue_overflow block needs one thread");
    }
    if (config.persistence != Persistence::off && config.store_file.empty()) {
        throw std::invalid_argument("persistence needs a store file");
    }
    for (const BridgeConfig& bridge : config.bridges)
        broker::check(bridge);
    for (const ListenerConfig& listener : config.listeners) {
        if (!listener.mount_point.empty() && !validate_topic_name(listener.mount_point)) {
            throw std::invalid_argument("mount_point '" + listener.mount_point +
                                        "' cannot begin a topic");
        }
        for (const std::string& peer : listener.proxy_peers) {
            if (is_address_range(peer)) continue;
            throw std::invalid_argument("proxy_peers: '" + peer + "' is no address or range");
        }
        if (listener.limits.receive_maximum == 0) {
            throw std::invalid_argument("receive_maximum must not be 0");
        }
        if (uses_tls(listener.endpoint.transport) &&
            (listener.tls.certificate_file.empty() || listener.tls.key_file.empty()) &&
            listener.tls.psk_hex.empty() && listener.tls.psk_file.empty() &&
            listener.tls.psk_hint.empty()) {
            throw std::invalid_argument("a TLS listener needs a certificate and a key");
        }
        check_http(config, listener);
    }
}

void check_names(const std::vector<BridgeConfig>& bridges) {
    for (auto it = bridges.begin(); it != bridges.end(); ++it) {
        const auto is_same = [&](const BridgeConfig& other) {
            return other.name == it->name || other.local_client_id == it->local_client_id;
        };
        if (std::find_if(bridges.begin(), it, is_same) != it) {
            throw std::invalid_argument("bridge " + it->name +
                                        ": another one has its name or its local client id");
        }
    }
}

core::ServerLimits protocol_limits(const ListenerLimits& from) {
    core::ServerLimits limits;
    limits.maximum_connect_packet_size = from.maximum_connect_packet_size;
    limits.announced.maximum_packet_size = from.maximum_packet_size;
    limits.announced.receive_maximum = from.receive_maximum;
    limits.announced.topic_alias_maximum = from.topic_alias_maximum;
    limits.announced.maximum_qos = from.maximum_qos;
    limits.announced.retain_available = from.retain_available;
    limits.announced.wildcard_subscription_available = from.wildcard_subscription_available;
    limits.announced.subscription_identifiers_available = from.subscription_identifiers_available;
    limits.announced.shared_subscription_available = from.shared_subscription_available;
    return limits;
}

// Raises the soft descriptor limit to the hard one; what is left is what can connect.
std::size_t descriptor_capacity() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024 - kReservedDescriptors;
    if (limit.rlim_cur < limit.rlim_max) {
        rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    if (limit.rlim_cur == RLIM_INFINITY) return std::numeric_limits<std::size_t>::max();
    return limit.rlim_cur > 2 * kReservedDescriptors
               ? static_cast<std::size_t>(limit.rlim_cur - kReservedDescriptors)
               : static_cast<std::size_t>(limit.rlim_cur / 2);
}

}  // namespace

BrokerConfig with_limits_of(BrokerConfig running, const BrokerConfig& next) {
    running.connect_timeout = next.connect_timeout;
    running.maximum_keep_alive = next.maximum_keep_alive;
    running.maximum_session_expiry = next.maximum_session_expiry;
    running.persistent_session_expiry = next.persistent_session_expiry;
    running.maximum_connections = next.maximum_connections;
    running.maximum_connections_per_address = next.maximum_connections_per_address;
    running.maximum_sessions = next.maximum_sessions;
    running.maximum_login_delay = next.maximum_login_delay;
    running.maximum_publish_rate = next.maximum_publish_rate;
    running.maximum_payload_size = next.maximum_payload_size;
    running.maximum_subscriptions = next.maximum_subscriptions;
    running.maximum_topic_levels = next.maximum_topic_levels;
    running.client_id_prefix = next.client_id_prefix;
    running.assigned_id_prefix = next.assigned_id_prefix;
    running.empty_client_id_allowed = next.empty_client_id_allowed;
    running.check_payload_format = next.check_payload_format;
    running.check_retain_source = next.check_retain_source;
    running.response_information = next.response_information;
    running.upgrade_outgoing_qos = next.upgrade_outgoing_qos;
    running.maximum_inflight = next.maximum_inflight;
    running.maximum_inflight_bytes = next.maximum_inflight_bytes;
    running.maximum_queued_messages = next.maximum_queued_messages;
    running.maximum_queued_bytes = next.maximum_queued_bytes;
    running.queue_memory = next.queue_memory;
    running.queue_overflow = next.queue_overflow;
    running.queue_qos0_offline = next.queue_qos0_offline;
    running.output_budget_bytes = next.output_budget_bytes;
    running.memory_limit = next.memory_limit;
    running.log_packets = next.log_packets;
    running.log_connections = next.log_connections;
    running.log_subscriptions = next.log_subscriptions;
    running.trace_clients = next.trace_clients;
    running.trace_topics = next.trace_topics;
    for (std::size_t i = 0; i < std::min(running.listeners.size(), next.listeners.size()); ++i) {
        running.listeners[i].limits = next.listeners[i].limits;
        running.listeners[i].assigned_id_prefix = next.listeners[i].assigned_id_prefix;
        running.listeners[i].empty_client_id_allowed = next.listeners[i].empty_client_id_allowed;
    }
    return running;
}

Settings::Settings(BrokerConfig given) : config(std::move(given)) {
    check(config);
    for (BridgeConfig& bridge : config.bridges)
        bridge = resolved(std::move(bridge));
    check_names(config.bridges);
    limits.reserve(config.listeners.size());
    for (const ListenerConfig& listener : config.listeners) {
        limits.push_back(protocol_limits(listener.limits));
    }
    connection_limit = descriptor_capacity();
    if (config.maximum_connections != 0) {
        connection_limit = std::min(connection_limit, config.maximum_connections);
    }
}

}  // namespace mqtt::broker
