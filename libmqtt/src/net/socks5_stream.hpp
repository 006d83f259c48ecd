// A connection through a SOCKS5 proxy [RFC 1928, RFC 1929]: the handshake asks the proxy to connect,
// with the target's name unresolved (socks5h); then it is the inner stream. Used by connect.
#pragma once

#include <memory>
#include <string>

#include "mqtt/options.hpp"
#include "net/byte_stream.hpp"

namespace mqtt::net {

class Socks5Stream final : public ByteStream {
public:
    // `inner` is connected to the proxy. Host, user name and password of at most 255 bytes.
    Socks5Stream(std::unique_ptr<ByteStream> inner, const ProxyOptions& proxy, std::string host,
                 std::uint16_t port);

    IoResult read(std::span<std::uint8_t> into) override { return inner_->read(into); }
    IoResult write(const iovec* vectors, int count) override {
        return inner_->write(vectors, count);
    }
    IoResult handshake() override;
    bool is_handshake_done() const override { return stage_ == Stage::done; }
    void shutdown() override { inner_->shutdown(); }
    bool has_buffered_input() const override { return inner_->has_buffered_input(); }
    bool has_pending_output() const override { return inner_->has_pending_output(); }
    int descriptor() const override { return inner_->descriptor(); }

    // Why the proxy did not connect, as the end of a sentence.
    const std::string& failure_text() const { return failure_text_; }

private:
    enum class Stage : std::uint8_t { greeting, login, request, done, failed };
    IoResult send();
    IoResult receive(std::size_t size);
    IoResult fail(std::string why);
    std::size_t answer_size() const;
    bool take_answer();
    bool take_method();
    bool take_reply();
    void ask_login();
    void ask_connect();

    std::unique_ptr<ByteStream> inner_;
    ProxyOptions proxy_;
    std::string host_;
    std::uint16_t port_;
    Stage stage_ = Stage::greeting;
    std::string out_;
    std::string in_;
    std::string failure_text_;
};

}  // namespace mqtt::net
