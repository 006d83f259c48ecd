// Checks a BrokerConfig and derives the protocol limits of each listener.
#include "broker/settings.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <tuple>

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
    limits.outgoing_topic_alias_maximum = from.outgoing_topic_alias_maximum;
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

// What Broker::change_limits changes, but for the listeners' own.
auto limits_of(auto& config) {
    return std::tie(
        config.connect_timeout, config.maximum_keep_alive, config.maximum_session_expiry,
        config.persistent_session_expiry, config.maximum_connections,
        config.maximum_connections_per_address, config.maximum_sessions, config.maximum_login_delay,
        config.maximum_publish_rate, config.maximum_payload_size, config.maximum_subscriptions,
        config.maximum_topic_levels, config.client_id_prefix, config.assigned_id_prefix,
        config.empty_client_id_allowed, config.check_payload_format, config.check_retain_source,
        config.response_information, config.upgrade_outgoing_qos, config.maximum_inflight,
        config.maximum_inflight_bytes, config.maximum_queued_messages, config.maximum_queued_bytes,
        config.queue_memory, config.queue_overflow, config.queue_qos0_offline,
        config.output_budget_bytes, config.memory_limit, config.log_packets, config.log_connections,
        config.log_subscriptions, config.trace_clients, config.trace_topics);
}
auto limits_of_listener(auto& listener) {
    return std::tie(listener.limits, listener.assigned_id_prefix, listener.empty_client_id_allowed);
}

}  // namespace

BrokerConfig with_limits_of(BrokerConfig running, const BrokerConfig& next) {
    limits_of(running) = limits_of(next);
    for (std::size_t i = 0; i < std::min(running.listeners.size(), next.listeners.size()); ++i)
        limits_of_listener(running.listeners[i]) = limits_of_listener(next.listeners[i]);
    return running;
}

bool has_limits_of(const BrokerConfig& running, const BrokerConfig& next) {
    const auto same = [](const ListenerConfig& a, const ListenerConfig& b) {
        return limits_of_listener(a) == limits_of_listener(b);
    };
    const std::size_t both = std::min(running.listeners.size(), next.listeners.size());
    return limits_of(running) == limits_of(next) &&
           std::equal(running.listeners.begin(),
                      running.listeners.begin() + static_cast<std::ptrdiff_t>(both),
                      next.listeners.begin(), same);
}

bool has_bridges(const BrokerConfig& running, const std::vector<BridgeConfig>& next) {
    const auto same = [](const BridgeConfig& a, const BridgeConfig& b) {
        return !a.revision.empty() && a.name == b.name && a.revision == b.revision;
    };
    return std::equal(running.bridges.begin(), running.bridges.end(), next.begin(), next.end(),
                      same);
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
