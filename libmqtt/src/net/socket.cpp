// Addresses to text and back.
#include "net/socket.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace mqtt::net {

namespace {

const sockaddr_in& as_v4(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr_in&>(address.storage);
}
const sockaddr_in6& as_v6(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

}  // namespace

std::uint16_t SocketAddress::port() const {
    if (family() == AF_INET) return ntohs(as_v4(*this).sin_port);
    if (family() == AF_INET6) return ntohs(as_v6(*this).sin6_port);
    return 0;
}

void SocketAddress::set_port(std::uint16_t port) {
    if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
    if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
}

std::string SocketAddress::host() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET) {
        ::inet_ntop(AF_INET, &as_v4(*this).sin_addr, text.data(), text.size());
        return text.data();
    }
    if (family() != AF_INET6) return "unix";
    const sockaddr_in6& v6 = as_v6(*this);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
        return text.data();
    }
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    std::string out = text.data();
    std::array<char, IF_NAMESIZE> name{};
    if (v6.sin6_scope_id != 0 && ::if_indextoname(v6.sin6_scope_id, name.data())) {
        out.append("%").append(name.data());
    }
    return out;
}

std::string SocketAddress::text() const {
    if (family() != AF_INET && family() != AF_INET6) return "unix";
    const std::string name = host();
    const bool is_ipv6 = name.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + name + "]" : name) + ":" + std::to_string(port());
}

std::error_code make_unix_address(std::string_view path, SocketAddress& out) {
    out = {};
    auto& address = reinterpret_cast<sockaddr_un&>(out.storage);
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return {ENAMETOOLONG, std::system_category()};
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    out.size = sizeof address;
    return {};
}

bool make_numeric_address(const std::string& host, std::uint16_t port, SocketAddress& out) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
    out = {};
    std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
    out.size = found->ai_addrlen;
    out.set_port(port);
    ::freeaddrinfo(found);
    return true;
}

}  // namespace mqtt::net
