// See connect_settings.hpp: from single options to what the library takes.
#include "common/connect_settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "common/credentials.hpp"
#include "common/mosquitto_urls.hpp"
#include "common/profile.hpp"
#include "common/srv_lookup.hpp"
#include "mqtt/topic.hpp"

namespace tools {
namespace {

using mqtt::ProtocolVersion;
using mqtt::Transport;

constexpr std::uint16_t kPlainPort = 1883;
constexpr std::uint16_t kTlsPort = 8883;

void take_environment(ConnectSettings& s) {
    if (s.persona != Persona::ours) return;
    const auto take = [](std::optional<std::string>& field, const char* name) {
        const char* value = std::getenv(name);
        if (!field && value != nullptr && *value != 0) field = value;
    };
    if (!s.host && s.unix_path.empty()) take(s.url, "MQTT_URL");
    take(s.user_name, "MQTT_USERNAME");
    if (s.password_file || s.password_command || s.ask_password) return;
    take(s.password, "MQTT_PASSWORD");
    if (!s.password) take(s.password_file, "MQTT_PASSWORD_FILE");
}

// Options of their own come first.
void take_url_parts(ConnectSettings& s, const mqtt::ParsedUrl& url) {
    s.url_topic = url.topic;
    const bool has_name = url.has_user_name || url.has_password;  // ":secret@": an empty one
    if (has_name && !s.user_name) s.user_name = url.user_name;
    if (url.has_password && !s.password) s.password = url.password;
}

void apply_url(ConnectSettings& s, mqtt::ConnectOptions& options) {
    const bool ours = s.persona == Persona::ours;
    const mqtt::Result<mqtt::ParsedUrl> parsed =
        mqtt::parse_url(ours ? *s.url : mosquitto_url(*s.url, s.port, s.host.has_value()));
    if (!parsed && ours) throw unusable_url(*s.url, parsed.error());
    if (!parsed) {
        s.url_fault = unusable_url(*s.url, parsed.error()).what();
        return;
    }
    options.endpoint = parsed->endpoint;
    mqtt::Endpoint& endpoint = options.endpoint;
    if (ours) {
        take_url_parts(s, *parsed);
    } else if (mqtt::uses_websocket(endpoint.transport)) {
        endpoint.path = "/mqtt";
        if (!parsed->has_port) {
            endpoint.port = mqtt::uses_tls(endpoint.transport) ? kTlsPort : kPlainPort;
        }
    }
    if (s.host) endpoint.host = *s.host;
    if (s.port) endpoint.port = *s.port;
}

void check_tls(const ConnectSettings& s) {
    const mqtt::TlsOptions& tls = s.tls.options;
    if (tls.certificate_file.empty() != tls.key_file.empty()) {
        throw UsageError("options '--cert' and '--key' need each other");
    }
    if (s.tls.key_form && tls.key_file.empty()) {
        throw UsageError("option '--keyform' needs '--key'");
    }
    if (s.tls.key_form == "engine" && tls.engine.empty()) {
        throw UsageError("option '--keyform engine' needs '--tls-engine'");
    }
    if (!tls.engine_pin_sha1.empty() && (tls.engine.empty() || !s.tls.key_form)) {
        throw UsageError("option '--tls-engine-kpass-sha1' needs '--tls-engine' and '--keyform'");
    }
    const bool has_ca = !tls.ca_file.empty() || !tls.ca_directory.empty();
    if (!tls.psk_hex.empty() && has_ca) {
        throw UsageError("option '--psk' excludes '--cafile' and '--capath'");
    }
    const bool is_odd = !tls.psk_identity.empty() && s.persona == Persona::ours;
    if (tls.psk_hex.empty() ? is_odd : tls.psk_identity.empty()) {
        throw UsageError("options '--psk' and '--psk-identity' need each other");
    }
    // Mosquitto's clients look at the words themselves when all else is right.
    if (s.persona == Persona::ours) check_tls_words(s.tls);
}

bool wants_tls(const ConnectSettings& s) {
    if (s.tls.refused) return false;
    const bool has_certificate = !s.tls.options.certificate_file.empty();
    const bool ours = s.persona == Persona::ours;
    return s.tls.wanted || s.port == kTlsPort || (ours && (s.tls.insecure || has_certificate));
}

// To theirs the port 0 makes a path of the host; --unix is no more than that.
bool is_socket_to_mosquitto(const ConnectSettings& s, const mqtt::Endpoint& endpoint) {
    if (s.persona == Persona::ours || endpoint.transport == Transport::unix_socket) return false;
    if (!s.proxy.host.empty()) return false;  // which is asked for that path
    return s.port ? *s.port == 0 : s.url && endpoint.port == 0;
}

void apply_endpoint(ConnectSettings& s, mqtt::ConnectOptions& options) {
    mqtt::Endpoint& endpoint = options.endpoint;
    if (s.url) apply_url(s, options);
    const bool is_path = is_socket_to_mosquitto(s, endpoint);
    if (is_path) s.unix_path = s.host.value_or(s.url ? endpoint.host : "localhost");
    if (is_path || !s.unix_path.empty()) {
        endpoint = {
            .transport = Transport::unix_socket, .host = "", .port = 0, .path = s.unix_path};
        return;
    }
    if (endpoint.transport == Transport::unix_socket) return;
    const bool from_url = s.url.has_value();
    const bool tls =
        (from_url && mqtt::uses_tls(endpoint.transport) && !s.tls.refused) || wants_tls(s);
    const bool websocket = s.websocket || mqtt::uses_websocket(endpoint.transport);
    if (websocket) {
        endpoint.transport = tls ? Transport::secure_websocket : Transport::websocket;
        if (!from_url || s.websocket) endpoint.path = s.websocket_path;
    } else {
        endpoint.transport = tls ? Transport::tls : Transport::tcp;
    }
    if (from_url) return;
    endpoint.host = s.host.value_or("localhost");
    endpoint.port = s.port.value_or(tls ? kTlsPort : kPlainPort);
}

void apply_login(const ConnectSettings& s, mqtt::ConnectOptions& options) {
    if (s.client_id) options.client_id = *s.client_id;
    if (s.client_id_prefix) {
        options.client_id = *s.client_id_prefix + std::to_string(::getpid());
    }
    // Mosquitto's clients look at it when all else is right.
    if (s.persona == Persona::ours) check_login(s, options.version);
    options.user_name = s.user_name;
    options.password = s.password;
}

void apply_session(const ConnectSettings& s, mqtt::ConnectOptions& options) {
    options.clean_start = !s.keep_session;
    options.keep_alive = s.keep_alive;
    const bool ours = s.persona == Persona::ours;
    const bool has_id = s.client_id && (!s.client_id->empty() || !ours);  // told by theirs later
    if (!mqtt::has_properties(options.version)) {
        if (s.keep_session && !has_id) throw UsageError("option '-c' needs a client id (-i)");
        return;
    }
    options.properties = s.connect_properties;
    const mqtt::Properties given = options.properties.view();
    if (ours && given.text(mqtt::PropertyId::authentication_data) &&
        !given.text(mqtt::PropertyId::authentication_method)) {
        throw UsageError(
            "option '-D connect authentication-data': without authentication-method "
            "it is not valid there");
    }
    const auto id = mqtt::PropertyId::session_expiry_interval;
    std::optional<std::uint32_t> expiry = s.session_expiry;
    if (s.keep_session && !expiry) expiry = mqtt::kNeverExpires;
    if (!expiry) return;
    if (expiry == mqtt::kNeverExpires && !has_id) {
        throw UsageError("a session that never expires needs a client id (-i)");
    }
    if (*expiry > 0 && !options.properties.view().number(id)) options.properties.add(id, *expiry);
}

void check_will(const ConnectSettings& s) {
    if (s.will.topic) return;
    if (s.will.payload) throw UsageError("option '--will-payload' needs '--will-topic'");
    if (s.will.retain) throw UsageError("option '--will-retain' needs '--will-topic'");
    const bool is_odd = !s.will_properties.empty() && s.persona == Persona::ours;
    if (is_odd) throw UsageError("'-D will' needs '--will-topic'");
}

void apply_will(const ConnectSettings& s, mqtt::ConnectOptions& options) {
    if (!s.will.topic) return;
    mqtt::Will will{.topic = *s.will.topic,
                    .payload = s.will.payload.value_or(""),
                    .qos = s.will.qos,
                    .retain = s.will.retain,
                    .properties = {}};
    if (mqtt::has_properties(options.version)) will.properties = s.will_properties;
    options.will = std::move(will);
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

}  // namespace

UsageError unusable_url(const std::string& url, const mqtt::Error& why) {
    return UsageError("'" + masked_url(url) + "' is not a usable URL: " + std::string(why.detail));
}

void check_login(const ConnectSettings& s, ProtocolVersion version) {
    if (s.password && !s.user_name && !mqtt::has_properties(version)) {
        throw UsageError("option '-P' needs '-u' with MQTT 3.x");
    }
}

void check_tls_words(const TlsSettings& settings) {
    const mqtt::TlsOptions& tls = settings.options;
    const std::string form = settings.key_form.value_or("pem");
    if (form != "pem" && form != "engine") {
        throw UsageError("option '--keyform' needs pem or engine, not '" + form + "'");
    }
    const std::string& pin = tls.engine_pin_sha1;
    if (!pin.empty() && (pin.size() != 40 || !is_hex(pin))) {
        throw UsageError("option '--tls-engine-kpass-sha1' needs 40 hexadecimal digits");
    }
    if (!is_hex(tls.psk_hex)) throw UsageError("option '--psk' needs hexadecimal digits");
    constexpr std::array kVersions{"tlsv1.1", "tlsv1.2", "tlsv1.3"};
    if (std::find(kVersions.begin(), kVersions.end(), tls.minimum_version) == kVersions.end()) {
        throw UsageError("option '--tls-version' does not know '" + tls.minimum_version + "'");
    }
}

ProtocolVersion chosen_version(const ConnectSettings& s) {
    if (s.version) return *s.version;
    const bool is_v5 = s.persona == Persona::ours || s.persona == Persona::mosquitto_rr;
    return is_v5 ? ProtocolVersion::v5 : ProtocolVersion::v3_1_1;
}

mqtt::ConnectOptions make_connect_options(ConnectSettings& s) {
    take_environment(s);
    mqtt::ConnectOptions options;
    options.version = chosen_version(s);
    options.fall_back_to_3_1_1 = s.persona == Persona::ours && !s.version;
    check_will(s);
    check_tls(s);
    options.proxy = s.proxy;
    apply_endpoint(s, options);
    options.tls = s.tls.options;
    options.tls.engine_has_key = s.tls.key_form == "engine";
    options.tls.verify_peer = !s.tls.insecure;
    options.tls.verify_host_name = !s.tls.insecure;
    options.websocket = s.websocket_options;
    options.bind_address = s.bind_address.value_or("");
    options.connect_timeout = std::chrono::ceil<std::chrono::milliseconds>(s.connect_timeout);
    // mosquitto's clients wait for CONNACK as long as for any other packet.
    if (s.persona != Persona::ours) options.connect_timeout = std::chrono::seconds(s.keep_alive);
    apply_login(s, options);
    obtain_password(s, options);
    apply_session(s, options);
    apply_will(s, options);
    if (!mqtt::has_properties(options.version)) s.subscribe_properties = {};
    if (!mqtt::has_properties(options.version)) s.unsubscribe_properties = {};
    if (s.lookup_srv) lookup_srv(options.endpoint);
    return options;
}

}  // namespace tools
