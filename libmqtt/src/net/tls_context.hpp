// Everything of TLS that connections share: certificates, trust, versions, ciphers (an SSL_CTX).
// Used by connect (one per connection attempt) and listener (one per listener, replaced on reload).
// No OpenSSL header is seen from here.
#pragma once

#include <memory>
#include <string>

#include "mqtt/error.hpp"
#include "mqtt/options.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace mqtt::net {

enum class TlsRole : std::uint8_t { client, server };

class TlsContext {
public:
    struct Created {
        std::unique_ptr<TlsContext> context;  // null on error
        Error error;
        std::string message;  // "cannot read the CA file 'x.pem': no such file"
    };
    // Reads the files that the options name. A client without CA file and directory trusts the
    // system's authorities (SSL_CERT_FILE and SSL_CERT_DIR, else the hashed directory, else the bundle).
    static Created create(const TlsOptions& options, TlsRole role);

    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

    TlsRole role() const { return role_; }
    const TlsOptions& options() const { return options_; }
    // Streams hold a count on it: they may outlive this object.
    ssl_ctx_st* native() const { return context_; }

private:
    TlsContext(const TlsOptions& options, TlsRole role);
    std::string load();

    TlsOptions options_;
    TlsRole role_;
    ssl_ctx_st* context_;
};

// Server: the identity whose pre-shared key the client has proved; empty: none.
std::string proved_psk_identity(const ssl_st* ssl);

}  // namespace mqtt::net
