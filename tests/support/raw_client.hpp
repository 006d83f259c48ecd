// A client made of a socket: sends packets built by the codec, or any bytes, and expects packets,
// silence or the end of the connection, each within a deadline. Used by broker and spec tests.
// Knows no protocol state: it breaks rules when told to.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/decode.hpp"
#include "core/encode.hpp"

namespace test {

using namespace mqtt;
inline constexpr std::chrono::seconds kDeadline{10};

// "30 05 00 01 61" to bytes.
inline std::vector<std::uint8_t> from_hex(std::string_view text) {
    std::vector<std::uint8_t> bytes;
    int high = -1;
    for (const char c : text) {
        if (c == ' ') continue;
        const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (high < 0) {
            high = digit;
        } else {
            bytes.push_back(static_cast<std::uint8_t>(high << 4 | digit));
            high = -1;
        }
    }
    return bytes;
}

inline std::vector<std::uint8_t> encoded(ProtocolVersion version, const Packet& packet) {
    base::OutBuffer out;
    core::encode(out, version, packet);
    std::vector<std::uint8_t> bytes;
    while (!out.empty()) {
        iovec part{};
        out.gather(&part, 1);
        const auto* data = static_cast<const std::uint8_t*>(part.iov_base);
        bytes.insert(bytes.end(), data, data + part.iov_len);
        out.consume(part.iov_len);
    }
    return bytes;
}

class RawClient {
public:
    explicit RawClient(std::uint16_t port, ProtocolVersion version = ProtocolVersion::v5)
        : RawClient("127.0.0.1", port, version) {}
    RawClient(const std::string& host, std::uint16_t port, ProtocolVersion version)
        : version_(version)
        , fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        REQUIRE(::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1);
        REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    RawClient(RawClient&& other) noexcept
        : version_(other.version_)
        , fd_(std::exchange(other.fd_, -1))
        , next_id_(other.next_id_)
        , is_websocket_(other.is_websocket_) {}
    RawClient& operator=(RawClient&& other) noexcept {
        close();
        fd_ = std::exchange(other.fd_, -1);
        version_ = other.version_;
        next_id_ = other.next_id_;
        is_websocket_ = other.is_websocket_;
        input_.clear();
        frames_.clear();
        shown_ = 0;
        ended_ = false;
        return *this;
    }
    ~RawClient() { close(); }

    // Speaks WebSocket from now on: upgrades, then one binary frame per send.
    RawClient& upgrade() {
        send_raw(
            as_bytes("GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Protocol: mqtt\r\n\r\n"));
        constexpr std::string_view kEnd = "\r\n\r\n";
        while (as_text(Bytes(input_)).find(kEnd) == std::string_view::npos) {
            REQUIRE(read_more(kDeadline));
        }
        CHECK(as_text(Bytes(input_)).starts_with("HTTP/1.1 101"));
        input_.clear();
        is_websocket_ = true;
        return *this;
    }

    // Sending.
    RawClient& send_bytes(Bytes bytes) {
        if (is_websocket_) {
            std::vector<std::uint8_t> frame{0x82, 0x80 | 127};  // masked, with a mask of zeros
            for (int shift = 56; shift >= 0; shift -= 8) {
                frame.push_back(static_cast<std::uint8_t>(std::uint64_t{bytes.size()} >> shift));
            }
            if (bytes.size() < 126) {
                frame = {0x82, static_cast<std::uint8_t>(0x80 | bytes.size())};
            } else if (bytes.size() < 65'536) {
                frame = {0x82, 0x80 | 126, static_cast<std::uint8_t>(bytes.size() >> 8),
                         static_cast<std::uint8_t>(bytes.size())};
            }
            frame.insert(frame.end(), 4, 0);
            frame.insert(frame.end(), bytes.begin(), bytes.end());
            return send_raw(frame);
        }
        return send_raw(bytes);
    }
    RawClient& send_raw(Bytes bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0) break;  // the broker has closed: what it said is still to be read
            bytes = bytes.subspan(static_cast<std::size_t>(n));
        }
        return *this;
    }
    RawClient& send_hex(std::string_view text) { return send_bytes(from_hex(text)); }
    RawClient& send(const Packet& packet) { return send_bytes(encoded(version_, packet)); }

    // Receiving. Views are valid until the next call.
    Packet receive() {
        const auto packet = receive_unless_closed();
        REQUIRE_MESSAGE(packet, "no packet in time, or connection closed");
        return *packet;
    }
    // Nothing: the connection ended, or the deadline passed.
    std::optional<Packet> receive_unless_closed() {
        consume();
        for (;;) {
            const core::FrameResult found = core::find_frame(Bytes(input_), 0);
            REQUIRE(found.status != core::FrameStatus::malformed);
            if (found.status == core::FrameStatus::complete) {
                shown_ = found.frame.size;
                const auto packet = core::decode(found.frame, version_);
                REQUIRE(packet.ok());
                return *packet;
            }
            if (!read_more(kDeadline)) return std::nullopt;
        }
    }
    // The bytes of the packet that came last.
    Bytes last_bytes() const { return Bytes(input_).first(shown_); }
    bool has_ended() const { return ended_; }
    template <class T>
    T expect() {
        const Packet packet = receive();
        INFO("packet kind " << packet.index());
        REQUIRE(std::holds_alternative<T>(packet));
        return std::get<T>(packet);
    }
    // The connection ends, orderly or not, and nothing comes before.
    void expect_closed() {
        consume();
        while (read_more(kDeadline)) {
        }
        INFO("bytes before the end: " << input_.size());
        CHECK(input_.empty());
        CHECK(ended_);
    }
    // Nothing but the answer to a PINGREQ.
    void expect_silence() {
        send(Pingreq{});
        expect<Pingresp>();
    }

    // Sequences.
    struct Login {
        std::string_view client_id = "";
        bool clean_start = true;
        std::uint16_t keep_alive = 60;
        Properties properties = {};
        std::optional<WillView> will = {};
        std::optional<std::string_view> user_name = {};
        std::optional<std::string_view> password = {};
    };
    RawClient& send_connect(const Login& login) {
        Connect connect;
        connect.version = version_;
        connect.client_id = login.client_id;
        connect.clean_start = login.clean_start;
        connect.keep_alive = login.keep_alive;
        connect.properties = login.properties;
        connect.will = login.will;
        connect.user_name = login.user_name;
        if (login.password) connect.password = as_bytes(*login.password);
        return send(connect);
    }
    Connack connect(const Login& login) {
        send_connect(login);
        const Connack connack = expect<Connack>();
        REQUIRE(connack.reason == ReasonCode::success);
        return connack;
    }
    Connack connect(std::string_view client_id) { return connect(Login{.client_id = client_id}); }

    std::vector<ReasonCode> subscribe(std::string_view filter, SubscriptionOptions options = {},
                                      std::uint32_t id = 0) {
        FilterListBuilder filters(true);
        filters.add(filter, options);
        PropertyList properties;
        if (id != 0) properties.add(PropertyId::subscription_identifier, id);
        send(Subscribe{++next_id_, properties.view(), filters.view()});
        const Suback suback = expect<Suback>();
        CHECK(suback.id == next_id_);
        return codes(suback.codes);
    }
    std::vector<ReasonCode> subscribe(std::string_view filter, QoS qos) {
        return subscribe(filter, SubscriptionOptions{.qos = qos});
    }
    std::vector<ReasonCode> unsubscribe(std::string_view filter) {
        FilterListBuilder filters(false);
        filters.add(filter);
        send(Unsubscribe{++next_id_, {}, filters.view()});
        return codes(expect<Unsuback>().codes);
    }
    RawClient& publish(std::string_view topic, std::string_view payload,
                       QoS qos = QoS::at_most_once, PacketId id = 0, bool retain = false,
                       Properties properties = {}) {
        return send(Publish{false, qos, retain, id, topic, properties, as_bytes(payload)});
    }
    // Publishes QoS 1 and waits for its acknowledgement, so that what follows comes after it.
    ReasonCode publish_acked(std::string_view topic, std::string_view payload, bool retain = false,
                             Properties properties = {}) {
        publish(topic, payload, QoS::at_least_once, ++next_id_, retain, properties);
        const Ack ack = expect<Ack>();
        CHECK(ack.type == PacketType::puback);
        return ack.reason;
    }
    Publish expect_publish(std::string_view topic, std::string_view payload) {
        const Publish publish = expect<Publish>();
        CHECK(publish.topic == topic);
        CHECK(as_text(publish.payload) == payload);
        return publish;
    }
    RawClient& ack(PacketType type, PacketId id, ReasonCode reason = ReasonCode::success) {
        return send(Ack{type, id, reason, {}});
    }

    // Ends without a word.
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    int fd() const { return fd_; }
    PacketId next_id() { return ++next_id_; }
    ProtocolVersion version() const { return version_; }

private:
    static std::vector<ReasonCode> codes(Bytes bytes) {
        std::vector<ReasonCode> list;
        for (const std::uint8_t code : bytes)
            list.push_back(static_cast<ReasonCode>(code));
        return list;
    }
    void consume() {
        input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(shown_));
        shown_ = 0;
    }
    bool read_more(std::chrono::milliseconds deadline) {
        pollfd poller{fd_, POLLIN, 0};
        if (::poll(&poller, 1, static_cast<int>(deadline.count())) <= 0) return false;
        std::uint8_t buffer[16 * 1024];
        const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
        if (n <= 0) {
            ended_ = true;
            return false;
        }
        std::vector<std::uint8_t>& into = is_websocket_ ? frames_ : input_;
        into.insert(into.end(), buffer, buffer + n);
        if (is_websocket_) unframe();
        return true;
    }
    // Moves the payload of whole frames to the input.
    void unframe() {
        std::size_t at = 0;
        for (;;) {
            const std::size_t left = frames_.size() - at;
            if (left < 2) break;
            std::size_t size = frames_[at + 1] & 0x7F;
            const std::size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
            if (left < 2 + extra) break;
            if (extra != 0) size = 0;
            for (std::size_t i = 0; i < extra; ++i)
                size = size << 8 | frames_[at + 2 + i];
            if (left < 2 + extra + size) break;
            const auto from = frames_.begin() + static_cast<std::ptrdiff_t>(at + 2 + extra);
            input_.insert(input_.end(), from, from + static_cast<std::ptrdiff_t>(size));
            at += 2 + extra + size;
        }
        frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(at));
    }

    ProtocolVersion version_;
    int fd_;
    std::vector<std::uint8_t> input_;
    std::size_t shown_ = 0;  // bytes of input_ that the last packet took
    PacketId next_id_ = 0;
    bool ended_ = false;
    bool is_websocket_ = false;
    std::vector<std::uint8_t> frames_;  // WebSocket: not yet a whole frame
};

}  // namespace test
