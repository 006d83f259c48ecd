// Resuming TLS sessions: whoever connects to a server again offers the ticket that it gave, and both save
// the certificates and most of the arithmetic. Off unless asked for. Used by load generators, and by
// programs that reconnect often.
#pragma once

#include <cstdint>

namespace mqtt {

class ConnectionLoop;

// Connections that are opened on this loop from now on keep what the server gives and offer it the next
// time, to the same host under the same trust. Before the loop runs, or on its thread.
void resume_tls_sessions(ConnectionLoop& loop);

// Handshakes of such connections that succeeded.
struct TlsSessionCounts {
    std::uint64_t full = 0;
    std::uint64_t resumed = 0;
};
// Loop's thread. All 0 when resuming was never asked for.
TlsSessionCounts tls_session_counts(ConnectionLoop& loop);

}  // namespace mqtt
