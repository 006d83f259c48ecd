// A connection from a proxy that begins with a PROXY header: read in the handshake, below TLS and
// WebSocket; then it is the inner stream, and identify() tells whose connection it is. Used by listeners.
#pragma once

#include "net/front_stream.hpp"
#include "net/proxy_header.hpp"

namespace mqtt::net {

class ProxyStream final : public FrontStream {
public:
    struct Rules {
        int version = 2;
        bool requires_tls = false;
    };
    ProxyStream(std::unique_ptr<ByteStream> inner, Rules rules)
        : FrontStream(std::move(inner), {})
        , rules_(rules)
        , facts_(std::make_unique<ProxyHeaderFacts>()) {}

    IoResult handshake() override;
    bool is_handshake_done() const override { return is_done_; }
    void identify(PeerIdentity& out) const override;

private:
    Rules rules_;
    bool is_done_ = false;
    std::unique_ptr<ProxyHeaderFacts> facts_;
};

}  // namespace mqtt::net
