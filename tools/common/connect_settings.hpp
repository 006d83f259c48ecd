// What the connection options of a command line say, before they are put together: filled by the
// tables of connect_flags, turned into mqtt::ConnectOptions by make_connect_options. Plain data.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/flags.hpp"
#include "mqtt/options.hpp"

namespace tools {

struct WillSettings {
    std::optional<std::string> topic;
    std::optional<std::string> payload;
    mqtt::QoS qos = mqtt::QoS::at_most_once;
    bool retain = false;
};

struct TlsSettings {
    mqtt::TlsOptions options;
    bool wanted = false;   // --tls or an option that makes sense with TLS only
    bool refused = false;  // --no-tls
    bool insecure = false;
    bool use_system_store = false;
    std::optional<std::string> key_form;
};

// A property of -D, for what mosquitto's clients check in the end.
struct GivenProperty {
    std::string_view packet;
    mqtt::PropertyId id{};
    bool is_allowed = true;  // false: the standard forbids its value
};

struct ConnectSettings {
    Persona persona = Persona::ours;
    std::optional<std::string> url;
    std::optional<std::string> host;
    std::optional<std::uint16_t> port;
    std::string unix_path;
    bool websocket = false;
    std::string websocket_path = "/mqtt";
    mqtt::WebSocketOptions websocket_options;
    mqtt::ProxyOptions proxy;
    std::optional<std::string> bind_address;
    bool lookup_srv = false;
    bool no_delay = false;
    TlsSettings tls;

    std::optional<std::string> user_name;
    std::optional<std::string> password;
    std::optional<std::string> password_file;
    std::optional<std::string> password_command;
    bool ask_password = false;
    std::optional<std::string> client_id;
    std::optional<std::string> client_id_prefix;

    std::optional<mqtt::ProtocolVersion> version;
    bool keep_session = false;                    // -c
    std::optional<std::uint32_t> session_expiry;  // -x
    std::chrono::seconds keep_alive{60};
    WillSettings will;

    // -D, by packet; and whose a property is that comes without one: of the first that may have it.
    std::string_view property_packets = "connect publish subscribe will";
    mqtt::PropertyList connect_properties;
    mqtt::PropertyList publish_properties;
    mqtt::PropertyList subscribe_properties;
    mqtt::PropertyList unsubscribe_properties;
    mqtt::PropertyList disconnect_properties;
    mqtt::PropertyList will_properties;
    std::vector<GivenProperty> given_properties;  // under mosquitto's names

    std::uint16_t max_inflight = 20;
    bool max_inflight_given = false;
    std::chrono::nanoseconds connect_timeout = std::chrono::seconds(30);
    mqtt::ReconnectPolicy reconnect;
    bool debug = false;
    bool quiet = false;

    std::string url_fault;  // filled by make_connect_options, under mosquitto's names: told last
    std::string url_topic;  // filled by make_connect_options, under our names: what -L names
};

// Puts the settings together and checks what belongs together. Obtains the password (file, command,
// terminal) and reads the environment (MQTT_URL, MQTT_USERNAME, MQTT_PASSWORD, MQTT_PASSWORD_FILE; not under mosquitto's
// names). Throws UsageError.
mqtt::ConnectOptions make_connect_options(ConnectSettings& settings);

// -P without -u, which MQTT 3.x cannot say. For check_mosquitto_setup, too. Throws UsageError.
void check_login(const ConnectSettings& settings, mqtt::ProtocolVersion version);

// What is wrong with the URL of -L, without its password.
UsageError unusable_url(const std::string& url, const mqtt::Error& why);

// Words of TLS options that are none of those allowed. make_connect_options does it; under mosquitto's names it is
// for check_mosquitto_setup. Throws UsageError.
void check_tls_words(const TlsSettings& settings);

// True when the server may be asked for 5.0 features: chosen by -V, -D or -x, or by default.
mqtt::ProtocolVersion chosen_version(const ConnectSettings& settings);

}  // namespace tools
