// Socket activation: the descriptors that a supervisor has opened, and whose they are. See process.hpp.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "mqtt-broker-lite/process.hpp"

namespace tools::broker_lite {
namespace {

using mqtt::Endpoint;
using mqtt::Transport;

constexpr int kFirst = 3;

// How many there are for this process; the variables go, so that no child takes them for its own.
int count_for_us() {
    const char* pid = std::getenv("LISTEN_PID");
    const char* count = std::getenv("LISTEN_FDS");
    const bool is_ours = pid != nullptr && count != nullptr && std::atol(pid) == ::getpid();
    const int found = is_ours ? std::atoi(count) : 0;
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
        ::unsetenv(name);
    return found;
}

// Where it listens; host and port, or the path.
Endpoint endpoint_of(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    Endpoint endpoint;
    endpoint.host.clear();
    endpoint.port = 0;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return endpoint;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (storage.ss_family == AF_INET) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(storage);
        endpoint.host = ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
        endpoint.port = ntohs(four.sin_port);
    } else if (storage.ss_family == AF_INET6) {
        const auto& six = reinterpret_cast<const sockaddr_in6&>(storage);
        endpoint.host = ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
        endpoint.port = ntohs(six.sin6_port);
    } else if (storage.ss_family == AF_UNIX) {
        endpoint.transport = Transport::unix_socket;
        endpoint.path = reinterpret_cast<const sockaddr_un&>(storage).sun_path;
    }
    return endpoint;
}

bool fits(const Endpoint& listener, const Endpoint& socket) {
    const bool is_unix = socket.transport == Transport::unix_socket;
    if (is_unix != (listener.transport == Transport::unix_socket)) return false;
    if (is_unix) return listener.path == socket.path;
    if (listener.port != socket.port) return false;
    const bool is_any = socket.host == "0.0.0.0" || socket.host == "::";
    const bool is_loopback = socket.host == "127.0.0.1" || socket.host == "::1";
    return listener.host == socket.host || (listener.host.empty() && is_any) ||
           (listener.host == "localhost" && is_loopback);
}

}  // namespace

std::string take_activated_sockets(std::vector<mqtt::ListenerConfig>& listeners) {
    const int count = count_for_us();
    for (int fd = kFirst; fd < kFirst + count; ++fd) {
        const Endpoint endpoint = endpoint_of(fd);
        bool is_taken = false;
        for (mqtt::ListenerConfig& listener : listeners) {
            if (is_taken || !fits(listener.endpoint, endpoint)) continue;
            listener.sockets.push_back(fd);
            is_taken = true;
        }
        if (is_taken) continue;
        return fmt::format(
            "the supervisor has opened {}, but no listener has that address: add one, or remove "
            "the "
            "socket there",
            mqtt::to_url(endpoint));
    }
    return {};
}

}  // namespace tools::broker_lite
