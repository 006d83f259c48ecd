// bind and listen, and what to say when they fail.
#include "net/listening_socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include <cerrno>

#include "net/resolve.hpp"

namespace mqtt::net {
namespace {

OpenedSocket open_tcp(SocketAddress address, int backlog) {
    OpenedSocket out;
    out.address = address;
    const int on = 1;
    out.socket =
        UniqueFd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int fd = out.socket.get();
    if (fd < 0) {
        out.error = last_error();
        return out;
    }
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit it: no call per connection.
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (address.family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd, address.get(), address.size) != 0 || ::listen(fd, backlog) != 0) {
        out.error = last_error();
        return out;
    }
    out.address.size = sizeof out.address.storage;
    ::getsockname(fd, out.address.get(), &out.address.size);
    return out;
}

// A socket file that nobody listens on is left over from a process that died.
bool is_stale(const SocketAddress& address) {
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return ::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

OpenedSocket open_unix(const std::string& path, int backlog, unsigned mode) {
    OpenedSocket out;
    out.error = make_unix_address(path, out.address);
    if (out.error) return out;
    out.socket = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int fd = out.socket.get();
    int bound = ::bind(fd, out.address.get(), out.address.size);
    if (bound != 0 && errno == EADDRINUSE && is_stale(out.address)) {
        ::unlink(path.c_str());
        bound = ::bind(fd, out.address.get(), out.address.size);
    }
    if (bound != 0) {
        out.error = last_error();
        return out;
    }
    if (::chmod(path.c_str(), mode) != 0 || ::listen(fd, backlog) != 0) {
        out.error = last_error();
        ::unlink(path.c_str());
    }
    return out;
}

std::string why_not(std::error_code error) {
    if (error == std::errc::address_in_use) {
        return "the address is in use (another program listens there: stop it or choose another "
               "port)";
    }
    if (error == std::errc::permission_denied) {
        return "permission denied (ports below 1024 need privileges, socket paths a writable "
               "directory)";
    }
    if (error == std::errc::address_not_available) {
        return "the address is not one of this machine (ip address lists them)";
    }
    if (error == std::errc::no_such_file_or_directory) return "its folder is missing";
    if (error == std::errc::filename_too_long) {
        return "the path is too long for a socket (107 characters at most)";
    }
    return error.message();
}

// Somebody else bound it: only what accepting needs is set.
OpenedSocket take_over(int fd) {
    OpenedSocket out;
    const int on = 1;
    out.socket = UniqueFd(fd);
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        ::getsockname(fd, out.address.get(), &out.address.size) != 0) {
        out.error = last_error();
    } else if (out.address.family() != AF_UNIX) {
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return out;
}

// The host's addresses; a host that is none may be the name of an interface.
Resolved resolve_local(const ListenOptions& options) {
    const Endpoint& endpoint = options.endpoint;
    if (!options.interface.empty()) {
        return interface_addresses(options.interface, endpoint.host, endpoint.port);
    }
    Resolved resolved = resolve_now(endpoint.host, endpoint.port);
    if (!resolved.addresses.empty()) return resolved;
    return interface_addresses(endpoint.host, {}, endpoint.port);
}

// All addresses of one endpoint, with one port also when the kernel chooses it.
std::vector<OpenedSocket> open_all(const ListenOptions& options, std::string& message) {
    std::vector<OpenedSocket> out;
    const Endpoint& endpoint = options.endpoint;
    const auto refuse = [&](const std::string& place, const std::string& why) {
        message = "cannot listen on " + place + ": " + why;
        out.clear();
    };
    for (const int fd : options.sockets) {
        out.push_back(take_over(fd));
        if (!out.back().error) continue;
        refuse("the socket " + std::to_string(fd) + " that was handed over",
               out.back().error.message());
        return out;
    }
    if (!out.empty()) return out;
    if (is_unix(endpoint)) {
        out.push_back(open_unix(endpoint.path, options.backlog, options.unix_mode));
        if (out[0].error) refuse(to_url(endpoint), why_not(out[0].error));
        return out;
    }
    Resolved resolved = resolve_local(options);
    if (resolved.addresses.empty()) {
        refuse(options.interface.empty() ? endpoint.host : "interface " + options.interface,
               options.interface.empty() ? "no such host name, address or interface"
                                         : "no such interface, or it has no address");
    }
    for (SocketAddress& address : resolved.addresses) {
        if (!out.empty()) address.set_port(out[0].address.port());
        OpenedSocket opened = open_tcp(address, options.backlog);
        // A machine without IPv6 has the address family, or at least "::1", missing.
        const bool lacks_family = opened.error == std::errc::address_family_not_supported ||
                                  opened.error == std::errc::address_not_available;
        if (lacks_family && resolved.addresses.size() > 1) continue;
        if (opened.error) {
            refuse(address.text(), why_not(opened.error));
            return out;
        }
        out.push_back(std::move(opened));
    }
    if (out.empty() && message.empty())
        refuse(endpoint.host, "the address is not one of this machine");
    return out;
}

}  // namespace

std::vector<OpenedSocket> open_listening(const ListenOptions& options, std::string& message) {
    std::vector<OpenedSocket> opened = open_all(options, message);
    // Another program may have the port that the kernel chose for the first family: choose again.
    for (int i = 0; i < 8 && opened.empty() && options.endpoint.port == 0; ++i) {
        message.clear();
        opened = open_all(options, message);
    }
    return opened;
}

}  // namespace mqtt::net
