// The loop over the frames of a byte stream, shared by the two roles' feed. Included by their .cpp
// files only; it is a template so that the roles' packet handlers are called without indirection.
#pragma once

#include "core/exchange.hpp"

namespace mqtt::core {

// `Protocol` provides may_parse(), incoming_limit() and receive(frame, now, sink).
// The sink may do anything to the protocol object but destroy it; every state that it can change is
// read again before the next frame.
template <class Protocol, class Sink>
base::Consumed Exchange::feed_frames(Protocol& protocol, Bytes bytes, TimePoint now, Sink& sink) {
    base::Consumed consumed;
    std::uint64_t packets = 0;
    paused_ = false;
    while (consumed.bytes < bytes.size() && protocol.may_parse()) {
        const FrameResult found =
            find_frame(bytes.subspan(consumed.bytes), protocol.incoming_limit());
        if (found.status != FrameStatus::complete) {
            if (found.status == FrameStatus::incomplete) {
                consumed.needed = found.frame.size;
            } else {
                const bool too_large = found.status == FrameStatus::too_large;
                fail(Error(too_large ? Errc::packet_too_large : Errc::malformed_packet), sink);
            }
            break;
        }
        consumed.bytes += found.frame.size;
        ++packets;
        if (found.frame.type == PacketType::publish && connected_) {
            receive_publish(found.frame, sink);
        } else if (const PacketId id = plain_puback(found.frame); id != 0) {
            receive_puback(id, ReasonCode::success, sink);
        } else {
            protocol.receive(found.frame, now, sink);
        }
    }
    finish_batch(packets, sink);
    return consumed;
}

}  // namespace mqtt::core
