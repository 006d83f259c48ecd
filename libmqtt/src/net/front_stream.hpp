// A stream whose first bytes have been read already: it hands them out again, then it is the inner stream.
// Base of what looks at the beginning of a connection (PROXY header, shared port).
#pragma once

#include <memory>
#include <string>

#include "net/byte_stream.hpp"

namespace mqtt::net {

class FrontStream : public ByteStream {
public:
    FrontStream(std::unique_ptr<ByteStream> inner, std::string already_read)
        : inner_(std::move(inner))
        , inbox_(std::move(already_read)) {}

    IoResult read(std::span<std::uint8_t> into) override;
    IoResult write(const iovec* vectors, int count) override {
        return inner_->write(vectors, count);
    }
    IoResult handshake() override { return inner_->handshake(); }
    bool is_handshake_done() const override { return inner_->is_handshake_done(); }
    void shutdown() override { inner_->shutdown(); }
    bool has_buffered_input() const override {
        return !inbox_.empty() || inner_->has_buffered_input();
    }
    bool has_pending_output() const override { return inner_->has_pending_output(); }
    void identify(PeerIdentity& out) const override { inner_->identify(out); }
    bool is_certified_for(const std::string& host) const override {
        return inner_->is_certified_for(host);
    }
    int descriptor() const override { return inner_->descriptor(); }

protected:
    // Appends what is there to the inbox, at most `most` bytes.
    IoResult read_ahead(std::size_t most);
    static bool is_over(const IoResult& result) {
        return result.error || result.eof || result.want_read || result.want_write;
    }

    std::unique_ptr<ByteStream> inner_;
    std::string inbox_;
};

}  // namespace mqtt::net
