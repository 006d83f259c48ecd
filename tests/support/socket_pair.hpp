// Two connected non-blocking sockets: Unix (socketpair) or TCP on loopback.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "net/plain_stream.hpp"

namespace mqtt::test {

struct SocketPair {
    int a = -1;
    int b = -1;
};

inline SocketPair make_unix_pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
        throw std::runtime_error("socketpair");
    }
    return {fds[0], fds[1]};
}

inline SocketPair make_tcp_pair() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const int a = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool ok = ::bind(listener, generic, size) == 0 && ::listen(listener, 1) == 0 &&
                    ::getsockname(listener, generic, &size) == 0 &&
                    ::connect(a, generic, size) == 0;
    const int b = ok ? ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC) : -1;
    ::close(listener);
    if (b < 0) throw std::runtime_error("tcp pair");
    const int on = 1;
    ::setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(b, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int nonblocking = 1;
    if (::ioctl(a, FIONBIO, &nonblocking) != 0) throw std::runtime_error("ioctl");
    return {a, b};
}

inline std::unique_ptr<net::ByteStream> plain(int descriptor) {
    return std::make_unique<net::PlainStream>(descriptor);
}

}  // namespace mqtt::test
