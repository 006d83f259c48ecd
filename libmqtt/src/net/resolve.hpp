// Host names to addresses, without ever blocking the loop or outliving the deadline.
// Used by connect (and listen, which may block).
#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "mqtt/types.hpp"
#include "net/socket.hpp"

namespace mqtt::net {

struct Resolved {
    std::vector<SocketAddress> addresses;  // families interleaved, the preferred one first
    int error = 0;                         // EAI_*; 0: success or timed out
    bool timed_out = false;
};

// Numeric hosts and "localhost" start no thread and are answered at once.
asio::awaitable<Resolved> resolve(std::string host, std::uint16_t port, TimePoint deadline);

// The same on the calling thread. An empty host means every local address.
Resolved resolve_now(const std::string& host, std::uint16_t port);

// The addresses of an interface of this machine; `any` of one family ("0.0.0.0", "::") limits them to it.
Resolved interface_addresses(const std::string& name, const std::string& any, std::uint16_t port);

}  // namespace mqtt::net
