// Small tools for sockets: an owned descriptor, addresses as text. Used by connect and listener.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace mqtt::net {

class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int descriptor) : descriptor_(descriptor) {}
    UniqueFd(UniqueFd&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~UniqueFd() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    int get() const { return descriptor_; }
    int release() { return std::exchange(descriptor_, -1); }
    explicit operator bool() const { return descriptor_ >= 0; }

private:
    int descriptor_ = -1;
};

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
    std::uint16_t port() const;
    void set_port(std::uint16_t port);
    std::string host() const;  // "127.0.0.1", "::1"; a mapped IPv4 address as IPv4; "unix"
    // "127.0.0.1:1883", "[::1]:1883", "unix".
    std::string text() const;
};

// Fails (ENAMETOOLONG) when the path does not fit.
std::error_code make_unix_address(std::string_view path, SocketAddress& out);
// False when `host` is no numeric address ("fe80::1%eth0" is one).
bool make_numeric_address(const std::string& host, std::uint16_t port, SocketAddress& out);

inline std::error_code last_error() {
    return {errno, std::system_category()};
}

}  // namespace mqtt::net
