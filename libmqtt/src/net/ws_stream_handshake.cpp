// The upgrade of a WsStream: inner handshake, then request and answer.
#include "net/ws_stream_handshake.hpp"

#include <array>

#include "mqtt/error.hpp"
#include "net/http_head.hpp"
#include "net/ws_handshake.hpp"

namespace mqtt::net {

namespace {

bool is_handshake_over(const IoResult& result) {
    return result.error || result.eof || result.want_read || result.want_write;
}

IoResult refused() {
    IoResult result;
    result.error = Errc::websocket_upgrade_failed;
    return result;
}

}  // namespace

WsStream::WsStream(std::unique_ptr<ByteStream> inner, const Endpoint& endpoint,
                   const WebSocketOptions& options)
    : inner_(std::move(inner))
    , handshake_(std::make_unique<Handshake>())
    , role_(WsRole::client)
    , decoder_(WsRole::client) {
    handshake_->endpoint = endpoint;
    handshake_->options = options;
    handshake_->key = make_ws_key();
    handshake_->out = make_upgrade_request(endpoint, options, handshake_->key);
}

IoResult WsStream::handshake() {
    const IoResult below = inner_->handshake();
    if (is_handshake_over(below) || !handshake_) return below;
    for (;;) {
        if (!handshake_->out.empty()) {
            const IoResult sent = send_handshake();
            if (is_handshake_over(sent)) return sent;
        }
        if (handshake_->is_refused) {
            inner_->shutdown();
            IoResult result = refused();
            if (handshake_->is_foreign) result.error = Errc::websocket_origin_refused;
            return result;
        }
        if (handshake_->is_answered) {
            handshake_.reset();
            return {};
        }
        const IoResult received = receive_head();
        if (is_handshake_over(received) || !handshake_) return received;
    }
}

IoResult WsStream::send_handshake() {
    IoResult result;
    while (!handshake_->out.empty() && !is_handshake_over(result)) {
        const iovec vector{handshake_->out.data(), handshake_->out.size()};
        result = inner_->write(&vector, 1);
        handshake_->out.erase(0, result.n);
    }
    return result;
}

// Empty result with `handshake_` gone: done. Empty result with it: there is something to send.
IoResult WsStream::receive_head() {
    std::string& in = handshake_->in;
    for (;;) {
        std::size_t size = 0;
        const HttpHeadState state = find_http_head(in, size);
        if (state == HttpHeadState::malformed && role_ == WsRole::client) {
            refusal_ = "the answer is not HTTP (is this a WebSocket port?)";
            return refused();
        }
        if (state != HttpHeadState::incomplete) {
            const std::string head = in.substr(0, size);
            inbox_ = in.substr(size);
            if (role_ == WsRole::client) return finish_as_client(head);
            answer_as_server(head);
            return {};
        }
        std::array<std::uint8_t, 2048> buffer;
        const IoResult result = inner_->read(buffer);
        in.append(as_text(Bytes(buffer).first(result.n)));
        if (result.n == 0) {
            if (result.eof && role_ == WsRole::client) {
                refusal_ = "the server closed the connection without an answer";
                return refused();
            }
            return result;
        }
    }
}

IoResult WsStream::finish_as_client(std::string_view head) {
    refusal_ = check_upgrade_answer(head, handshake_->options, handshake_->key);
    if (!refusal_.empty()) return refused();
    handshake_.reset();
    return {};
}

void WsStream::answer_as_server(std::string_view head) {
    UpgradeAnswer answer = head.empty()
                               ? refuse_malformed_upgrade()
                               : answer_upgrade(head, handshake_->origins.get(), inner_.get());
    handshake_->out = std::move(answer.text);
    handshake_->is_answered = answer.accepted;
    handshake_->is_refused = !answer.accepted;
    handshake_->is_foreign = answer.is_foreign;
}

}  // namespace mqtt::net
