// See reload.hpp.
#include "mqtt-broker-lite/reload.hpp"

#include <algorithm>
#include <stdexcept>

#include "mqtt-broker-lite/conf_apply.hpp"

namespace tools::broker_lite {
namespace {

using mqtt::LogLevel;

bool is_same_place(const mqtt::Endpoint& one, const mqtt::Endpoint& other) {
    return one.transport == other.transport && one.host == other.host && one.port == other.port &&
           one.path == other.path;
}

// Rights, limits and certificates go by the number of the listener: the file must have the same ones, in their order,
// or one would get what is meant for another. The last ones may be gone, until a restart.
void check_listeners(const Setup& running, Setup& next) {
    const auto& are = running.config.listeners;
    const auto& wanted = next.config.listeners;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i < are.size() && is_same_place(are[i].endpoint, wanted[i].endpoint)) continue;
        std::string place = listener_place(next.conf, i);
        if (place.empty()) place = next.options.config_file;
        next.conf.problems.push_back(
            {true, place + ": listener: listeners are not opened, moved, or given TLS or another "
                           "protocol while the broker runs: restart it"});
        return;
    }
}

bool has_line(const std::vector<ConfLine>& lines, const ConfLine& wanted) {
    return std::any_of(lines.begin(), lines.end(), [&](const ConfLine& line) {
        return line.key == wanted.key && line.value == wanted.value;
    });
}

// What only a restart would bring about.
void tell_changes(const Conf& before, const Conf& now, Log& log) {
    for (const ConfLine& line : now.lines) {
        if (is_reloaded(line.key) || has_line(before.lines, line)) continue;
        log.write(LogLevel::warning, line.place() + ": " + line.key + " needs a restart");
    }
    for (const ConfLine& line : before.lines) {
        const bool is_changed =
            std::any_of(now.lines.begin(), now.lines.end(),
                        [&](const ConfLine& other) { return other.key == line.key; });
        if (is_reloaded(line.key) || is_changed) continue;
        log.write(LogLevel::warning, line.key + " is gone from the file; that needs a restart");
    }
}

void tell_problems(const std::vector<ConfProblem>& problems, Log& log) {
    for (const ConfProblem& problem : problems)
        log.write(problem.is_error ? LogLevel::error : LogLevel::warning, problem.text);
}

// Null: one cannot be read, which is a problem.
Rights::Users read_users(Setup& setup) {
    try {
        return Rights::read_users(setup.options.users);
    } catch (const UsageError& error) {
        setup.conf.problems.push_back({true, error.what()});
        return nullptr;
    }
}

// What flags name and may change: certificates, and passwords of --user.
void reload_flags(Setup& next, Rights& rights, mqtt::Broker& broker, Log& log) {
    const auto& listeners = next.config.listeners;
    const bool has_tls = std::any_of(listeners.begin(), listeners.end(), [](const auto& listener) {
        return mqtt::uses_tls(listener.endpoint.transport);
    });
    if (!has_tls && next.options.users.empty())
        return log.write("Nothing to reload: no configuration file.");
    std::vector<mqtt::ListenerTls> certificates = load_certificates(next.conf, next.config);
    Rights::Users users = read_users(next);
    tell_problems(next.conf.problems, log);
    if (next.conf.has_errors()) {
        return log.write(LogLevel::error, "The old certificates and passwords stay in use.");
    }
    rights.use(std::move(users));
    broker.use_tls(std::move(certificates));
    broker.forget_logins();
    log.write("Certificates and passwords are read again; there is no configuration file.");
}

}  // namespace

bool is_reloaded(std::string_view key) {
    static constexpr std::string_view kKeys[] = {
        "acl_file",
        "acl_subscribe_mode",
        "allow_anonymous",
        "allow_zero_length_clientid",
        "auth_opt_acl_file",
        "auth_opt_password_file",
        "auto_id_prefix",
        "cafile",
        "capath",
        "certfile",
        "check_payload_format",
        "check_retain_source",
        "ciphers",
        "ciphers_tls1.3",
        "clientid_prefixes",
        "connect_timeout",
        "connection_messages",
        "crlfile",
        "disable_client_cert_date_checks",
        "global_max_clients",
        "global_max_connections",
        "keyfile",
        "listener_allow_anonymous",
        "listener_auto_id_prefix",
        "log_format",
        "log_timestamp",
        "log_timestamp_format",
        "log_type",
        "max_connect_packet_size",
        "max_connections",
        "max_connections_per_address",
        "max_inflight_bytes",
        "max_inflight_messages",
        "max_keepalive",
        "max_login_delay",
        "max_packet_size",
        "max_publish_rate",
        "max_qos",
        "max_queued_bytes",
        "max_queued_messages",
        "max_subscriptions",
        "max_topic_alias",
        "max_topic_alias_broker",
        "max_topic_levels",
        "maximum_qos",
        "memory_limit",
        "message_size_limit",
        "password_file",
        "persistent_client_expiration",
        "plugin_opt_acl_file",
        "plugin_opt_password_file",
        "psk_file",
        "psk_hint",
        "queue_memory",
        "queue_overflow",
        "queue_qos0_messages",
        "receive_maximum",
        "require_certificate",
        "response_information",
        "retain_available",
        "tls_engine",
        "tls_engine_kpass_sha1",
        "tls_keyform",
        "tls_version",
        "trace_client",
        "trace_topic",
        "upgrade_outgoing_qos",
    };
    const std::span<const ConfKey> all = conf_table();
    const auto row = std::find_if(all.begin(), all.end(),
                                  [&](const ConfKey& known) { return known.name == key; });
    return (row != all.end() && row->scope == ConfScope::bridge) ||
           std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

void reload(const Setup& setup, Rights& rights, mqtt::Broker& broker, Log& log) {
    log.reopen();
    Invocation again;
    again.uses = setup.uses;
    if (setup.has_file()) log.write("Reloading config.");
    Setup next = read_setup(again);
    if (!setup.has_file()) return reload_flags(next, rights, broker, log);
    std::vector<ConfProblem>& problems = next.conf.problems;
    check_listeners(setup, next);
    for (std::size_t i = next.accesses.size(); i < setup.accesses.size(); ++i)
        next.accesses.push_back(setup.accesses[i]);
    if (!next.conf.has_errors()) {
        try {
            const mqtt::Broker opens_nothing(next.config);
        } catch (const std::invalid_argument& contradiction) {
            problems.push_back({true, next.conf.at_named_key(contradiction.what())});
        }
    }
    // All or nothing: what can fail comes first. Files are read once, into what is then used.
    Rights::Gates gates;
    std::vector<mqtt::ListenerTls> certificates;
    Rights::Users users;
    if (!next.conf.has_errors()) {
        users = read_users(next);
        gates = Rights::read(next.accesses, problems);
        certificates = load_certificates(next.conf, next.config);
    }
    if (gates && rights.needs_restart(gates)) {
        std::string place;
        for (const auto* key : {"acl_file", "plugin_opt_acl_file", "auth_opt_acl_file"})
            if (place.empty()) place = next.conf.place_of(key);
        problems.push_back({true, place + ": acl_file: the broker was started without any: only a "
                                          "restart brings the first one into effect"});
    }
    std::string contradiction;
    if (!next.conf.has_errors() && !broker.change_limits(next.config, &contradiction)) {
        problems.push_back({true, next.conf.at_named_key(contradiction)});
    }
    if (!next.conf.has_errors() && !broker.change_bridges(next.config.bridges, &contradiction)) {
        problems.push_back({true, next.conf.at_named_key(contradiction)});
    }
    if (!next.conf.has_errors()) {
        rights.use(std::move(gates));
        rights.use(std::move(users));
        broker.use_tls(std::move(certificates));
        broker.forget_logins();
    }
    tell_problems(problems, log);
    if (next.conf.has_errors()) {
        return log.write(LogLevel::error, "The old configuration stays in force.");
    }
    log.change(log_settings(next.conf, next.options));
    tell_changes(setup.conf, next.conf, log);
    log.write(
        "Passwords, access lists, certificates, limits, bridges and what the log tells are read "
        "again; other changes need a restart.");
}

}  // namespace tools::broker_lite
