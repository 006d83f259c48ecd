// What a connection needs to know: every field with unit and default. Plain data; used by Client,
// Connection, bridges and tools. Checked when the connection starts, not when it is filled.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/endpoint.hpp"
#include "mqtt/properties.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

// How TLS is done on a connection or listener. File names are PEM files.
struct TlsOptions {
    std::string ca_file;       // client: trust anchors; server: who signs client certificates
    std::string ca_directory;  // hashed directory; both empty: the system's store
    std::string certificate_file;
    std::string key_file;
    std::string key_password;
    // An OpenSSL engine (its id, or the path of its shared object) does the cryptography. With engine_has_key the key
    // is what the engine knows as key_file, and engine_pin_sha1, 40 hexadecimal digits, is its password.
    std::string engine;
    bool engine_has_key = false;
    std::string engine_pin_sha1;
    std::string crl_file;
    std::string ciphers;                      // TLS 1.2 list; empty: OpenSSL's default
    std::string ciphersuites;                 // TLS 1.3
    std::string minimum_version = "tlsv1.2";  // or "tlsv1.3"
    std::string maximum_version;
    std::vector<std::string> alpn;
    std::string server_name;   // SNI and name check; empty: the endpoint's host
    std::string key_log_file;  // NSS key log for Wireshark
    std::string psk_identity;  // PSK: identity and key in hex
    std::string psk_hex;
    // listener: lines of identity:key in hex, each of which may connect; read again on reload
    std::string psk_file;
    std::string psk_hint;     // listener: what clients of TLS 1.2 are told to choose an identity by
    bool verify_peer = true;  // client: false is --insecure
    bool verify_host_name = true;
    // listener: ask for a client certificate, and refuse those without
    bool request_client_certificate = false;
    bool require_client_certificate = false;
    // listener: client certificates that are not yet or no longer valid count, too
    bool ignore_client_certificate_dates = false;
};

struct WebSocketOptions {
    std::string subprotocol = "mqtt";
    std::vector<std::pair<std::string, std::string>> headers;  // added to the upgrade request
    std::string origin;
};

struct ProxyOptions {
    std::string host;  // empty: no proxy
    std::uint16_t port = 1080;
    std::string user_name;
    std::string password;
};

struct Will {
    std::string topic;
    std::string payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    PropertyList properties;
};

// Delay before attempt n is drawn from [initial, min(maximum, previous * 3)] (decorrelated jitter).
struct ReconnectPolicy {
    bool enabled = true;
    std::chrono::milliseconds initial_delay{250};
    std::chrono::milliseconds maximum_delay{30'000};
    int max_retries = -1;  // consecutive failures before giving up; -1: never give up
};

struct ConnectOptions {
    Endpoint endpoint;
    TlsOptions tls;
    WebSocketOptions websocket;
    ProxyOptions proxy;
    std::string bind_address;  // local address; empty: the kernel's choice
    bool tcp_no_delay = true;

    ProtocolVersion version = ProtocolVersion::v5;
    // 5.0 refused by its version (CONNACK 0x84 or 1, or closed): once more with 3.1.1.
    bool fall_back_to_3_1_1 = false;
    std::string client_id;  // empty: the server assigns one (3.1: we make one)
    bool clean_start = true;
    std::chrono::seconds keep_alive{60};  // 0: off
    std::optional<std::string> user_name;
    std::optional<std::string> password;
    std::optional<Will> will;
    PropertyList properties;  // of CONNECT, 5.0 only (session expiry, receive maximum, ...)

    std::chrono::milliseconds connect_timeout{30'000};            // resolve to CONNACK, all of it
    std::chrono::milliseconds ping_timeout{10'000};               // PINGREQ without PINGRESP: lost
    std::uint32_t maximum_packet_size = kMaxRemainingLength + 5;  // bytes accepted from the server
};

// What the library says about itself. Called on the loop's thread; must not block.
enum class LogLevel : std::uint8_t { debug, info, warning, error };
using LogSink = std::function<void(LogLevel, std::string_view)>;

}  // namespace mqtt
