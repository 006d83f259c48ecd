// The switch for programs; the tickets themselves are the network's.
#include <asio/io_context.hpp>

#include "mqtt/connection.hpp"
#include "mqtt/tls_sessions.hpp"
#include "net/tls_sessions.hpp"

namespace mqtt {

void resume_tls_sessions(ConnectionLoop& loop) {
    asio::use_service<net::TlsSessions>(loop.context());
}

TlsSessionCounts tls_session_counts(ConnectionLoop& loop) {
    if (!asio::has_service<net::TlsSessions>(loop.context())) return {};
    const auto& sessions = asio::use_service<net::TlsSessions>(loop.context());
    return {sessions.full(), sessions.resumed()};
}

}  // namespace mqtt
