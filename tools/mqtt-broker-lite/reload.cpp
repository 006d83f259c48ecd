// See reload.hpp.
#include "mqtt-broker-lite/reload.hpp"

#include <algorithm>

#include "mqtt-broker-lite/conf_apply.hpp"

namespace tools::broker_lite {
namespace {

using mqtt::LogLevel;

void reload_certificates(const mqtt::BrokerConfig& now, mqtt::Broker& broker, Log& log) {
    for (std::size_t i = 0; i < now.listeners.size(); ++i) {
        if (!mqtt::uses_tls(now.listeners[i].endpoint.transport)) continue;
        std::string message;
        if (!broker.reload_tls(i, now.listeners[i].tls, &message)) {
            log.write(LogLevel::error, message + "; the old certificate stays in use");
        }
    }
}

bool is_reloaded(std::string_view key) {
    static constexpr std::string_view kKeys[] = {"allow_anonymous",
                                                 "listener_allow_anonymous",
                                                 "password_file",
                                                 "acl_file",
                                                 "psk_file",
                                                 "acl_subscribe_mode",
                                                 "certfile",
                                                 "keyfile",
                                                 "cafile",
                                                 "capath",
                                                 "crlfile",
                                                 "ciphers",
                                                 "ciphers_tls1.3",
                                                 "tls_version",
                                                 "psk_hint",
                                                 "require_certificate",
                                                 "disable_client_cert_date_checks"};
    return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
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

}  // namespace

void reload(const Setup& setup, Rights& rights, mqtt::Broker& broker, Log& log) {
    log.reopen();
    if (!setup.has_file()) return log.write("Nothing to reload: no configuration file.");
    log.write("Reloading config.");
    Conf conf;
    read_conf(conf, setup.options.config_file);
    std::vector<ConfAccess> accesses;
    const mqtt::BrokerConfig config = broker_config(conf, port_flags(setup.options), accesses);
    if (config.listeners.size() > setup.config.listeners.size() ||
        accesses.size() > setup.accesses.size()) {
        conf.problems.push_back({true, "listeners cannot be added while running: restart"});
    }
    for (std::size_t i = accesses.size(); i < setup.accesses.size(); ++i)
        accesses.push_back(setup.accesses[i]);
    if (!conf.has_errors()) rights.load(accesses, conf.problems);
    for (const ConfProblem& problem : conf.problems)
        log.write(problem.is_error ? LogLevel::error : LogLevel::warning, problem.text);
    if (conf.has_errors()) {
        return log.write(LogLevel::error, "The old configuration stays in force.");
    }
    reload_certificates(config, broker, log);
    tell_changes(setup.conf, conf, log);
    log.write(
        "Passwords, access lists and certificates are read again; other changes need a restart.");
}

}  // namespace tools::broker_lite
