// See serve.hpp.
#include "mqtt-broker-lite/serve.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "common/exit_code.hpp"
#include "mqtt-broker-lite/conf_apply.hpp"
#include "mqtt-broker-lite/notify.hpp"
#include "mqtt-broker-lite/process.hpp"
#include "mqtt-broker-lite/reload.hpp"
#include "mqtt-broker-lite/rights.hpp"
#include "mqtt-broker-lite/start_lines.hpp"

namespace tools::broker_lite {
namespace {

using mqtt::LogLevel;

// False: the reason is told.
bool load_rights(Setup& setup, Rights& rights) {
    if (setup.accesses.empty()) return true;
    setup.conf.problems.clear();  // told before
    Rights::Gates gates = Rights::read(setup.accesses, setup.conf.problems);
    if (!gates) return tell_problems(setup.conf);
    rights.use(std::move(gates));
    rights.use(Rights::read_users(setup.options.users));
    rights.install(setup.config, setup.conf.login_threads, setup.conf.remembered_logins);
    return true;
}

bool lets_somebody_in(const Setup& setup) {
    if (!setup.options.users.empty()) return true;
    const auto opens = [](const ConfAccess& access) {
        return access.allow_anonymous.value_or(false) || !access.password_file.empty() ||
               !access.psk_file.empty();
    };
    const auto identifies = [](const mqtt::ListenerConfig& listener) {
        return listener.user_name_source != mqtt::UserNameSource::packet;
    };
    return std::any_of(setup.accesses.begin(), setup.accesses.end(), opens) ||
           std::any_of(setup.config.listeners.begin(), setup.config.listeners.end(), identifies);
}

// Who may connect, in a line; per listener where they differ.
std::string who_may_connect(const ConfAccess& access, const mqtt::ListenerConfig& listener) {
    const bool has_passwords = !access.password_file.empty();
    const std::string strangers =
        access.allow_anonymous.value_or(false) ? ", and clients without user name are let in" : "";
    if (listener.user_name_source != mqtt::UserNameSource::packet) {
        return "clients are known by their certificates or keys";
    }
    if (has_passwords)
        return "clients log in with the passwords of " + access.password_file + strangers;
    return strangers.empty() ? "nobody can log in" : "clients need no user name";
}

void announce_access(const Setup& setup, Log& log) {
    std::vector<std::string> said;
    for (std::size_t i = 0; i < setup.accesses.size(); ++i) {
        const mqtt::ListenerConfig& listener = setup.config.listeners[i];
        const std::string line = who_may_connect(setup.accesses[i], listener);
        const bool has_users = !setup.options.users.empty() && line == "nobody can log in";
        if (has_users || std::find(said.begin(), said.end(), line) != said.end()) continue;
        said.push_back(line);
    }
    for (const std::string& line : said)
        log.write(line);
    if (!setup.options.users.empty()) {
        log.write(fmt::format("{} user(s) of --user may log in", setup.options.users.size()));
    }
}

// Where it listens, who may connect, what is kept, how many fit.
void announce(const Setup& setup, const mqtt::Broker& broker, Log& log) {
    const bool has_rights = !setup.accesses.empty();
    for (const std::string& line : start_lines(broker.bound(), has_rights, setup.has_file()))
        log.write(line);
    if (has_rights && lets_somebody_in(setup)) announce_access(setup, log);
    if (has_rights && !lets_somebody_in(setup)) {
        log.write(LogLevel::warning,
                  "nobody can log in: the configuration has listeners, so set allow_anonymous true "
                  "or a password_file");
    }
    using enum mqtt::Persistence;
    if (setup.config.persistence == off) {
        log.write(
            "sessions, queues and retained messages are kept in memory and end with the program");
    } else {
        log.write(fmt::format(
            "sessions, queues and retained messages are kept in {} ({})", setup.config.store_file,
            setup.config.persistence == batch ? "batch: written every 100 ms"
                                              : "strict: before they are acknowledged"));
    }
    const std::size_t room = broker.connection_limit();
    const std::size_t wanted = setup.config.maximum_connections;
    if (wanted > room) {
        log.write(LogLevel::warning,
                  fmt::format("only {} of the {} connections of global_max_connections fit in the "
                              "limit of file descriptors: raise it with ulimit -n {}",
                              room, wanted, wanted + 64));
    }
    log.write(fmt::format("mqtt-broker-lite version {} running", kVersion));
}

std::string start_failure(const Setup& setup, const mqtt::Broker& broker) {
    std::string place = listener_place(setup.conf, broker.failed_listener());
    if (broker.failed_listener() >= setup.config.listeners.size()) {  // about the store
        for (const char* key : {"persistence", "persistence_location", "persistence_file"}) {
            if (std::string named = setup.conf.place_of(key); !named.empty()) place = named;
        }
    }
    return place.empty() ? broker.start_error() : place + ": " + broker.start_error();
}

bool has_console(const Setup& setup) {
    const auto& listeners = setup.config.listeners;
    return std::any_of(listeners.begin(), listeners.end(),
                       [](const mqtt::ListenerConfig& listener) { return listener.serves_http; });
}

// A console that others reach, and nobody who could log in there.
void refuse_open_console(const Setup& setup) {
    for (std::size_t i = 0; i < setup.config.listeners.size(); ++i) {
        const mqtt::ListenerConfig& listener = setup.config.listeners[i];
        if (!listener.serves_http || is_local(listener.endpoint)) continue;
        const bool has_users =
            !setup.options.users.empty() ||
            (i < setup.accesses.size() && !setup.accesses[i].password_file.empty()) ||
            listener.user_name_source != mqtt::UserNameSource::packet;
        if (has_users) continue;
        const std::string place = listener_place(setup.conf, i);
        throw ToolError(kExitUsage,
                        fmt::format("{}{}the console can be reached from other machines, and "
                                    "nobody could log in: give it users (--user NAME:FILE, or "
                                    "password_file), or let it listen on 127.0.0.1",
                                    place, place.empty() ? "" : ": "));
    }
}

// It works as long as it is open.
void tell_closed_folder(const Setup& setup, const std::string& user, Log& log) {
    std::filesystem::path folder = std::filesystem::path(setup.config.store_file).parent_path();
    if (folder.empty()) folder = ".";
    if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
    std::string place = setup.conf.place_of("persistence_location");
    if (place.empty()) place = setup.conf.place_of("persistence");
    log.write(LogLevel::warning,
              fmt::format("{}: user {} cannot write in {}: the store works there when root starts "
                          "the broker, and its log stays behind at the end; chown {} {}",
                          place, user, folder.string(), user, folder.string()));
}

void open(mqtt::Broker& broker, Setup& setup, Log& log) {
    log.write(fmt::format("mqtt-broker-lite version {} starting", kVersion));
    if (setup.has_file()) {
        log.write(fmt::format("Config loaded from {}.", setup.options.config_file));
    }
    if (!broker.start()) throw ToolError(kExitUsage, start_failure(setup, broker));
    log.publish_with([&broker](std::string topic, std::string line) {
        broker.publish(std::move(topic), std::move(line));
    });
    if (!setup.conf.pid_file.empty()) {
        write_lines(setup.conf.pid_file, {std::to_string(::getpid())},
                    setup.conf.place_of("pid_file") + ": pid_file: ");
    }
    if (!setup.has_file()) return;
    const bool has_store = setup.config.persistence != mqtt::Persistence::off;
    if (has_store)
        give_store(setup.config.store_file, setup.conf.user, setup.conf.place_of("user"));
    const std::string user = drop_privileges(setup.conf.user, setup.conf.place_of("user"));
    if (user.empty()) return;
    log.write(fmt::format("running as user {}", user));
    if (has_store) tell_closed_folder(setup, user, log);
}

// Scripts made for mosquitto have it write its database so.
void tell_saved(const Setup& setup, Log& log) {
    log.write(setup.config.persistence == mqtt::Persistence::off
                  ? "SIGUSR1: persistence is off, so that nothing is saved."
                  : "SIGUSR1: there is nothing to save: changes are written as they come.");
}

// Or tell of its subscriptions.
void tell_held(const mqtt::Broker& broker, Log& log) {
    const mqtt::BrokerStats stats = broker.stats();
    log.write(
        fmt::format("SIGUSR2: {} subscriptions of {} sessions, {} retained messages; --console "
                    "and its API list them.",
                    stats.subscriptions, stats.sessions, stats.retained_messages));
}

// Zero: it is time to tell the supervisor that we are alive.
int next_signal(const sigset_t& signals) {
    const auto half = watchdog_time() / 2;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(half);
    const timespec time{seconds.count(), std::chrono::nanoseconds(half - seconds).count()};
    int signal = 0;
    do
        signal = half.count() > 0 ? ::sigtimedwait(&signals, nullptr, &time)
                                  : ::sigwaitinfo(&signals, nullptr);
    while (signal < 0 && errno == EINTR);
    return std::max(signal, 0);
}

// Figures are asked of every loop: one that is stuck keeps this from being told.
void tell_alive(const mqtt::Broker& broker) {
    broker.stats();
    notify_supervisor("WATCHDOG=1");
}

void wait_for_signals(const sigset_t& signals, const Setup& setup, Rights& rights,
                      mqtt::Broker& broker, Log& log) {
    for (;;) {
        const int signal = next_signal(signals);
        if (signal == 0) tell_alive(broker);
        if (signal == SIGINT || signal == SIGTERM) return;
        if (signal == SIGRTMIN) log.reopen();
        if (signal == SIGUSR1) tell_saved(setup, log);
        if (signal == SIGUSR2) tell_held(broker, log);
        if (signal != SIGHUP) continue;
        notify_supervisor(reloading_state());
        reload(setup, rights, broker, log);
        notify_supervisor("READY=1");
    }
}

}  // namespace

int serve(Setup& setup) {
    Rights rights;
    if (!load_rights(setup, rights)) return kExitUsage;
    const std::string misplaced = take_activated_sockets(setup.config.listeners);
    if (!misplaced.empty()) throw ToolError(kExitUsage, misplaced);
    LogSettings settings = log_settings(setup.conf, setup.options);
    if (has_console(setup)) settings.destinations.emplace_back("topic");  // the page shows it
    Background background;
    Log log(settings);
    if (setup.options.daemon) background.enter();
    const sigset_t signals = block_signals();
    log.start();
    setup.config.version_text = fmt::format("mqtt-broker-lite version {}", kVersion);
    if (!settings.quiet) {
        setup.config.log = [&log](LogLevel level, std::string_view text) {
            log.write(level, text);
        };
        setup.config.log_details = [&log](LogLevel level, std::string_view text,
                                          const mqtt::LogDetails& details) {
            log.write(level, text, details);
        };
    }
    setup.config.describe_configuration = [text = effective_text(setup, true)] { return text; };
    refuse_open_console(setup);
    mqtt::Broker broker(setup.config);
    open(broker, setup, log);
    announce(setup, broker, log);
    if (!setup.options.ready_file.empty()) {
        write_lines(setup.options.ready_file, reachable_urls(broker.bound()));
    }
    notify_supervisor("READY=1");
    background.ready();
    wait_for_signals(signals, setup, rights, broker, log);
    ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // a second one ends it at once
    notify_supervisor("STOPPING=1");
    log.write(fmt::format("mqtt-broker-lite version {} terminating", kVersion));
    broker.stop();
    if (!setup.conf.pid_file.empty()) ::unlink(setup.conf.pid_file.c_str());
    return kExitDone;
}

}  // namespace tools::broker_lite
