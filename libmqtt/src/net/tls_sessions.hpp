// The tickets of one loop's outgoing TLS connections: the newest per server and trust. A service of the
// loop's io_context, so that it lives as long as whatever runs there. Used by connect and tls_stream. No
// OpenSSL header is seen from here.
#pragma once

#include <asio/execution_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "mqtt/options.hpp"

struct ssl_st;
struct ssl_session_st;

namespace mqtt::net {

class TlsSessions final : public asio::execution_context::service {
public:
    using key_type = TlsSessions;
    static asio::execution_context::id id;
    explicit TlsSessions(asio::execution_context& context);
    ~TlsSessions() override;

    // Servers whose tickets may be mixed up: the same name, judged by the same certificates.
    static std::string key_of(const std::string& host, const TlsOptions& options);

    // Before the handshake: offers what is there.
    void offer(ssl_st* ssl, const std::string& server) const;
    // Keeps a copy: what a connection that ends badly had is no longer good for OpenSSL.
    void keep(const std::string& server, const ssl_session_st* session);
    // A handshake has succeeded.
    void count(bool resumed) { ++(resumed ? resumed_ : full_); }
    std::uint64_t full() const { return full_; }
    std::uint64_t resumed() const { return resumed_; }

private:
    struct Free {
        void operator()(ssl_session_st* session) const;
    };
    void shutdown() noexcept override { sessions_.clear(); }

    std::map<std::string, std::unique_ptr<ssl_session_st, Free>> sessions_;
    std::uint64_t full_ = 0;
    std::uint64_t resumed_ = 0;
};

}  // namespace mqtt::net
