// Copies of OpenSSL's sessions.
#include "net/tls_sessions.hpp"

#include "net/openssl.hpp"

namespace mqtt::net {

asio::execution_context::id TlsSessions::id;

TlsSessions::TlsSessions(asio::execution_context& context) : service(context) {}

TlsSessions::~TlsSessions() = default;

void TlsSessions::Free::operator()(ssl_session_st* session) const {
    SSL_SESSION_free(session);
}

std::string TlsSessions::key_of(const std::string& host, const TlsOptions& options) {
    std::string key = host;
    for (const std::string* part : {&options.ca_file, &options.ca_directory, &options.crl_file,
                                    &options.certificate_file, &options.psk_identity})
        key += '\n' + *part;
    key += options.verify_peer ? '1' : '0';
    key += options.verify_host_name ? '1' : '0';
    return key;
}

void TlsSessions::offer(ssl_st* ssl, const std::string& server) const {
    const auto known = sessions_.find(server);
    if (known == sessions_.end()) return;
    const std::unique_ptr<SSL_SESSION, Free> copy(SSL_SESSION_dup(known->second.get()));
    if (copy) SSL_set_session(ssl, copy.get());
}

void TlsSessions::keep(const std::string& server, const ssl_session_st* session) {
    std::unique_ptr<SSL_SESSION, Free> copy(SSL_SESSION_dup(session));
    if (copy) sessions_[server] = std::move(copy);
}

}  // namespace mqtt::net
