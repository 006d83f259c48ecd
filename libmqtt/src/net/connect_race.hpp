// Connecting a TCP socket to whichever of several addresses answers first. Used by connect.
#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "mqtt/types.hpp"
#include "net/socket.hpp"

namespace mqtt::net {

struct RaceResult {
    UniqueFd socket;        // connected and non-blocking; empty on failure
    SocketAddress address;  // of the winner, or of the failure that tells most
    std::error_code error;  // timed_out when the deadline passed
};

// Starts with the first address and adds another one every 250 ms, or as soon as one has failed
// [RFC 8305 section 5]. `bind_address` is a numeric local address or empty.
asio::awaitable<RaceResult> connect_race(std::vector<SocketAddress> addresses,
                                         std::string bind_address, TimePoint deadline);

}  // namespace mqtt::net
