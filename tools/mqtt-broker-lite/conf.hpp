// What a mosquitto.conf says, read into plain data: values, where each was said, and every problem at once.
// Grammar as mosquitto's: comments in column 0, the value is the rest of the line, `listener` opens a
// listener's scope, `connection` a bridge's, `include_dir` reads the *.conf of a folder.
// Opens no socket and knows no broker; conf_table.cpp has the keys, conf_apply.cpp makes a BrokerConfig.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt-broker-lite/log.hpp"
#include "mqtt/broker.hpp"

namespace tools::broker_lite {

// One line that says something.
struct ConfLine {
    std::string key;
    std::string value;
    std::string file;
    int number = 0;
    std::string place() const { return file + ":" + std::to_string(number); }
};

struct ConfProblem {
    bool is_error = false;
    std::string text;  // with the place in front
};

// Thrown by the functions of the table; the reader adds the place.
struct ConfError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Where keys were said, for what is found out later: "mosquitto.conf:12". Empty: nowhere.
class ConfPlaces {
public:
    void note(const ConfLine& line) { places_[line.key] = line.place(); }
    std::string of(std::string_view key) const {
        const auto found = places_.find(key);
        return found == places_.end() ? std::string() : found->second;
    }

private:
    std::map<std::string, std::string, std::less<>> places_;
};

// Who may log in and do what; global, or a listener's own with per_listener_settings.
struct ConfAccess {
    std::optional<bool> allow_anonymous;
    std::string password_file;
    std::string acl_file;
    std::string psk_file;
    ConfPlaces places;
    bool grants_all_subscriptions = false;  // acl_subscribe_mode mosquitto
};

struct ConfListener {
    std::string place;  // of its listener line; empty: the default listener
    ConfPlaces places;  // of the keys about it
    std::uint16_t port = 1883;
    std::string host;       // empty: every address
    std::string unix_path;  // `listener 0 /path`
    std::string domain;     // ipv4, ipv6 or empty for both
    std::string interface;
    std::string mount_point;
    std::string assigned_id_prefix;               // empty: the general one
    std::optional<bool> empty_client_id_allowed;  // not set: the general one
    bool is_websocket = false;
    bool is_shared = false;  // MQTT and WebSocket
    bool is_http = false;    // console, API, metrics
    std::string http_dir;
    std::optional<unsigned> unix_mode;
    mqtt::ProxyHeader proxy_header = mqtt::ProxyHeader::none;
    std::vector<std::string> proxy_peers;
    bool proxy_requires_tls = false;
    mqtt::TlsOptions tls;
    mqtt::ListenerLimits limits;
    std::vector<std::string> websocket_origins;
    bool uses_common_name = false;  // as user name
    bool uses_subject = false;
    bool uses_user_name_as_client_id = false;
    std::vector<mqtt::ProtocolVersion> versions;
    ConfAccess access;
    bool is_mentioned = false;  // the default listener exists only when something was said of it

    bool has_certificate() const { return !tls.certificate_file.empty(); }
    bool has_tls() const { return has_certificate() || !tls.psk_hint.empty(); }
    bool serves_files() const { return is_http || (is_websocket && unix_path.empty()); }
    // A family only, when that is all that was said.
    std::string address() const;
    // Where `key` was said, or the listener.
    std::string place_of(std::string_view key) const;
};

struct ConfBridge {
    std::string place;  // of its connection line
    ConfPlaces places;  // of the keys about it
    mqtt::BridgeConfig config;
    bool is_tls = false;
    void note(const ConfLine& line);
};

struct Conf {
    mqtt::BrokerConfig config;  // without listeners, bridges and rights
    ConfListener default_listener;
    std::vector<ConfListener> listeners;
    std::vector<ConfBridge> bridges;
    bool per_listener_settings = false;
    ConfAccess access;

    std::vector<std::string> log_destinations;  // as LogSettings has them
    bool log_none = false;
    std::vector<std::string> log_types;  // as given; empty: error, warning, notice, information
    bool log_packets = false;            // log_type all or debug
    bool log_timestamp = true;
    std::string log_timestamp_format;
    LogFormat log_format = LogFormat::text;
    int log_facility = -1;
    unsigned login_threads = 1;
    std::size_t remembered_logins = 16'384;
    std::string persistence_location;
    std::string persistence_file = "mqtt-broker-lite.db";
    std::string pid_file;
    std::string user = "mosquitto";

    std::vector<ConfLine> lines;  // as read, for --print-config
    std::vector<ConfProblem> problems;

    bool has_errors() const;
    // What was said of all listeners; the rest of its limits is the default listener's own.
    mqtt::ListenerLimits general_limits() const;
    // "file:line" of the last line of a general key with this value, or with any; empty: none.
    std::string place_of(std::string_view key, std::string_view value = {}) const;
    // Where a key was said that may be said for one listener or for all.
    std::string place_of(const ConfListener& listener, std::string_view key) const;
    // The sentence behind the place of the key that it names, or behind the file.
    std::string at_named_key(std::string sentence) const;
    // The listener that listener keys talk about now.
    ConfListener& current() { return listeners.empty() ? default_listener : listeners.back(); }
    // That the keys of bridges talk about. Throws ConfError: there is none.
    ConfBridge& current_bridge();
    ConfAccess& current_access() { return per_listener_settings ? current().access : access; }
};

enum class ConfScope : std::uint8_t { general, listener, bridge };
// What we do with a key: use it, or say once that it has no effect here.
enum class ConfUse : std::uint8_t { used, ignored };

struct ConfKey {
    std::string_view name;
    ConfScope scope = ConfScope::general;
    ConfUse use = ConfUse::used;
    std::string_view value;  // its form in the manual: true|false, FILE, N, ...
    std::string_view help;   // what it does; for ignored keys, why
    void (*apply)(Conf&, const ConfLine&) = nullptr;
    bool repeatable = false;
    std::string_view usual = {};  // the value that holds without it; empty: none worth saying
};
std::span<const ConfKey> conf_table();

// Reads a file into `conf`; problems are collected there, and reading goes on after them.
void read_conf(Conf& conf, const std::string& path);

}  // namespace tools::broker_lite
