// A scripted broker for tests of the client: listens on loopback, says what the test makes it say, byte
// by byte, and remembers what it heard. Lives on the same loop as the client under test.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/decode.hpp"
#include "core/encode.hpp"
#include "core/frame.hpp"
#include "net/driver.hpp"
#include "net/listener.hpp"

namespace mqtt::test {

// "20 02 00 00": bytes from hex digits; blanks are ignored.
inline std::string from_hex(std::string_view hex) {
    std::string bytes;
    int high = -1;
    for (const char c : hex) {
        if (c == ' ') continue;
        const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (high < 0) {
            high = digit;
        } else {
            bytes.push_back(static_cast<char>(high << 4 | digit));
            high = -1;
        }
    }
    return bytes;
}

// One accepted connection.
class RawPeer final : public net::ByteConsumer {
public:
    RawPeer(net::Loop& loop, std::unique_ptr<net::ByteStream> stream)
        : driver_(std::make_unique<net::Driver>(loop, std::move(stream), *this)) {
        driver_->start();
    }

    void send(std::string_view bytes) {
        driver_->out().append(as_bytes(bytes));
        driver_->mark_dirty();
    }
    void send_hex(std::string_view hex) { send(from_hex(hex)); }
    void send(ProtocolVersion version, const Packet& packet) {
        core::encode(driver_->out(), version, packet);
        driver_->mark_dirty();
    }
    // Everything that was sent leaves, then the connection ends.
    void close() { driver_->close_gracefully(); }
    // The connection ends at once; what was sent may be lost.
    void abort() { driver_->abort(); }
    // Reads nothing any more: a link that swallows bytes.
    void go_deaf() { driver_->pause_reading(); }
    void listen_again() { driver_->resume_reading(); }

    // How many whole packets have come, and what they are: "CONNECT SUBSCRIBE PUBLISH".
    std::vector<core::Frame> frames() const {
        std::vector<core::Frame> found;
        std::size_t at = 0;
        while (true) {
            const core::FrameResult result = core::find_frame(as_bytes(heard).subspan(at), 0);
            if (result.status != core::FrameStatus::complete) return found;
            found.push_back(result.frame);
            at += result.frame.size;
        }
    }
    std::string packet_names() const {
        std::string names;
        for (const core::Frame& frame : frames()) {
            if (!names.empty()) names += ' ';
            names += packet_name(frame.type);
        }
        return names;
    }
    // The packet at `index`, decoded; views into `heard`.
    template <class T>
    T packet(std::size_t index, ProtocolVersion version = ProtocolVersion::v5) const {
        const std::vector<core::Frame> all = frames();
        if (index >= all.size()) throw std::runtime_error("no such packet");
        const Result<Packet> decoded = core::decode(all[index], version);
        if (!decoded) throw std::runtime_error("packet cannot be decoded");
        return std::get<T>(*decoded);
    }

    std::string heard;
    bool is_closed = false;

private:
    net::Consumed on_bytes(Bytes bytes) override {
        heard.append(as_text(bytes));
        return {bytes.size(), 0};
    }
    void on_closed(std::error_code) override { is_closed = true; }

    std::unique_ptr<net::Driver> driver_;
};

class RawBroker {
public:
    explicit RawBroker(net::Loop& loop) : loop_(loop) {
        net::ListenOptions options;
        options.endpoint.host = "127.0.0.1";
        options.endpoint.port = 0;
        auto opened = net::Listener::open(loop, options, 0, [this](net::Accepted accepted) {
            peers.push_back(std::make_unique<RawPeer>(loop_, std::move(accepted.stream)));
            if (on_accept) on_accept(*peers.back());
        });
        if (!opened.listener) throw std::runtime_error(opened.message);
        listener_ = std::move(opened.listener);
    }

    std::uint16_t port() const { return listener_->bound().front().port; }
    RawPeer& peer(std::size_t index = 0) { return *peers.at(index); }
    // Nobody listens any more; connections stay.
    void stop_listening() { listener_.reset(); }

    std::function<void(RawPeer&)> on_accept;
    std::vector<std::unique_ptr<RawPeer>> peers;

private:
    net::Loop& loop_;
    std::unique_ptr<net::Listener> listener_;
};

// What CONNACK with success looks like.
inline constexpr std::string_view kConnackV3 = "20 02 00 00";
inline constexpr std::string_view kConnackV5 = "20 03 00 00 00";

}  // namespace mqtt::test
