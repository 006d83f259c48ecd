// Tells of every packet of one connection, in both directions. Exists only while somebody listens,
// so that nobody else pays. Used by Link.
#pragma once

#include <cstdint>

#include "base/out_buffer.hpp"
#include "core/frame.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/types.hpp"

namespace mqtt::client {

class PacketLog {
public:
    explicit PacketLog(const PacketSink& sink) : sink_(sink) {}  // `sink` outlives this

    // `bytes` are about to be parsed: tells of the first packet, once. Its size; 0: there is no whole one.
    std::size_t received(Bytes bytes, ProtocolVersion version);
    // So many of them were parsed; the rest comes again.
    void consumed(std::size_t bytes);
    // Output was staged; `already_out` bytes of this connection have left `out`.
    void sent(const base::OutBuffer& out, std::uint64_t already_out, ProtocolVersion version);

private:
    void tell(const core::Frame& frame, bool is_sent, ProtocolVersion version) const;

    const PacketSink& sink_;
    bool told_ = false;             // of the packet that comes next
    std::uint64_t logged_out_ = 0;  // bytes of output, since the start
};

}  // namespace mqtt::client
