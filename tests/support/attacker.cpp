// Sockets and names of what comes; see attacker.hpp.
#include "support/attacker.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <thread>
#include <utility>

#include "core/decode.hpp"
#include "core/frame.hpp"

namespace mqtt::test {
namespace {

constexpr std::chrono::seconds kPatience{10};

std::string hex(std::uint8_t byte) {
    char text[4];
    std::snprintf(text, sizeof text, "%02X", byte);
    return text;
}

std::string codes(std::string name, Bytes bytes) {
    for (const std::uint8_t code : bytes)
        name += " " + hex(code);
    return name;
}

std::string name_of(const Packet& packet) {
    const auto with = [](const char* name, ReasonCode reason) {
        return std::string(name) + " " + hex(static_cast<std::uint8_t>(reason));
    };
    if (const auto* connack = std::get_if<Connack>(&packet))
        return with("CONNACK", connack->reason);
    if (const auto* last = std::get_if<Disconnect>(&packet))
        return with("DISCONNECT", last->reason);
    if (const auto* suback = std::get_if<Suback>(&packet)) return codes("SUBACK", suback->codes);
    if (const auto* unsuback = std::get_if<Unsuback>(&packet))
        return codes("UNSUBACK", unsuback->codes);
    if (std::holds_alternative<Publish>(packet)) return "PUBLISH";
    if (std::holds_alternative<Pingresp>(packet)) return "PINGRESP";
    if (std::holds_alternative<Auth>(packet)) return "AUTH";
    if (const auto* ack = std::get_if<Ack>(&packet)) {
        switch (ack->type) {
        case PacketType::puback: return with("PUBACK", ack->reason);
        case PacketType::pubrec: return with("PUBREC", ack->reason);
        case PacketType::pubrel: return with("PUBREL", ack->reason);
        default: return with("PUBCOMP", ack->reason);
        }
    }
    return "a packet of clients";
}

}  // namespace

Attacker::Attacker(std::uint16_t port, Wire wire, ProtocolVersion version)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    , wire_(wire)
    , version_(version) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("the broker does not accept connections any more");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
}

Attacker::~Attacker() {
    close();
}

void Attacker::send(std::string_view bytes) {
    const TimePoint deadline = Clock::now() + kPatience;
    while (!bytes.empty() && !ended_ && fd_ >= 0 && Clock::now() < deadline) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            poll_once(POLLIN | POLLOUT, 100);
        } else {
            return;  // the broker has closed: what it said is still to be read
        }
    }
}

void Attacker::trickle(std::string_view bytes, std::chrono::milliseconds pause) {
    for (const char& byte : bytes) {
        send({&byte, 1});
        poll_once(POLLIN, 0);
        if (ended_) return;
        std::this_thread::sleep_for(pause);  // slowness is what is tested
    }
}

void Attacker::half_close() {
    ::shutdown(fd_, SHUT_WR);
}

void Attacker::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Attacker::reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

void Attacker::read_until(std::size_t count, std::size_t pings) {
    const TimePoint deadline = Clock::now() + kPatience;
    while (!ended_ && fd_ >= 0 && (events.size() < count || pings_ < pings)) {
        if (Clock::now() > deadline) return add("nothing more in time");
        poll_once(POLLIN, 100);
    }
    pings_ = 0;
}

bool Attacker::poll_once(short what, int milliseconds) {
    pollfd poller{fd_, what, 0};
    if (::poll(&poller, 1, milliseconds) <= 0) return false;
    if ((poller.revents & (POLLIN | POLLHUP | POLLERR)) != 0) receive();
    return true;
}

void Attacker::receive() {
    char buffer[64 * 1024];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EAGAIN)) return;
    if (n > 0)
        (wire_ == Wire::websocket ? frames_ : input_).append(buffer, static_cast<std::size_t>(n));
    name_events();
    if (n > 0) return;
    ended_ = true;
    if (!input_.empty() && wire_ == Wire::mqtt) add("half a packet");
    add("closed");
}

void Attacker::name_events() {
    if (wire_ == Wire::opaque && !input_.empty()) {
        add("bytes");
        input_.clear();
    }
    if (wire_ == Wire::http && !name_http()) return;
    while (wire_ == Wire::websocket && unframe()) {
    }
    if (wire_ != Wire::mqtt && wire_ != Wire::websocket) return;
    while (name_packet()) {
    }
}

// False: no whole head yet, or no upgrade.
bool Attacker::name_http() {
    const std::size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos || !input_.starts_with("HTTP/1.1 ")) return false;
    const std::string status = input_.substr(9, 3);
    add("HTTP " + status);
    if (status != "101") {
        wire_ = Wire::opaque;
        input_.clear();  // a body says it to people
        return false;
    }
    wire_ = Wire::websocket;
    frames_ = input_.substr(end + 4);
    input_.clear();
    return true;
}

bool Attacker::unframe() {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(frames_[i]); };
    if (frames_.size() < 2) return false;
    std::size_t size = byte(1) & 0x7F;
    const std::size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (frames_.size() < 2 + extra) return false;
    if (extra != 0) size = 0;
    for (std::size_t i = 0; i < extra; ++i)
        size = size << 8 | byte(2 + i);
    if (frames_.size() < 2 + extra + size) return false;
    const std::string payload = frames_.substr(2 + extra, size);
    switch (byte(0)) {
    case 0x82:
        input_ += payload;
        while (name_packet()) {
        }
        break;
    case 0x88:
        add(size < 2 ? std::string("WSCLOSE")
                     : "WSCLOSE " + std::to_string(static_cast<std::uint8_t>(payload[0]) << 8 |
                                                   static_cast<std::uint8_t>(payload[1])));
        break;
    case 0x8A: break;  // pong
    default: add("a frame of type " + hex(byte(0)));
    }
    frames_.erase(0, 2 + extra + size);
    return true;
}

bool Attacker::name_packet() {
    const core::FrameResult found = core::find_frame(as_bytes(input_), 0);
    if (found.status == core::FrameStatus::malformed) {
        add("something malformed");
        input_.clear();
        return false;
    }
    if (found.status != core::FrameStatus::complete) return false;
    const Result<Packet> packet = core::decode(found.frame, version_);
    add(packet.ok() ? name_of(*packet) : "something that cannot be decoded");
    if (events.back() == "PINGRESP") ++pings_;
    input_.erase(0, found.frame.size);
    return true;
}

}  // namespace mqtt::test
