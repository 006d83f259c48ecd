// One port for MQTT and WebSocket: the first byte decides. CONNECT begins with 0x10, an HTTP request
// with a capital letter. Used by listeners that are told so; HTTP that is no upgrade gets WsStream's answer.
#pragma once

#include "net/front_stream.hpp"
#include "net/ws_stream.hpp"

namespace mqtt::net {

class SharedPortStream final : public FrontStream {
public:
    SharedPortStream(std::unique_ptr<ByteStream> inner, WsStream::Origins origins)
        : FrontStream(std::move(inner), {})
        , origins_(std::move(origins)) {}

    IoResult handshake() override;
    bool is_handshake_done() const override { return is_decided_ && inner_->is_handshake_done(); }

private:
    WsStream::Origins origins_;  // until it is decided
    bool is_decided_ = false;
};

}  // namespace mqtt::net
