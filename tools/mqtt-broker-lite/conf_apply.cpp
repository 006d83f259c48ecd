// See conf_apply.hpp.
#include "mqtt-broker-lite/conf_apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "mqtt-broker-lite/conf_check.hpp"

namespace tools::broker_lite {
namespace {

using mqtt::Transport;

mqtt::ListenerConfig listener_config(const ConfListener& listener, const ConfAccess& access) {
    mqtt::ListenerConfig config;
    const bool tls = listener.has_tls();
    config.endpoint.transport = listener.is_websocket
                                    ? (tls ? Transport::secure_websocket : Transport::websocket)
                                    : (tls ? Transport::tls : Transport::tcp);
    config.endpoint.host = listener.address();
    config.endpoint.port = listener.port;
    config.shares_websocket = listener.is_shared;
    if (!listener.unix_path.empty()) {
        config.endpoint.transport = Transport::unix_socket;
        config.endpoint.host.clear();
        config.endpoint.path = listener.unix_path;
        config.shares_websocket = listener.is_shared || listener.is_websocket;
    }
    config.serves_http = listener.is_http;
    if (listener.serves_files()) config.http_folder = listener.http_dir;
    config.interface = listener.interface;
    config.mount_point = listener.mount_point;
    config.assigned_id_prefix = listener.assigned_id_prefix;
    config.empty_client_id_allowed = listener.empty_client_id_allowed;
    if (listener.unix_mode) config.unix_mode = *listener.unix_mode;
    config.proxy_header = listener.proxy_header;
    config.proxy_peers = listener.proxy_peers;
    config.proxy_requires_tls = listener.proxy_requires_tls;
    config.tls = listener.tls;
    if (!listener.tls.psk_hint.empty()) config.tls.psk_file = access.psk_file;
    config.limits = listener.limits;
    using Source = mqtt::UserNameSource;
    config.user_name_source = listener.uses_common_name ? Source::common_name
                              : listener.uses_subject   ? Source::subject
                                                        : Source::packet;
    config.user_name_is_client_id = listener.uses_user_name_as_client_id;
    config.versions = listener.versions;
    config.websocket_origins = listener.websocket_origins;
    return config;
}

mqtt::ListenerConfig local_listener(mqtt::Endpoint endpoint, const ConfListener& usual) {
    mqtt::ListenerConfig config;
    config.endpoint = std::move(endpoint);
    config.endpoint.host = "localhost";
    config.limits = usual.limits;
    return config;
}

// Bridges have no keys of their own for engines: those of the default listener count, as in mosquitto.
mqtt::BridgeConfig bridge_config(const ConfBridge& bridge, const mqtt::TlsOptions& usual) {
    mqtt::BridgeConfig config = bridge.config;
    if (bridge.is_tls) {
        config.connect.tls.engine = usual.engine;
        config.connect.tls.engine_has_key = usual.engine_has_key;
        config.connect.tls.engine_pin_sha1 = usual.engine_pin_sha1;
    }
    for (mqtt::Endpoint& endpoint : config.addresses) {
        if (bridge.is_tls) endpoint.transport = Transport::tls;
        if (endpoint.port == 0) endpoint.port = mqtt::default_port(endpoint.transport);
    }
    return config;
}

// What holds at a listener: its own settings or the global ones.
ConfAccess access_at(const Conf& conf, const ConfListener& listener, bool is_local) {
    ConfAccess access = conf.per_listener_settings ? listener.access : conf.access;
    if (listener.access.allow_anonymous) access.allow_anonymous = listener.access.allow_anonymous;
    if (!access.allow_anonymous) access.allow_anonymous = is_local;
    return access;
}

// Where others can reach the console, nobody is let in without a password.
void close_console(const mqtt::ListenerConfig& listener, ConfAccess& access) {
    const mqtt::Endpoint& endpoint = listener.endpoint;
    const bool is_local = endpoint.transport == Transport::unix_socket ||
                          endpoint.host == "localhost" || endpoint.host == "::1" ||
                          endpoint.host.starts_with("127.");
    if (listener.serves_http && !is_local) access.allow_anonymous = false;
}

// Only a console was said, or nothing: MQTT is for this machine.
bool has_mqtt(const std::vector<const ConfListener*>& listeners) {
    return std::any_of(listeners.begin(), listeners.end(),
                       [](const ConfListener* listener) { return !listener->is_http; });
}

std::vector<const ConfListener*> all_listeners(const Conf& conf) {
    std::vector<const ConfListener*> all;
    if (conf.default_listener.is_mentioned) all.push_back(&conf.default_listener);
    for (const ConfListener& listener : conf.listeners)
        all.push_back(&listener);
    return all;
}

}  // namespace

mqtt::BrokerConfig broker_config(Conf& conf, const std::vector<mqtt::Endpoint>& flags,
                                 std::vector<ConfAccess>& accesses) {
    mqtt::BrokerConfig config = conf.config;
    const std::vector<const ConfListener*> all = all_listeners(conf);
    const bool is_local = !has_mqtt(all);
    check_ports(conf, all);
    for (const ConfListener* listener : all) {
        ConfAccess access = access_at(conf, *listener, is_local);
        check_listener(conf, *listener, access);
        config.listeners.push_back(listener_config(*listener, access));
        close_console(config.listeners.back(), access);
        accesses.push_back(access);
    }
    if (is_local) {
        std::vector<mqtt::Endpoint> local = flags;
        if (local.empty()) local.emplace_back();
        for (const mqtt::Endpoint& endpoint : local) {
            config.listeners.push_back(local_listener(endpoint, conf.default_listener));
            accesses.push_back(access_at(conf, conf.default_listener, true));
        }
    }
    for (const ConfBridge& bridge : conf.bridges) {
        check_bridge(conf, bridge);
        config.bridges.push_back(bridge_config(bridge, conf.default_listener.tls));
    }
    config.log_packets = conf.log_packets;
    if (config.persistence != mqtt::Persistence::off) {
        const std::filesystem::path folder = conf.persistence_location;
        config.store_file = folder / conf.persistence_file;
    }
    return config;
}

ConfAccess access_of_flag(const Conf& conf, const mqtt::ListenerConfig& listener) {
    if (!listener.serves_http) return conf.access;
    ConfAccess access = access_at(conf, conf.default_listener, !has_mqtt(all_listeners(conf)));
    close_console(listener, access);
    return access;
}

namespace {

// Which has been told.
bool is_incomplete(const mqtt::TlsOptions& tls) {
    if (tls.engine_has_key && tls.engine.empty()) return true;
    return tls.certificate_file.empty() != tls.key_file.empty() ||
           (tls.certificate_file.empty() && tls.psk_file.empty() && tls.psk_hint.empty());
}

// The key whose value the message is about, and what to do.
struct TlsRemedy {
    std::string_view key, text;
};
TlsRemedy remedy_of(const mqtt::TlsOptions& tls, std::string_view message) {
    static constexpr std::string_view kReadable =
        "it must be a PEM file that the broker's user is able to read";
    static constexpr std::string_view kEngine =
        "openssl engine -t -c NAME tells whether it works; OPENSSL_ENGINES names the folder of "
        "engines";
    if (tls.engine_has_key && message.find("has no private key") != std::string_view::npos) {
        return {"keyfile",
                "name a key that it has; tls_engine_kpass_sha1 is for the password that it wants"};
    }
    const std::pair<const std::string&, TlsRemedy> all[] = {
        {tls.certificate_file, {"certfile", kReadable}},
        {tls.key_file, {"keyfile", kReadable}},
        {tls.crl_file, {"crlfile", kReadable}},
        {tls.ca_file, {"cafile", kReadable}},
        {tls.ca_directory, {"capath", "c_rehash makes such folders"}},
        {tls.engine, {"tls_engine", kEngine}},
        {tls.psk_file, {"psk_file", "the user who starts the broker must be able to read it"}},
        {tls.ciphers, {"ciphers", "openssl ciphers lists what there is"}},
        {tls.ciphersuites, {"ciphers_tls1.3", "openssl ciphers -tls1_3 lists what there is"}},
    };
    if (message.find("does not belong") != std::string_view::npos) {
        return {"keyfile", "name the key that this certificate was made for"};
    }
    for (const auto& [value, remedy] : all) {
        if (value.empty()) continue;
        if (message.find('\'' + value + '\'') != std::string_view::npos) return remedy;
        if (message.starts_with(value + ':')) return {remedy.key, "correct this line"};
    }
    return {tls.certificate_file.empty() ? "psk_hint" : "certfile", "correct these settings"};
}

}  // namespace

std::vector<mqtt::ListenerTls> load_certificates(Conf& conf, const mqtt::BrokerConfig& config) {
    const std::vector<const ConfListener*> all = all_listeners(conf);
    std::vector<mqtt::ListenerTls> loaded(config.listeners.size());
    for (std::size_t i = 0; i < loaded.size(); ++i) {
        const mqtt::ListenerConfig& listener = config.listeners[i];
        if (!mqtt::uses_tls(listener.endpoint.transport) || is_incomplete(listener.tls)) continue;
        std::string message;
        loaded[i] = mqtt::ListenerTls::load(listener.tls, &message);
        if (loaded[i]) continue;
        const TlsRemedy remedy = remedy_of(listener.tls, message);
        const std::string place = i < all.size() ? conf.place_of(*all[i], remedy.key) + ": " : "";
        conf.problems.push_back({true, fmt::format("{}{}; {}", place, message, remedy.text)});
    }
    return loaded;
}

std::string listener_place(const Conf& conf, std::size_t index) {
    const std::vector<const ConfListener*> all = all_listeners(conf);
    return index < all.size() ? all[index]->place : std::string();
}

}  // namespace tools::broker_lite
