// What the flags come to: listeners, and the configuration of a broker.
#include <algorithm>
#include <fstream>

#include "common/flags.hpp"
#include "mqtt-broker-lite/options.hpp"

namespace tools::broker_lite {
namespace {

using mqtt::Endpoint;
using mqtt::Transport;

bool is_bound_by_flag(const Endpoint& endpoint) {
    return endpoint.transport != Transport::unix_socket && endpoint.host.empty();
}

bool is_port_flag(const Endpoint& endpoint) {
    return endpoint.transport == Transport::tcp && endpoint.host.empty();
}

bool is_loopback(const Endpoint& endpoint) {
    return endpoint.host == "localhost" || endpoint.host == "::1" ||
           endpoint.host.starts_with("127.");
}

void add_consoles(const Options& options, std::vector<mqtt::ListenerConfig>& listeners) {
    for (const Endpoint& endpoint : options.consoles) {
        mqtt::ListenerConfig& console = listeners.emplace_back();
        console.endpoint = endpoint;
        console.serves_http = true;
        console.limits = options.limits;
        if (options.tls.certificate_file.empty() || is_loopback(endpoint)) continue;
        console.endpoint.transport = Transport::tls;
        console.tls = options.tls;
    }
}

// Two listeners of one address, one for MQTT and one for WebSocket, become one that takes both.
void share_ports(std::vector<mqtt::ListenerConfig>& listeners) {
    const auto shares_with = [](const Endpoint& plain, const Endpoint& web) {
        const bool fits =
            (plain.transport == Transport::tcp && web.transport == Transport::websocket) ||
            (plain.transport == Transport::tls && web.transport == Transport::secure_websocket);
        return fits && plain.port != 0 && plain.port == web.port && plain.host == web.host;
    };
    for (mqtt::ListenerConfig& plain : listeners) {
        const auto gone = std::remove_if(listeners.begin(), listeners.end(), [&](const auto& web) {
            return shares_with(plain.endpoint, web.endpoint);
        });
        if (gone == listeners.end()) continue;
        plain.shares_websocket = true;
        listeners.erase(gone, listeners.end());
        return share_ports(listeners);
    }
}

}  // namespace

std::string bind_host(const std::string& address) {
    if (address == "any" || address == "*") return {};
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        return address.substr(1, address.size() - 2);
    }
    return address;
}

std::vector<Endpoint> port_flags(const Options& options) {
    std::vector<Endpoint> found;
    for (const Endpoint& endpoint : options.listeners) {
        if (is_port_flag(endpoint)) found.push_back(endpoint);
    }
    return found;
}

std::vector<mqtt::ListenerConfig> extra_listeners(const Options& options) {
    Options extra = options;
    std::erase_if(extra.listeners, is_port_flag);
    if (!extra.listeners.empty()) return make_config(std::move(extra)).listeners;
    std::vector<mqtt::ListenerConfig> consoles;
    add_consoles(extra, consoles);
    return consoles;
}

std::string read_password(const std::string& name, const std::string& path) {
    std::ifstream in(path);
    std::string line;
    if (!in || !std::getline(in, line)) {
        throw UsageError("--user " + name + ": no password can be read from " + path);
    }
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty())
        throw UsageError("--user " + name + ": the first line of " + path + " is empty");
    return line;
}

mqtt::BrokerConfig make_config(Options options) {
    if (options.listeners.empty()) {
        Endpoint usual;
        usual.host.clear();
        options.listeners.push_back(usual);
    }
    if (options.bind.empty()) options.bind.emplace_back("localhost");
    mqtt::BrokerConfig config = std::move(options.config);
    config.listeners.clear();
    for (const Endpoint& endpoint : options.listeners) {
        mqtt::ListenerConfig listener;
        listener.endpoint = endpoint;
        listener.unix_mode = options.unix_mode;
        listener.limits = options.limits;
        if (mqtt::uses_tls(endpoint.transport)) {
            if (options.tls.certificate_file.empty() || options.tls.key_file.empty()) {
                throw UsageError("TLS listeners need --cert FILE and --key FILE");
            }
            listener.tls = options.tls;
        }
        if (!is_bound_by_flag(endpoint)) {
            config.listeners.push_back(std::move(listener));
            continue;
        }
        for (const std::string& address : options.bind) {
            listener.endpoint.host = bind_host(address);
            config.listeners.push_back(listener);
        }
    }
    share_ports(config.listeners);
    add_consoles(options, config.listeners);
    config.log_packets = config.log_packets || options.verbose;
    return config;
}

}  // namespace tools::broker_lite
