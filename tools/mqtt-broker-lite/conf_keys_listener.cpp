// Keys of listeners: where, what, TLS.
#include <algorithm>

#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

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

void set_versions(Conf& conf, const ConfLine& line) {
    std::string text = line.value;
    std::replace(text.begin(), text.end(), ',', ' ');
    for (const std::string& word : words(text)) {
        if (word != "3" && word != "4" && word != "5") {
            throw ConfError("'" + word + "' is none of 3, 4 and 5");
        }
        conf.current().versions.push_back(static_cast<mqtt::ProtocolVersion>(word[0] - '0'));
    }
}

void set_assigned_prefix(Conf& conf, const ConfLine& line) {
    if (line.value.size() > 50) throw ConfError("at most 50 characters");
    conf.config.assigned_id_prefix = line.value;
}

void set_tls_version(Conf& conf, const ConfLine& line) {
    if (line.value != "tlsv1.2" && line.value != "tlsv1.3") {
        throw ConfError("'" + line.value + "' is neither tlsv1.2 nor tlsv1.3");
    }
    conf.current().tls.minimum_version = line.value;
}

// Listener keys whose value goes to a member as it is.
template <auto Member>
void tls_text(Conf& conf, const ConfLine& line) {
    conf.current().tls.*Member = line.value;
}

constexpr ConfKey kKeys[] = {
    {"listener", listener, used, "PORT [ADDRESS]",
     "listen there; the keys that follow are about it", add_listener, true},
    {"port", listener, used, "PORT", "port of the default listener",
     CONF_SET(c.default_listener.is_mentioned = true;
              c.default_listener.port = number<std::uint16_t>(line, 1, 65'535))},
    {"bind_address", listener, used, "ADDRESS", "address of the default listener",
     CONF_SET(c.default_listener.is_mentioned = true; c.default_listener.host = line.value)},
    {"protocol", listener, used, "mqtt|websockets", "what this listener speaks", set_protocol},
    {"socket_domain", listener, used, "ipv4|ipv6", "one family of addresses only",
     set_socket_domain},
    {"bind_interface", listener, refused, "NAME",
     "give the interface's address in the listener line"},
    {"mount_point", listener, refused, "TOPIC", kNotYet},
    {"use_username_as_clientid", listener, used, "true|false",
     "the user name is the client id; clients without one are refused",
     CONF_SET(c.current().uses_user_name_as_client_id = boolean(line))},
    {"accept_protocol_versions", listener, used, "LIST",
     "versions of MQTT that are accepted, of 3, 4 (3.1.1) and 5 with commas between", set_versions},
    {"enable_proxy_protocol", listener, refused, "1|2", kNotYet},
    {"proxy_protocol_v2_require_tls", listener, refused, "true|false", kNotYet},
    {"websockets_origin", listener, used, "ORIGIN",
     "web pages of this origin may connect (https://example.org; * for all); without it pages of "
     "the "
     "same host, when that is an address or a name of this machine",
     CONF_SET(c.current().websocket_origins.push_back(line.value)), true},
    {"http_dir", listener, ignored, "DIR", "no files are served"},
    {"websockets_log_level", general, ignored, "N", "there is no other log of WebSockets"},
    {"websockets_headers_size", general, ignored, "N", "upgrades may have 8 KiB of headers"},
    {"packet_buffer_size", general, ignored, "N", "idle connections hold no buffer"},
    {"set_tcp_nodelay", general, ignored, "true|false", "always on: writes are batched before"},
    {"allow_zero_length_clientid", general, used, "true|false",
     "clients of 3.1.1 without an id get one; false: they are refused",
     CONF_SET(c.config.empty_client_id_allowed = boolean(line))},
    {"auto_id_prefix", general, used, "TEXT", "how the ids begin that clients get, auto-",
     set_assigned_prefix},

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
     CONF_SET(auto& tls = c.current().tls; tls.require_client_certificate = boolean(line);
              tls.request_client_certificate = tls.require_client_certificate)},
    {"use_identity_as_username", listener, used, "true|false",
     "the common name of the client's certificate is its user name, which then needs no password",
     CONF_SET(c.current().uses_common_name = boolean(line))},
    {"use_subject_as_username", listener, used, "true|false",
     "the same with the whole subject of the certificate (RFC 2253)",
     CONF_SET(c.current().uses_subject = boolean(line))},
    {"disable_client_cert_date_checks", listener, refused, "true|false", kNotYet},
    {"psk_hint", listener, refused, "TEXT", kNotYet},
    {"dhparamfile", listener, ignored, "FILE", "the groups of OpenSSL are used"},
    {"tls_engine", listener, refused, "NAME", kNotYet},
    {"tls_engine_kpass_sha1", listener, refused, "TEXT", kNotYet},
    {"tls_keyform", listener, refused, "pem|engine", kNotYet},
};

}  // namespace

std::span<const ConfKey> listener_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
