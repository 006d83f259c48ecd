// Prefixes of addresses.
#include "net/address_range.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "mqtt/endpoint.hpp"

namespace mqtt::net {

bool AddressRange::bits_of(const SocketAddress& address, Bits& out) {
    if (address.family() == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(address.storage);
        std::memcpy(out.data(), &six.sin6_addr, out.size());
        return true;
    }
    if (address.family() != AF_INET) return false;
    const auto& four = reinterpret_cast<const sockaddr_in&>(address.storage);
    out = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    std::memcpy(out.data() + 12, &four.sin_addr, 4);
    return true;
}

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
    AddressRange range;
    if (text == "unix") {
        range.is_unix_ = true;
        return range;
    }
    const std::size_t slash = text.find('/');
    const std::string host(text.substr(0, slash));
    const bool is_four = host.find(':') == std::string::npos;
    if (is_four) range.bits_ = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (::inet_pton(is_four ? AF_INET : AF_INET6, host.c_str(),
                    range.bits_.data() + (is_four ? 12 : 0)) != 1) {
        return std::nullopt;
    }
    if (slash == std::string_view::npos) return range;
    const std::string_view digits = text.substr(slash + 1);
    const unsigned most = is_four ? 32 : 128;
    unsigned length = 0;
    const auto [end, failed] =
        std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (failed != std::errc() || end != digits.data() + digits.size() || length > most) {
        return std::nullopt;
    }
    range.length_ = 128 - most + length;
    return range;
}

bool AddressRange::contains(const SocketAddress& address) const {
    Bits other{};
    if (is_unix_) return address.family() == AF_UNIX;
    if (!bits_of(address, other)) return false;
    const auto whole = static_cast<std::ptrdiff_t>(length_ / 8);
    if (!std::equal(bits_.begin(), bits_.begin() + whole, other.begin())) return false;
    const unsigned rest = length_ % 8;
    if (rest == 0) return true;
    const auto at = static_cast<std::size_t>(whole);
    return ((bits_[at] ^ other[at]) >> (8 - rest)) == 0;
}

}  // namespace mqtt::net

namespace mqtt {

bool is_address_range(std::string_view text) {
    return net::AddressRange::parse(text).has_value();
}

}  // namespace mqtt
