// One row per key of mosquitto.conf: parser, --print-config and mqtt-broker-lite.conf(5) read it here.
#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>

#include "mqtt-broker-lite/conf.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

bool boolean(const ConfLine& line) {
    if (line.value == "true" || line.value == "1") return true;
    if (line.value == "false" || line.value == "0") return false;
    throw ConfError("'" + line.value + "' is neither true nor false");
}

// As mosquitto reads it: 010 is eight, 0x10 sixteen.
std::int64_t integer(const ConfLine& line, std::int64_t least, std::int64_t most) {
    std::string_view text = line.value;
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text.starts_with('0')) {
        base = 8;
    }
    std::int64_t number = 0;
    const auto [end, failed] =
        std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (failed != std::errc() || end != text.data() + text.size()) {
        throw ConfError("'" + line.value + "' is not a whole number");
    }
    if (negative) number = -number;
    if (number < least || number > most) {
        throw ConfError("'" + line.value + "' is not from " + std::to_string(least) + " to " +
                        std::to_string(most));
    }
    return number;
}

constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();

// Limits where mosquitto has -1 for none and we have 0.
std::size_t limit(const ConfLine& line) {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, integer(line, -1, kMost)));
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> all;
    for (std::string word; in >> word;)
        all.push_back(std::move(word));
    return all;
}

void add_listener(Conf& conf, const ConfLine& line) {
    const std::vector<std::string> parts = words(line.value);
    ConfLine number = line;
    number.value = parts.front();
    ConfListener listener;
    listener.place = line.place();
    listener.limits = conf.default_listener.limits;
    listener.is_mentioned = true;
    listener.port = static_cast<std::uint16_t>(integer(number, 0, 65'535));
    if (parts.size() > 2) throw ConfError("a port and an address, no more");
    if (parts.size() == 2) {
        (parts[1].starts_with('/') ? listener.unix_path : listener.host) = parts[1];
    }
    if (listener.port == 0 && listener.unix_path.empty()) {
        throw ConfError("port 0 is for Unix sockets: listener 0 /path");
    }
    conf.listeners.push_back(std::move(listener));
}

void set_protocol(Conf& conf, const ConfLine& line) {
    if (line.value != "mqtt" && line.value != "websockets") {
        throw ConfError("'" + line.value + "' is neither mqtt nor websockets");
    }
    conf.current().is_websocket = line.value == "websockets";
}

void set_socket_domain(Conf& conf, const ConfLine& line) {
    if (line.value != "ipv4" && line.value != "ipv6") {
        throw ConfError("'" + line.value + "' is neither ipv4 nor ipv6");
    }
    conf.current().domain = line.value;
}

void set_tls_version(Conf& conf, const ConfLine& line) {
    if (line.value != "tlsv1.2" && line.value != "tlsv1.3") {
        throw ConfError("'" + line.value + "' is neither tlsv1.2 nor tlsv1.3");
    }
    conf.current().tls.minimum_version = line.value;
}

void add_log_destination(Conf& conf, const ConfLine& line) {
    const std::vector<std::string> parts = words(line.value);
    if (parts.front() == "file") {
        if (parts.size() != 2) throw ConfError("file needs a path");
        conf.log_destinations.push_back(parts[1]);
    } else if (parts.front() == "stderr" || parts.front() == "stdout") {
        conf.log_destinations.push_back(parts.front());
    } else if (parts.front() == "none") {
        conf.log_none = true;
    } else {
        throw ConfError("'" + line.value + "' is none of stderr, stdout, none and file PATH");
    }
}

void add_log_type(Conf& conf, const ConfLine& line) {
    static constexpr std::string_view kTypes[] = {
        "error",     "warning",     "notice",     "information", "debug",
        "subscribe", "unsubscribe", "websockets", "none",        "all"};
    if (std::find(std::begin(kTypes), std::end(kTypes), line.value) == std::end(kTypes)) {
        throw ConfError("'" + line.value + "' is no type of log line");
    }
    if (line.value == "all" || line.value == "debug") conf.log_packets = true;
    if (line.value == "none") conf.log_none = true;
}

// 90s, 12h, 14d, 2w, 2m (months), 1y.
void set_client_expiration(Conf& conf, const ConfLine& line) {
    static constexpr std::pair<char, std::int64_t> kUnits[] = {
        {'s', 1}, {'h', 3'600}, {'d', 86'400}, {'w', 604'800}, {'m', 2'592'000}, {'y', 31'536'000}};
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const auto& u) { return u.first == line.value.back(); });
    if (unit == std::end(kUnits)) throw ConfError("a number with s, h, d, w, m (months) or y");
    ConfLine number = line;
    number.value.pop_back();
    const std::int64_t seconds = integer(number, 1, kMost) * unit->second;
    conf.config.persistent_session_expiry =
        static_cast<std::uint32_t>(std::min<std::int64_t>(seconds, mqtt::kNeverExpires - 1));
}

void set_overlapping(Conf&, const ConfLine& line) {
    if (boolean(line)) throw ConfError("overlapping subscriptions always give one copy here");
}

template <class T>
T number(const ConfLine& line, std::int64_t least, std::int64_t most) {
    return static_cast<T>(integer(line, least, most));
}

// Listener keys whose value goes to a member as it is.
template <auto Member>
void tls_text(Conf& conf, const ConfLine& line) {
    conf.current().tls.*Member = line.value;
}

#define SET(...) [](Conf& c, const ConfLine& line) { __VA_ARGS__; }

constexpr std::string_view kNotYet = "not supported by this broker";
constexpr std::string_view kInMemory =
    "sessions, queues and retained messages are kept in memory and end with the program";
constexpr std::string_view kBridges = "bridges are not supported by this broker";

constexpr ConfKey kTable[] = {
    // Who may do what.
    {"per_listener_settings", general, used, "true|false",
     "allow_anonymous, password_file and acl_file belong to the listener above them; must come "
     "first",
     SET(c.per_listener_settings = boolean(line))},
    {"allow_anonymous", general, used, "true|false",
     "let clients in that give no user name; true when no listener is configured, else false",
     SET(c.current_access().allow_anonymous = boolean(line)), true},
    {"listener_allow_anonymous", listener, used, "true|false", "the same for one listener",
     SET(c.current().access.allow_anonymous = boolean(line))},
    {"password_file", general, used, "FILE", "users and passwords, made by mqtt-broker-lite passwd",
     SET(c.current_access().password_file = line.value), true},
    {"acl_file", general, used, "FILE", "who may publish and read which topics",
     SET(c.current_access().acl_file = line.value), true},
    {"psk_file", general, refused, "FILE", kNotYet},
    {"plugin", general, refused, "FILE", "plug-ins are not loaded by this broker", nullptr, true},
    {"auth_plugin", general, refused, "FILE", "plug-ins are not loaded by this broker", nullptr,
     true},
    {"global_plugin", general, refused, "FILE", "plug-ins are not loaded by this broker", nullptr,
     true},
    {"plugin_load", general, refused, "FILE", "plug-ins are not loaded by this broker", nullptr,
     true},
    {"clientid_prefixes", general, refused, "TEXT", kNotYet},
    {"auth_plugin_deny_special_chars", general, ignored, "true|false",
     "names with + or # never match a pattern of the ACL"},
    {"check_retain_source", general, ignored, "true|false",
     "a retained message was allowed when it was published"},

    // Limits.
    {"max_connections", listener, used, "N",
     "connections at a time, of all listeners together; -1: no limit",
     SET(c.config.maximum_connections = limit(line))},
    {"global_max_connections", general, used, "N", "connections at a time; -1: no limit",
     SET(c.config.maximum_connections = limit(line))},
    {"max_inflight_messages", general, used, "N",
     "QoS 1 and 2 messages sent to a client and not yet acknowledged; 0: 65535",
     SET(const auto n = number<std::uint16_t>(line, 0, 65'535);
         c.config.maximum_inflight = n == 0 ? 65'535 : n)},
    {"max_queued_messages", general, used, "N",
     "QoS 1 and 2 messages that wait for a client; 0: no limit",
     SET(c.config.maximum_queued_messages = limit(line))},
    {"max_queued_bytes", general, used, "BYTES", "their memory per client; 0: no limit",
     SET(c.config.maximum_queued_bytes = limit(line))},
    {"queue_qos0_messages", general, used, "true|false",
     "queue QoS 0 messages too for clients that are away",
     SET(c.config.queue_qos0_offline = boolean(line))},
    {"max_packet_size", general, used, "BYTES", "largest packet that a client may send",
     SET(c.default_listener.limits.maximum_packet_size =
             number<std::uint32_t>(line, 20, 268'435'460);
         for (ConfListener & l
              : c.listeners) l.limits.maximum_packet_size =
             c.default_listener.limits.maximum_packet_size)},
    {"max_keepalive", general, used, "SECONDS",
     "longest keep-alive of MQTT 5.0 clients; 0: what they ask for",
     SET(c.config.maximum_keep_alive = number<std::uint16_t>(line, 0, 65'535))},
    {"max_qos", listener, used, "0|1|2", "highest QoS that clients may publish with",
     SET(c.current().limits.maximum_qos = static_cast<mqtt::QoS>(integer(line, 0, 2)))},
    {"maximum_qos", listener, used, "0|1|2", "as max_qos",
     SET(c.current().limits.maximum_qos = static_cast<mqtt::QoS>(integer(line, 0, 2)))},
    {"max_topic_alias", listener, used, "N", "topic aliases that an MQTT 5.0 client may set",
     SET(c.current().limits.topic_alias_maximum = number<std::uint16_t>(line, 0, 65'535))},
    {"retain_available", general, used, "true|false", "false: retained messages are refused",
     SET(const bool yes = boolean(line); c.default_listener.limits.retain_available = yes;
         for (ConfListener & l
              : c.listeners) l.limits.retain_available = yes)},
    {"persistent_client_expiration", general, used, "N(s|h|d|w|m|y)",
     "how long sessions of clients that are away are kept", set_client_expiration},
    {"message_size_limit", general, refused, "BYTES", "say max_packet_size instead"},
    {"max_inflight_bytes", general, ignored, "BYTES",
     "max_inflight_messages bounds what is in flight"},
    {"memory_limit", general, refused, "BYTES", kNotYet},
    {"global_max_clients", general, refused, "N", kNotYet},
    {"upgrade_outgoing_qos", general, refused, "true|false", kNotYet},
    {"allow_duplicate_messages", general, used, "false",
     "overlapping subscriptions of a client give one copy", set_overlapping},

    // Listening.
    {"listener", listener, used, "PORT [ADDRESS]",
     "listen there; the keys that follow are about it", add_listener, true},
    {"port", listener, used, "PORT", "port of the default listener",
     SET(c.default_listener.is_mentioned = true;
         c.default_listener.port = number<std::uint16_t>(line, 1, 65'535))},
    {"bind_address", listener, used, "ADDRESS", "address of the default listener",
     SET(c.default_listener.is_mentioned = true; c.default_listener.host = line.value)},
    {"protocol", listener, used, "mqtt|websockets", "what this listener speaks", set_protocol},
    {"socket_domain", listener, used, "ipv4|ipv6", "one family of addresses only",
     set_socket_domain},
    {"bind_interface", listener, refused, "NAME",
     "give the interface's address in the listener line"},
    {"mount_point", listener, refused, "TOPIC", kNotYet},
    {"use_username_as_clientid", listener, refused, "true|false", kNotYet},
    {"accept_protocol_versions", listener, refused, "LIST", kNotYet},
    {"enable_proxy_protocol", listener, refused, "1|2", kNotYet},
    {"proxy_protocol_v2_require_tls", listener, refused, "true|false", kNotYet},
    {"websockets_origin", listener, refused, "ORIGIN", kNotYet, nullptr, true},
    {"http_dir", listener, ignored, "DIR", "no files are served"},
    {"websockets_log_level", general, ignored, "N", "there is no other log of WebSockets"},
    {"websockets_headers_size", general, ignored, "N", "upgrades may have 8 KiB of headers"},
    {"packet_buffer_size", general, ignored, "N", "idle connections hold no buffer"},
    {"set_tcp_nodelay", general, ignored, "true|false", "always on: writes are batched before"},
    {"allow_zero_length_clientid", general, ignored, "true|false",
     "clients without an id always get one, which begins with auto-"},
    {"auto_id_prefix", general, ignored, "TEXT", "ids of ours begin with auto-"},

    // TLS.
    {"certfile", listener, used, "FILE",
     "certificate chain of this listener (PEM); makes it a TLS listener",
     tls_text<&mqtt::TlsOptions::certificate_file>},
    {"keyfile", listener, used, "FILE", "its private key (PEM)",
     tls_text<&mqtt::TlsOptions::key_file>},
    {"cafile", listener, used, "FILE", "who signs client certificates (PEM)",
     tls_text<&mqtt::TlsOptions::ca_file>},
    {"capath", listener, used, "DIR", "the same as a hashed folder",
     tls_text<&mqtt::TlsOptions::ca_directory>},
    {"crlfile", listener, used, "FILE", "certificates that are revoked",
     tls_text<&mqtt::TlsOptions::crl_file>},
    {"ciphers", listener, used, "LIST", "ciphers of TLS 1.2", tls_text<&mqtt::TlsOptions::ciphers>},
    {"ciphers_tls1.3", listener, used, "LIST", "cipher suites of TLS 1.3",
     tls_text<&mqtt::TlsOptions::ciphersuites>},
    {"tls_version", listener, used, "tlsv1.2|tlsv1.3", "oldest version of TLS", set_tls_version},
    {"require_certificate", listener, used, "true|false",
     "refuse clients without a certificate of cafile",
     SET(auto& tls = c.current().tls; tls.require_client_certificate = boolean(line);
         tls.request_client_certificate = tls.require_client_certificate)},
    {"use_identity_as_username", listener, refused, "true|false", kNotYet},
    {"use_subject_as_username", listener, refused, "true|false", kNotYet},
    {"disable_client_cert_date_checks", listener, refused, "true|false", kNotYet},
    {"psk_hint", listener, refused, "TEXT", kNotYet},
    {"dhparamfile", listener, ignored, "FILE", "the groups of OpenSSL are used"},
    {"tls_engine", listener, refused, "NAME", kNotYet},
    {"tls_engine_kpass_sha1", listener, refused, "TEXT", kNotYet},
    {"tls_keyform", listener, refused, "pem|engine", kNotYet},

    // Log.
    {"log_dest", general, used, "stderr|stdout|none|file PATH", "where the log goes",
     add_log_destination, true},
    {"log_type", general, used, "TYPE",
     "error, warning, notice, information; all or debug: every packet, too; none", add_log_type,
     true},
    {"log_timestamp", general, used, "true|false", "begin lines with the time",
     SET(c.log_timestamp = boolean(line))},
    {"log_timestamp_format", general, used, "FORMAT",
     "the time by strftime; without it seconds since 1970",
     SET(c.log_timestamp_format = line.value)},
    {"log_facility", general, ignored, "N", "there is no log to syslog"},
    {"connection_messages", general, ignored, "true|false", "connections are always logged"},
    {"sys_interval", general, used, "SECONDS", "how often $SYS/broker/... is updated; 0: never",
     SET(c.config.sys_interval = std::chrono::seconds(integer(line, 0, 65'535)))},

    // The process.
    {"pid_file", general, used, "FILE", "write the process id there", SET(c.pid_file = line.value)},
    {"user", general, used, "NAME", "run as this user when started as root",
     SET(c.user = line.value)},

    // Data.
    {"persistence", general, ignored, "true|false", kInMemory},
    {"persistence_file", general, ignored, "NAME", kInMemory},
    {"persistence_location", general, ignored, "DIR", kInMemory},
    {"retained_persistence", general, ignored, "true|false", kInMemory},
    {"autosave_interval", general, ignored, "SECONDS", kInMemory},
    {"autosave_on_changes", general, ignored, "true|false", kInMemory},
    {"retain_expiry_interval", general, refused, "MINUTES", kNotYet},
    {"retry_interval", general, ignored, "SECONDS",
     "messages are sent again when a client returns"},
    {"store_clean_interval", general, ignored, "SECONDS", "messages go when nobody needs them"},
    {"enable_control_api", general, ignored, "true|false", "there is no $CONTROL"},

    // Bridges: one message for the section, at its first line.
    {"connection", bridge, refused, "NAME", kBridges, nullptr, true},
    {"address", bridge, refused, "HOST", kBridges, nullptr, true},
    {"addresses", bridge, refused, "HOST", kBridges, nullptr, true},
    {"topic", bridge, refused, "PATTERN", kBridges, nullptr, true},
    {"bridge_protocol_version", bridge, refused, "VERSION", kBridges, nullptr, true},
    {"bridge_attempt_unsubscribe", bridge, refused, "true|false", kBridges, nullptr, true},
    {"bridge_cafile", bridge, refused, "FILE", kBridges, nullptr, true},
    {"bridge_capath", bridge, refused, "DIR", kBridges, nullptr, true},
    {"bridge_certfile", bridge, refused, "FILE", kBridges, nullptr, true},
    {"bridge_keyfile", bridge, refused, "FILE", kBridges, nullptr, true},
    {"bridge_insecure", bridge, refused, "true|false", kBridges, nullptr, true},
    {"cleansession", bridge, refused, "true|false", kBridges, nullptr, true},
    {"clientid", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"keepalive_interval", bridge, refused, "SECONDS", kBridges, nullptr, true},
    {"notifications", bridge, refused, "true|false", kBridges, nullptr, true},
    {"remote_clientid", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"remote_username", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"remote_password", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"restart_timeout", bridge, refused, "SECONDS", kBridges, nullptr, true},
    {"round_robin", bridge, refused, "true|false", kBridges, nullptr, true},
    {"start_type", bridge, refused, "automatic|lazy|once", kBridges, nullptr, true},
    {"threshold", bridge, refused, "N", kBridges, nullptr, true},
    {"try_private", bridge, refused, "true|false", kBridges, nullptr, true},
    {"username", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"password", bridge, refused, "TEXT", kBridges, nullptr, true},
};

#undef SET

}  // namespace

std::span<const ConfKey> conf_table() {
    return kTable;
}

}  // namespace tools::broker_lite
