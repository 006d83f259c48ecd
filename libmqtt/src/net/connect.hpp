// Outgoing connections: resolve, race the addresses, proxy, TLS, WebSocket upgrade, one deadline;
// on failure the step that failed and why, in words that help. Used by client and bridges.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>

#include "mqtt/error.hpp"
#include "mqtt/options.hpp"
#include "net/byte_stream.hpp"
#include "net/tls_context.hpp"

namespace mqtt::net {

enum class ConnectStep : std::uint8_t { resolve, connect, proxy, tls, websocket };

// What came of it. `message` is a full sentence for people ("cannot connect to 10.0.0.1 port 1883:
// connection refused (nothing listens there, or only on the loopback address)").
struct ConnectResult {
    std::unique_ptr<ByteStream> stream;  // set on success
    Error error;
    ConnectStep step = ConnectStep::resolve;
    std::error_code system_error;
    std::string message;
    std::string peer_address;  // "127.0.0.1:1883"
};

// The parts of ConnectOptions that the network needs, copied so that the coroutine owns them.
struct ConnectTarget {
    explicit ConnectTarget(const ConnectOptions& options);
    Endpoint endpoint;
    TlsOptions tls;
    WebSocketOptions websocket;
    ProxyOptions proxy;
    std::string bind_address;
    bool tcp_no_delay;
    TimePoint deadline;
    // For those who connect often: certificates are read once. Empty: read for this connection.
    std::shared_ptr<TlsContext> tls_context;
    class TlsSessions* tls_sessions = nullptr;  // of the loop, when it resumes; set by connect()
};

// Runs on the executor of the awaiting coroutine (one loop). Races resolved addresses (IPv6 and
// IPv4 interleaved, a new attempt every 250 ms). Numeric hosts and "localhost" start no resolver
// thread. Cancelling or destroying the coroutine closes everything.
asio::awaitable<ConnectResult> connect(ConnectTarget target);

}  // namespace mqtt::net
