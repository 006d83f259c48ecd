// How many packets wait in the output of a connection whose socket takes no more, for $SYS: found out by walking over
// their headers, each once when somebody asks and once when it is written, so that connections that keep up pay nothing.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace mqtt::broker {

class WaitingPackets {
public:
    // The first `count` bytes of what stands in `pieces` have been written, others not. Called for all such
    // writes, or for none since the output was last empty.
    void written(std::span<const iovec> pieces, std::size_t count);
    // Packets in `pieces`, which is all of the output; one that is partly written counts.
    std::size_t look(std::span<const iovec> pieces);

private:
    std::size_t head_ = 0;     // bytes that are left of a packet that is partly written
    std::size_t walked_ = 0;   // bytes that were walked over: the end of a packet
    std::size_t packets_ = 0;  // that begin between the two
};

}  // namespace mqtt::broker
