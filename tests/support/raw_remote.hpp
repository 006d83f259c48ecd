// The other end of a bridge, made of sockets: takes its connection, answers CONNECT, then sends and expects
// packets when the test says so, each within a deadline. It acknowledges nothing by itself.
#pragma once

#include "support/raw_client.hpp"

namespace test {

class RawRemote {
public:
    RawRemote() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        const int on = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(::listen(listener_, 1) == 0);
        REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
    }
    RawRemote(const RawRemote&) = delete;
    RawRemote& operator=(const RawRemote&) = delete;
    ~RawRemote() {
        hang_up();
        stop_listening();
    }

    std::uint16_t port() const { return port_; }

    // The next connection, greeted as a server does; its CONNECT, whose views are valid until the next call.
    Connect accept(bool session_present = false) {
        REQUIRE(is_readable(listener_));
        peer_ = ::accept(listener_, nullptr, nullptr);
        REQUIRE(peer_ >= 0);
        const auto connect = expect<Connect>();
        version_ = connect.version;
        Connack connack;
        connack.session_present = session_present;
        send(connack);
        return connect;
    }
    std::string peer_address() const {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        REQUIRE(::getpeername(peer_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        char text[INET_ADDRSTRLEN];
        return ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    }
    void hang_up() {
        input_.clear();
        shown_ = 0;
        if (peer_ >= 0) ::close(std::exchange(peer_, -1));
    }
    void stop_listening() {
        if (listener_ >= 0) ::close(std::exchange(listener_, -1));
    }

    void send(const Packet& packet) {
        const std::vector<std::uint8_t> bytes = encoded(version_, packet);
        REQUIRE(::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }
    void ack(PacketType type, PacketId id) { send(Ack{type, id, ReasonCode::success, {}}); }

    // The next packet must be one. Its views are valid until the next call.
    template <class T>
    T expect() {
        input_.erase(0, std::exchange(shown_, 0));
        for (;;) {
            const core::FrameResult found = core::find_frame(as_bytes(input_), 0);
            REQUIRE(found.status != core::FrameStatus::malformed);
            if (found.status == core::FrameStatus::complete) {
                shown_ = found.frame.size;
                const auto packet = core::decode(found.frame, version_);
                REQUIRE(packet.ok());
                INFO("packet kind " << packet->index());
                REQUIRE(std::holds_alternative<T>(*packet));
                return std::get<T>(*packet);
            }
            char buffer[4096];
            REQUIRE(is_readable(peer_));
            const ssize_t n = ::recv(peer_, buffer, sizeof buffer, 0);
            REQUIRE(n > 0);
            input_.append(buffer, static_cast<std::size_t>(n));
        }
    }
    // Nothing but the acknowledgement of a message that no line of the bridge lets in.
    void expect_silence() {
        send(Publish{false, QoS::at_least_once, false, 1, "nowhere", {}, {}});
        CHECK(expect<Ack>().type == PacketType::puback);
    }

private:
    static bool is_readable(int fd) {
        pollfd poller{fd, POLLIN, 0};
        return ::poll(&poller, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) >
               0;
    }

    ProtocolVersion version_ = ProtocolVersion::v5;
    int listener_;
    int peer_ = -1;
    std::uint16_t port_ = 0;
    std::string input_;
    std::size_t shown_ = 0;  // bytes of input_ that the last packet took
};

}  // namespace test
