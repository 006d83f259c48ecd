// WebSocket over any inner stream, as server or client: the upgrade, then one binary frame per
// flush. Hands out the frames' payload as plain bytes; answers pings and closes by itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mqtt/endpoint.hpp"
#include "mqtt/options.hpp"
#include "net/byte_stream.hpp"
#include "net/ws_frame.hpp"

namespace mqtt::net {

class WsStream final : public ByteStream {
public:
    using Origins = std::shared_ptr<const std::vector<std::string>>;
    // The server's side: waits for the request, accepts any path and query, and web pages of `origins`
    // (see ws_origin.hpp; null: of all).
    explicit WsStream(std::unique_ptr<ByteStream> inner, Origins origins = nullptr);
    // The client's side: asks for `endpoint.path`.
    WsStream(std::unique_ptr<ByteStream> inner, const Endpoint& endpoint,
             const WebSocketOptions& options);
    ~WsStream() override;

    IoResult read(std::span<std::uint8_t> into) override;
    IoResult write(const iovec* vectors, int count) override;
    IoResult handshake() override;
    bool is_handshake_done() const override { return handshake_ == nullptr; }
    void shutdown() override;
    bool has_buffered_input() const override {
        return !inbox_.empty() || inner_->has_buffered_input();
    }
    bool has_pending_output() const override {
        return !control_.empty() || inner_->has_pending_output();
    }
    void identify(PeerIdentity& out) const override { inner_->identify(out); }
    bool is_certified_for(const std::string& host) const override {
        return inner_->is_certified_for(host);
    }
    int descriptor() const override { return inner_->descriptor(); }

    // Why the upgrade was refused (client), as the end of a sentence; empty otherwise.
    const std::string& refusal() const { return refusal_; }
    ByteStream& inner() { return *inner_; }

private:
    struct Handshake;
    IoResult send_handshake();
    IoResult receive_head();
    IoResult finish_as_client(std::string_view head);
    void answer_as_server(std::string_view head);

    IoResult read_raw(std::span<std::uint8_t> into);
    void unframe(std::span<std::uint8_t> raw, IoResult& result);
    void on_close_frame(IoResult& result);
    void on_violation(IoResult& result);

    bool is_frame_open() const { return header_sent_ < header_size_ || frame_left_ > 0; }
    void open_frame(std::size_t payload_bytes);
    IoResult write_control();
    IoResult write_frame(const iovec* vectors, int count, std::size_t skip);
    IoResult write_plain(const iovec* vectors, int count, std::size_t skip);
    IoResult write_masked(const iovec* vectors, int count, std::size_t skip);
    void account(IoResult& result);
    void queue_control(WsOpcode opcode, Bytes payload);
    void queue_close(WsClose code);
    void end_output();

    std::unique_ptr<ByteStream> inner_;
    std::unique_ptr<Handshake> handshake_;  // until it is done
    WsRole role_;
    bool close_queued_ = false;  // our close frame; no data frame may follow
    bool shut_inner_ = false;    // once the close frame is out
    bool ended_ = false;         // the peer's close frame has come, or a violation
    // The frame that is being written: a flush may go out in pieces.
    std::uint8_t header_size_ = 0;
    std::uint8_t header_sent_ = 0;
    std::array<std::uint8_t, kWsMaxHeader> header_{};
    WsMask mask_{};
    std::uint64_t frame_left_ = 0;
    std::uint64_t frame_position_ = 0;
    std::string control_;  // encoded control frames to go out between data frames
    std::string inbox_;    // raw bytes that came with the upgrade
    std::string refusal_;
    WsDecoder decoder_;
};

}  // namespace mqtt::net
