// Where to connect or listen: transport, host, port, path; and its URL form.
// Used by clients, listeners, bridges and tools.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mqtt/error.hpp"

namespace mqtt {

enum class Transport : std::uint8_t { tcp, tls, websocket, secure_websocket, unix_socket };

constexpr bool uses_tls(Transport t) {
    return t == Transport::tls || t == Transport::secure_websocket;
}
constexpr bool uses_websocket(Transport t) {
    return t == Transport::websocket || t == Transport::secure_websocket;
}

// 1883, 8883, 80, 443, 0.
std::uint16_t default_port(Transport transport);

struct Endpoint {
    Transport transport = Transport::tcp;
    std::string host = "localhost";  // name or address (IPv6 without brackets); empty for unix
    std::uint16_t port = 1883;       // listening: 0 lets the kernel choose
    std::string path;                // websocket: request target ("/mqtt"); unix: socket path
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// What a URL can carry beyond the endpoint.
struct ParsedUrl {
    Endpoint endpoint;
    std::string user_name;
    std::string password;
    bool has_user_name = false;
    bool has_password = false;
    std::string topic;  // mqtt:// and mqtts://: the path without its slash (mosquitto's -L)
    bool has_port = false;
};

// mqtt:// mqtts:// ws:// wss:// unix:, percent-decoded (user, password, topic, path), IPv6 in
// brackets. A ws path defaults to /mqtt. Errors: invalid_argument with a detail naming the part.
Result<ParsedUrl> parse_url(std::string_view url);

// "192.0.2.0/24", "2001:db8::/32", one address, or "unix" for peers on Unix sockets.
bool is_address_range(std::string_view text);

// "mqtt://[::1]:1883", "wss://host:443/mqtt", "unix:/run/mqtt.sock": never with credentials.
std::string to_url(const Endpoint& endpoint);

}  // namespace mqtt
