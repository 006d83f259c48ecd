// Opening listening sockets for an endpoint: addresses of a host, an interface or all, a Unix socket, or
// sockets that somebody opened before. Used by the listener.
#pragma once

#include <string>
#include <vector>

#include "net/listener.hpp"
#include "net/socket.hpp"

namespace mqtt::net {

struct OpenedSocket {
    UniqueFd socket;
    SocketAddress address;
    std::error_code error;
};

// All addresses, with one port also when the kernel chooses it. Empty: `message` says where, why and what
// to do.
std::vector<OpenedSocket> open_listening(const ListenOptions& options, std::string& message);

inline bool is_unix(const Endpoint& endpoint) {
    return endpoint.transport == Transport::unix_socket;
}

}  // namespace mqtt::net
