// Listening sockets: bind, accept, and the server side of TLS and WebSocket. Used by the broker.
// Accepts on one loop and hands every connection's ByteStream to its owner; pauses on EMFILE.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "mqtt/endpoint.hpp"
#include "mqtt/error.hpp"
#include "mqtt/options.hpp"
#include "net/byte_stream.hpp"
#include "net/loop.hpp"
#include "net/tls_context.hpp"

namespace mqtt::net {

struct ListenOptions {
    // Host empty: every address, IPv4 and IPv6; port 0: the kernel's choice. The path of a
    // websocket is not looked at: any path and query is accepted.
    Endpoint endpoint;
    TlsOptions tls;
    std::vector<std::string> websocket_origins;  // see ws_origin.hpp
    bool shares_websocket = false;               // see shared_port_stream.hpp
    std::string interface;                       // name; only its addresses, when the host is empty
    std::vector<int> sockets;  // listening already, taken over; none is opened then
    int proxy_version = 0;     // of the PROXY header of proxies; 0: none is expected
    bool proxy_requires_tls = false;
    std::vector<std::string> proxy_peers;  // who is a proxy; empty: everybody
    int backlog = 4096;
    double connections_per_second = 0;  // over it connections wait in the backlog; 0: no limit
    unsigned unix_mode = 0660;
};

// An accepted connection: a stream whose handshakes (TLS, upgrade) are still to be driven.
struct Accepted {
    std::unique_ptr<ByteStream> stream;
    std::string peer_address;    // "192.0.2.1:50123", "unix"
    std::uint32_t listener = 0;  // index given to the listener
    bool is_proxied = false;     // whose it is will be known after the handshake
};

class Listener {
public:
    using AcceptHandler = std::function<void(Accepted)>;
    // Accepting waits for a moment, because the system has no descriptors left or too many come.
    enum class Wait : std::uint8_t { descriptors, rate };
    using WaitHandler = std::function<void(Wait)>;
    // Binds and listens. Errors carry a sentence naming address, port and remedy.
    struct OpenResult {
        std::unique_ptr<Listener> listener;  // null on error
        Error error;
        std::string message;
    };
    static OpenResult open(Loop& loop, const ListenOptions& options, std::uint32_t index,
                           AcceptHandler on_accept, WaitHandler on_wait = {});
    virtual ~Listener() = default;
    // With the real port; for host empty one entry per family.
    virtual std::vector<Endpoint> bound() const = 0;
    virtual void pause() = 0;
    virtual void resume() = 0;
    // Certificates of connections to come, on a listener with TLS; others take no notice.
    virtual void use_tls(std::unique_ptr<TlsContext> context) = 0;
};

}  // namespace mqtt::net
