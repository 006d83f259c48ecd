// mqtt-broker-lite: flags and configuration file to a running broker, and the wait for signals.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "mqtt-broker-lite/conf_apply.hpp"
#include "mqtt-broker-lite/conf_page.hpp"
#include "mqtt-broker-lite/log.hpp"
#include "mqtt-broker-lite/notify.hpp"
#include "mqtt-broker-lite/options.hpp"
#include "mqtt-broker-lite/passwd.hpp"
#include "mqtt-broker-lite/rights.hpp"
#include "mqtt-broker-lite/start_lines.hpp"

namespace tools::broker_lite {
namespace {

// Blocked before any thread starts, so that only sigwait below sees them.
sigset_t block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    return set;
}

void write_lines(const std::string& path, const std::vector<std::string>& lines) {
    const std::string temporary = path + ".new";
    std::FILE* file = std::fopen(temporary.c_str(), "w");
    bool good = file != nullptr;
    if (good) {
        for (const std::string& line : lines)
            good = std::fprintf(file, "%s\n", line.c_str()) > 0 && good;
        good = std::fclose(file) == 0 && good;
    }
    if (!good || std::rename(temporary.c_str(), path.c_str()) != 0) {
        throw ToolError(kExitOutput, "cannot write " + path);
    }
}

// What flags and file ask for, together. A run without file is open to everybody, as its start says.
struct Setup {
    Options options;
    Conf conf;
    mqtt::BrokerConfig config;
    std::vector<ConfAccess> accesses;  // per listener of the file; empty without one
};

Setup read_setup(const Invocation& invocation) {
    Setup setup;
    for (const FlagUse& use : invocation.uses)
        apply_flag(flag_table(), setup.options, use);
    if (setup.options.config_file.empty()) {
        setup.config = make_config(setup.options);
        return setup;
    }
    read_conf(setup.conf, setup.options.config_file);
    mqtt::BrokerConfig from_file =
        broker_config(setup.conf, port_flags(setup.options), setup.accesses);
    // Flags win: they are applied once more, on top of the file's values.
    Options options;
    options.config = from_file;
    for (const FlagUse& use : invocation.uses)
        apply_flag(flag_table(), options, use);
    setup.config = options.config;
    setup.config.listeners = from_file.listeners;
    setup.config.log_packets = from_file.log_packets || options.verbose;
    for (mqtt::ListenerConfig& listener : extra_listeners(options)) {
        setup.config.listeners.push_back(std::move(listener));
        setup.accesses.push_back(setup.conf.access);
    }
    setup.options = std::move(options);
    return setup;
}

// Errors on standard error, one line each; true when there were none.
bool tell(const Conf& conf) {
    for (const ConfProblem& problem : conf.problems) {
        std::fprintf(stderr, "mqtt-broker-lite: %s%s\n",
                     problem.is_error ? "" : "warning: ", problem.text.c_str());
    }
    return !conf.has_errors();
}

LogSettings log_settings(const Setup& setup) {
    LogSettings settings;
    settings.quiet = setup.options.quiet || (setup.conf.log_none && !setup.options.verbose);
    settings.timestamp = setup.conf.log_timestamp;
    settings.timestamp_format = setup.conf.log_timestamp_format;
    settings.format = setup.options.log_format.value_or(setup.conf.log_format);
    settings.facility = setup.conf.log_facility;
    if (!setup.conf.log_destinations.empty()) settings.destinations = setup.conf.log_destinations;
    return settings;
}

// The file's `user`, or nobody when there is no such user, as mosquitto does; after the ports are bound.
void drop_privileges(const std::string& name, Log& log) {
    if (::geteuid() != 0 || name == "root") return;
    const passwd* user = ::getpwnam(name.c_str());
    if (user == nullptr) user = ::getpwnam("nobody");
    if (user == nullptr || ::initgroups(user->pw_name, user->pw_gid) != 0 ||
        ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0) {
        throw ToolError(kExitUsage, "cannot run as user " + name + "; say user root to stay root");
    }
    log.write(fmt::format("running as user {}", user->pw_name));
}

void reload_certificates(const mqtt::BrokerConfig& now, mqtt::Broker& broker, Log& log) {
    for (std::size_t i = 0; i < now.listeners.size(); ++i) {
        if (!mqtt::uses_tls(now.listeners[i].endpoint.transport)) continue;
        std::string message;
        if (!broker.reload_tls(i, now.listeners[i].tls, &message)) {
            log.write(message + "; the old certificate stays in use");
        }
    }
}

// SIGHUP: passwords, rights, certificates and log files. Anything wrong, and all stays as it was.
void reload(const Setup& setup, Rights& rights, mqtt::Broker& broker, Log& log) {
    log.reopen();
    if (setup.options.config_file.empty())
        return log.write("Nothing to reload: no configuration file.");
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
        log.write(problem.text);
    if (!conf.has_errors()) reload_certificates(config, broker, log);
    log.write(conf.has_errors()
                  ? "The old configuration stays in force."
                  : "Passwords, access lists and certificates are read again; other changes need "
                    "a restart.");
}

void announce(const Setup& setup, const mqtt::Broker& broker, Log& log) {
    const bool has_rights = !setup.options.config_file.empty();
    for (const std::string& line : start_lines(broker.bound(), has_rights))
        log.write(line);
    bool everybody = false;
    for (const ConfAccess& access : setup.accesses)
        everybody =
            everybody || access.allow_anonymous.value_or(false) || !access.password_file.empty();
    if (has_rights && !everybody) {
        log.write(
            "nobody can log in: the configuration has listeners, so set allow_anonymous true or "
            "a password_file");
    }
    log.write(fmt::format("mqtt-broker-lite version {} running", kVersion));
}

int serve(Setup& setup) {
    Log log(log_settings(setup));
    Rights rights;
    if (!setup.accesses.empty()) {
        if (!rights.load(setup.accesses, setup.conf.problems)) {
            tell(setup.conf);
            return kExitUsage;
        }
        rights.install(setup.config, setup.conf.login_threads);
    }
    setup.config.version_text = fmt::format("mqtt-broker-lite version {}", kVersion);
    if (!setup.options.quiet) {
        setup.config.log = [&log](mqtt::LogLevel level, std::string_view text) {
            log.write(level, text);
        };
    }
    if (setup.options.daemon && ::daemon(1, 0) != 0) {
        throw ToolError(kExitUsage, "cannot go to the background");
    }
    const sigset_t signals = block_signals();
    mqtt::Broker broker(setup.config);
    log.write(fmt::format("mqtt-broker-lite version {} starting", kVersion));
    if (!setup.options.config_file.empty()) {
        log.write(fmt::format("Config loaded from {}.", setup.options.config_file));
    }
    if (const mqtt::Status status = broker.start(); !status) {
        throw ToolError(kExitUsage, broker.start_error());
    }
    log.publish_with([&broker](std::string topic, std::string line) {
        broker.publish(std::move(topic), std::move(line));
    });
    if (!setup.conf.pid_file.empty()) {
        write_lines(setup.conf.pid_file, {std::to_string(::getpid())});
    }
    if (!setup.options.config_file.empty()) drop_privileges(setup.conf.user, log);
    announce(setup, broker, log);
    if (!setup.options.ready_file.empty()) {
        write_lines(setup.options.ready_file, reachable_urls(broker.bound()));
    }
    notify_supervisor("READY=1");
    int signal = 0;
    while (::sigwait(&signals, &signal) == 0 && signal == SIGHUP) {
        notify_supervisor(reloading_state());
        reload(setup, rights, broker, log);
        notify_supervisor("READY=1");
    }
    ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends it at once
    notify_supervisor("STOPPING=1");
    log.write(fmt::format("mqtt-broker-lite version {} terminating", kVersion));
    broker.stop();
    if (!setup.conf.pid_file.empty()) ::unlink(setup.conf.pid_file.c_str());
    return kExitDone;
}

int run(const Invocation& invocation) {
    Setup setup = read_setup(invocation);
    if (setup.options.check_config) {
        Rights rights;
        if (!setup.conf.has_errors()) rights.load(setup.accesses, setup.conf.problems);
        if (!tell(setup.conf)) return kExitUsage;
        std::fputs("Configuration file is OK.\n", stderr);
        return kExitDone;
    }
    if (!tell(setup.conf)) return kExitUsage;
    if (setup.options.print_config) {
        std::fputs(effective_text(setup.conf).c_str(), stdout);
        return kExitDone;
    }
    return serve(setup);
}

}  // namespace
}  // namespace tools::broker_lite

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "passwd") {
        return tools::broker_lite::run_passwd({argv + 2, argv + argc});
    }
    if (argc == 3 && std::string_view(argv[1]) == "--generate" &&
        std::string_view(argv[2]) == "conf") {
        std::fputs(tools::broker_lite::conf_page().c_str(), stdout);
        return tools::kExitDone;
    }
    tools::Tool tool;
    tool.info = tools::broker_lite::tool_info();
    tool.run = tools::broker_lite::run;
    return tools::run_app(argc, argv, tool);
}
