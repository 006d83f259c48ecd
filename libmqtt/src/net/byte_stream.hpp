// Non-blocking bytes over some transport: the seam between Driver and plain, TLS and WebSocket
// streams, and the place where tests inject faults. Knows no MQTT.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>

namespace mqtt::net {

// Outcome of one non-blocking call. `n` bytes were moved; when it fell short, one of the others
// says why: wait until readable (want_read) or writable (want_write), end of stream, or error.
// A socket that moved fewer bytes than asked is taken as drained (or full) without asking twice.
struct IoResult {
    std::size_t n = 0;
    bool want_read = false;
    bool want_write = false;
    bool eof = false;
    std::error_code error;
};

inline std::size_t total_bytes(const iovec* vectors, int count) {
    std::size_t total = 0;
    for (int i = 0; i < count; ++i)
        total += vectors[i].iov_len;
    return total;
}

// What handshakes proved about the peer; empty where they did not.
struct PeerIdentity {
    std::string common_name;  // of its certificate, or the identity of its pre-shared key
    std::string subject;      // of its certificate, RFC 2253
    std::string address;      // behind a proxy that tells it: "192.0.2.1:50123"
};

class ByteStream {
public:
    virtual ~ByteStream() = default;

    // Reads what is there into `into` (application bytes: decrypted, unframed).
    virtual IoResult read(std::span<std::uint8_t> into) = 0;
    // Writes from the front of the list; after a short write the caller must come back with the same
    // bytes first (TLS records and WebSocket frames may be half out).
    virtual IoResult write(const iovec* vectors, int count) = 0;
    // Makes progress on handshakes (TLS, WebSocket upgrade), inner first. Done: no want_*, no error.
    virtual IoResult handshake() { return {}; }
    virtual bool is_handshake_done() const { return true; }
    // Tells the peer that no more comes (WebSocket close frame, TLS close_notify, FIN); best effort.
    // Reading may go on.
    virtual void shutdown() {}
    // Bytes are waiting inside (SSL_pending, unread frame): the descriptor may not become readable.
    virtual bool has_buffered_input() const { return false; }
    // Control bytes of its own (pong, close answer, handshake rest) still want to be written.
    virtual bool has_pending_output() const { return false; }

    // Adds what this stream and those below it know, once the handshake is done.
    virtual void identify(PeerIdentity&) const {}
    // The certificate that this side has shown is for the host.
    virtual bool is_certified_for(const std::string&) const { return false; }

    virtual int descriptor() const = 0;
};

}  // namespace mqtt::net
