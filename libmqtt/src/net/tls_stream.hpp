// TLS over any inner stream: a non-blocking SSL object whose bytes go through the inner stream, so
// that nothing raises SIGPIPE and tests can break the wire below. Used by connect and listener.
// No OpenSSL header is seen from here.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mqtt/error.hpp"
#include "net/byte_stream.hpp"
#include "net/tls_context.hpp"

struct ssl_st;
struct bio_method_st;

namespace mqtt::net {

class TlsSessions;

class TlsStream final : public ByteStream {
public:
    // `host` (client): what the certificate must be for, and the SNI if it is a name; the context's
    // options may say another one.
    TlsStream(std::unique_ptr<ByteStream> inner, const TlsContext& context,
              const std::string& host = {});
    ~TlsStream() override;

    // Client, before the handshake: offers a session, and keeps those to come. `sessions` must outlive it.
    void resume_with(TlsSessions& sessions, const TlsOptions& options);

    IoResult read(std::span<std::uint8_t> into) override;
    IoResult write(const iovec* vectors, int count) override;
    IoResult handshake() override;
    bool is_handshake_done() const override { return is_done_; }
    void shutdown() override;
    bool has_buffered_input() const override;
    void identify(PeerIdentity& out) const override;
    bool is_certified_for(const std::string& host) const override;
    int descriptor() const override { return inner_->descriptor(); }

    // After a failed handshake: what kind of failure, and its sentence's end.
    Errc failure() const { return failure_; }
    const std::string& failure_text() const { return failure_text_; }

    // After the handshake. Empty when there is none.
    std::string version() const;  // "TLSv1.3"
    std::string alpn() const;
    std::string peer_common_name() const;  // of the peer's certificate

private:
    friend struct TlsBio;
    const std::uint8_t* next_record(const iovec* vectors, int count, std::size_t skip,
                                    std::size_t& size);
    IoResult explain(int returned);
    void explain_handshake(const IoResult& result);

    std::unique_ptr<ByteStream> inner_;
    ssl_st* ssl_;
    TlsSessions* sessions_ = nullptr;
    std::string session_key_;
    std::string host_;
    std::string failure_text_;
    std::string certificate_problem_;  // noted while the peer's certificate is verified
    std::error_code inner_error_;      // of the wire, which OpenSSL cannot carry
    std::size_t pending_ = 0;          // bytes of a record that must be offered again
    Errc failure_ = Errc::ok;
    bool is_done_ = false;
    bool has_failed_ = false;        // OpenSSL wants no more calls
    bool has_heard_ = false;         // any byte of the peer
    bool inner_is_drained_ = false;  // during one call of ours
};

}  // namespace mqtt::net
