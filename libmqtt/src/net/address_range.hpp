// "192.0.2.0/24" and its like: which peers a listener takes for proxies. Used by listeners.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/socket.hpp"

namespace mqtt::net {

class AddressRange {
public:
    // As is_address_range (mqtt/endpoint.hpp) says; nothing when it is none.
    static std::optional<AddressRange> parse(std::string_view text);
    bool contains(const SocketAddress& address) const;

private:
    using Bits = std::array<std::uint8_t, 16>;  // IPv4 as mapped IPv6
    static bool bits_of(const SocketAddress& address, Bits& out);

    bool is_unix_ = false;
    Bits bits_{};
    unsigned length_ = 128;
};

}  // namespace mqtt::net
