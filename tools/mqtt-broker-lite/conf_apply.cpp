// See conf_apply.hpp.
#include "mqtt-broker-lite/conf_apply.hpp"

#include <fmt/format.h>

namespace tools::broker_lite {
namespace {

using mqtt::Transport;

void check_tls(Conf& conf, const ConfListener& listener) {
    const auto wrong = [&](std::string_view text) {
        conf.problems.push_back(
            {true,
             fmt::format("{}: {}", listener.place.empty() ? "default listener" : listener.place,
                         text)});
    };
    const mqtt::TlsOptions& tls = listener.tls;
    if (tls.certificate_file.empty() != tls.key_file.empty()) {
        wrong(tls.key_file.empty() ? "certfile needs keyfile" : "keyfile needs certfile");
    }
    if (!tls.certificate_file.empty()) return;
    if (!tls.ca_file.empty() || !tls.ca_directory.empty()) {
        wrong("cafile and capath are for TLS listeners: certfile and keyfile are missing");
    }
    if (tls.require_client_certificate)
        wrong("require_certificate needs certfile, keyfile and cafile");
    if (listener.uses_common_name || listener.uses_subject) {
        wrong(
            "user names from certificates need certfile, keyfile, cafile and require_certificate");
    }
}

// IPv6 addresses with and without brackets; a family only, when that is all that was said.
std::string host_of(const ConfListener& listener) {
    if (!listener.host.empty()) return listener.host;
    if (listener.domain == "ipv4") return "0.0.0.0";
    if (listener.domain == "ipv6") return "::";
    return {};
}

mqtt::ListenerConfig listener_config(const ConfListener& listener) {
    mqtt::ListenerConfig config;
    const bool has_tls = !listener.tls.certificate_file.empty();
    config.endpoint.transport = listener.is_websocket
                                    ? (has_tls ? Transport::secure_websocket : Transport::websocket)
                                    : (has_tls ? Transport::tls : Transport::tcp);
    config.endpoint.host = host_of(listener);
    config.endpoint.port = listener.port;
    if (!listener.unix_path.empty()) {
        config.endpoint.transport = Transport::unix_socket;
        config.endpoint.host.clear();
        config.endpoint.path = listener.unix_path;
    }
    config.tls = listener.tls;
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

// What holds at a listener: its own settings or the global ones.
ConfAccess access_at(const Conf& conf, const ConfListener& listener, bool is_local) {
    ConfAccess access = conf.per_listener_settings ? listener.access : conf.access;
    if (listener.access.allow_anonymous) access.allow_anonymous = listener.access.allow_anonymous;
    if (!access.allow_anonymous) access.allow_anonymous = is_local;
    return access;
}

}  // namespace

mqtt::BrokerConfig broker_config(Conf& conf, const std::vector<mqtt::Endpoint>& flags,
                                 std::vector<ConfAccess>& accesses) {
    mqtt::BrokerConfig config = conf.config;
    std::vector<const ConfListener*> all;
    if (conf.default_listener.is_mentioned) all.push_back(&conf.default_listener);
    for (const ConfListener& listener : conf.listeners)
        all.push_back(&listener);
    for (const ConfListener* listener : all) {
        check_tls(conf, *listener);
        config.listeners.push_back(listener_config(*listener));
        accesses.push_back(access_at(conf, *listener, false));
    }
    if (all.empty()) {
        std::vector<mqtt::Endpoint> local = flags;
        if (local.empty()) local.emplace_back();
        for (const mqtt::Endpoint& endpoint : local) {
            config.listeners.push_back(local_listener(endpoint, conf.default_listener));
            accesses.push_back(access_at(conf, conf.default_listener, true));
        }
    }
    config.log_packets = conf.log_packets;
    return config;
}

std::string effective_text(const Conf& conf) {
    std::string text;
    for (const ConfLine& line : conf.lines)
        text += fmt::format("{} {}  # {}\n", line.key, line.value, line.place());
    return text;
}

}  // namespace tools::broker_lite
