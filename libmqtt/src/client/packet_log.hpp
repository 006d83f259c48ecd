// A debug line per packet of one connection, in both directions. Exists only while somebody listens,
// so that nobody else pays. Used by Link.
#pragma once

#include <cstdint>
#include <string>

#include "base/out_buffer.hpp"
#include "mqtt/options.hpp"
#include "mqtt/types.hpp"

namespace mqtt::client {

class PacketLog {
public:
    explicit PacketLog(const LogSink& sink) : sink_(sink) {}  // `sink` outlives this

    // `bytes` are about to be parsed; then consumed() says how many were. The rest comes again.
    void received(Bytes bytes, ProtocolVersion version);
    void consumed(std::size_t bytes);
    // Output was staged; `already_out` bytes of this connection have left `out`.
    void sent(const base::OutBuffer& out, std::uint64_t already_out, ProtocolVersion version);

private:
    std::size_t log_packets(const char* direction, Bytes bytes, ProtocolVersion version);

    const LogSink& sink_;
    std::size_t ahead_ = 0;         // of what follows, this much is in the log already
    std::uint64_t logged_out_ = 0;  // bytes of output, since the start
};

}  // namespace mqtt::client
