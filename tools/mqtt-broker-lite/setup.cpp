// See setup.hpp.
#include "mqtt-broker-lite/setup.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "mqtt-broker-lite/conf_apply.hpp"
#include "mqtt-broker-lite/rights.hpp"
#include "mqtt/store.hpp"

namespace tools::broker_lite {
namespace {

// --user without a file: these users and nobody else.
void close_to_strangers(Setup& setup) {
    if (setup.options.users.empty()) return;
    ConfAccess access;
    access.allow_anonymous = false;
    setup.accesses.assign(setup.config.listeners.size(), access);
}

bool has(const std::vector<std::string>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string value_of(const FlagUse& use) {
    std::string text;
    for (const std::string& word : use.words)
        text += ' ' + word;
    return text;
}

// Where the store is to be. The store itself is not opened: a broker may have it open.
void check_folder(Setup& setup) {
    if (setup.config.persistence == mqtt::Persistence::off || !mqtt::no_store().empty()) return;
    std::filesystem::path folder = std::filesystem::path(setup.config.store_file).parent_path();
    if (folder.empty()) folder = ".";
    int error = ::access(folder.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
    if (error == 0 && !std::filesystem::is_directory(folder)) error = ENOTDIR;
    if (error == 0) return;
    std::string place = setup.conf.place_of("persistence_location");
    if (place.empty()) place = setup.conf.place_of("persistence");
    setup.conf.problems.push_back(
        {true,
         fmt::format("{}{}persistence_location: {}: {}; the broker's user must be able to "
                     "write in that folder",
                     place, place.empty() ? "" : ": ", folder.string(), std::strerror(error))});
}

}  // namespace

Setup read_setup(const Invocation& invocation) {
    Setup setup;
    setup.uses = invocation.uses;
    for (const FlagUse& use : invocation.uses)
        apply_flag(flag_table(), setup.options, use);
    if (setup.options.config_file.empty()) {
        setup.config = make_config(setup.options);
        close_to_strangers(setup);
        return setup;
    }
    read_conf(setup.conf, setup.options.config_file);
    mqtt::BrokerConfig from_file =
        broker_config(setup.conf, port_flags(setup.options), setup.accesses);
    // Flags win: they are applied once more, on top of the file's values.
    Options options;
    options.config = from_file;
    options.limits = setup.conf.general_limits();
    for (const FlagUse& use : invocation.uses)
        apply_flag(flag_table(), options, use);
    setup.config = options.config;
    setup.config.listeners = from_file.listeners;
    if (options.limits.maximum_packet_size != setup.conf.general_limits().maximum_packet_size) {
        for (mqtt::ListenerConfig& listener : setup.config.listeners)
            listener.limits.maximum_packet_size = options.limits.maximum_packet_size;
    }
    setup.config.log_packets = from_file.log_packets || options.verbose;
    for (mqtt::ListenerConfig& listener : extra_listeners(options)) {
        setup.accesses.push_back(access_of_flag(setup.conf, listener));
        setup.config.listeners.push_back(std::move(listener));
    }
    for (mqtt::ListenerConfig& listener : setup.config.listeners)
        listener.tls.key_log_file = options.tls.key_log_file;
    setup.options = std::move(options);
    return setup;
}

void check_persistence(Setup& setup) {
    const std::string_view refusal = mqtt::no_store();
    if (setup.config.persistence == mqtt::Persistence::off || refusal.empty()) return;
    const std::string place = setup.conf.place_of("persistence");
    setup.conf.problems.push_back(
        {true, fmt::format("{}{}persistence: {}", place, place.empty() ? "" : ": ", refusal)});
}

void check_setup(Setup& setup) {
    Conf& conf = setup.conf;
    Rights::read(setup.accesses, conf.problems);
    load_certificates(conf, setup.config);
    check_folder(setup);
    if (conf.has_errors()) return;
    try {
        mqtt::BrokerConfig config = setup.config;
        if (!setup.accesses.empty()) {
            config.authenticate = [](const mqtt::LoginRequest&) {
                return mqtt::ReasonCode::not_authorized;
            };
        }
        const mqtt::Broker opens_nothing(std::move(config));
    } catch (const std::invalid_argument& contradiction) {
        conf.problems.push_back({true, conf.at_named_key(contradiction.what())});
    }
}

bool tell_problems(const Conf& conf) {
    for (const ConfProblem& problem : conf.problems) {
        std::fprintf(stderr, "mqtt-broker-lite: %s%s\n",
                     problem.is_error ? "" : "warning: ", problem.text.c_str());
    }
    return !conf.has_errors();
}

LogSettings log_settings(const Conf& conf, const Options& options) {
    LogSettings settings;
    settings.quiet = options.quiet || (conf.log_none && !options.verbose);
    settings.timestamp = conf.log_timestamp;
    settings.timestamp_format = conf.log_timestamp_format;
    settings.format = options.log_format.value_or(conf.log_format);
    settings.facility = conf.log_facility;
    if (!conf.log_destinations.empty()) settings.destinations = conf.log_destinations;
    for (const std::string& name : conf.log_destinations)
        settings.places.push_back(conf.place_of("log_dest", name));
    const auto& types = conf.log_types;
    if (types.empty() || options.verbose || has(types, "all")) return settings;
    settings.errors = has(types, "error");
    settings.warnings = has(types, "warning");
    settings.notices = has(types, "notice") || has(types, "information");
    return settings;
}

namespace {

// The key that a flag stands for: that of its name. Empty: none (--user is another thing than the key).
std::string key_of(const FlagUse& use) {
    std::string name(use.flag->long_name);
    if (name == "max-inflight") name = "max_inflight_messages";
    if (name == "max-connections") name = "global_max_connections";
    std::replace(name.begin(), name.end(), '-', '_');
    const std::span<const ConfKey> keys = conf_table();
    const bool is_key = std::any_of(keys.begin(), keys.end(), [&](const ConfKey& key) {
        return key.name == name && key.scope == ConfScope::general && !key.repeatable;
    });
    return is_key && name != "user" && !use.words.empty() ? name : std::string();
}

}  // namespace

std::string effective_text(const Setup& setup, bool hides_secrets) {
    std::string text;
    std::vector<std::string> said;
    for (const FlagUse& use : setup.uses)
        said.push_back(key_of(use));
    const std::vector<std::string> by_flag = said;
    for (const ConfLine& line : setup.conf.lines) {
        if (has(by_flag, line.key)) continue;
        const bool is_secret = line.key.ends_with("password") || line.key.ends_with("psk") ||
                               line.key == "tls_engine_kpass_sha1";
        text += fmt::format("{} {}  # {}\n", line.key,
                            hides_secrets && is_secret ? "(hidden)" : line.value, line.place());
        said.push_back(line.key);
    }
    for (const ConfKey& key : conf_table()) {
        if (key.usual.empty() || has(said, key.name)) continue;
        text += fmt::format("{} {}  # default\n", key.name, key.usual);
    }
    for (const FlagUse& use : setup.uses) {
        const std::string key = key_of(use);
        text += key.empty() ? fmt::format("# flag, wins: {}{}\n", use.typed(), value_of(use))
                            : fmt::format("{}{}  # flag {}\n", key, value_of(use), use.typed());
    }
    return text;
}

}  // namespace tools::broker_lite
