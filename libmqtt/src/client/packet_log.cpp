// See packet_log.hpp.
#include "client/packet_log.hpp"

#include <array>
#include <vector>

#include "core/decode.hpp"
#include "core/describe.hpp"

namespace mqtt::client {

namespace {

constexpr int kMaxVectors = 256;

}  // namespace

void PacketLog::received(Bytes bytes, ProtocolVersion version) {
    if (bytes.size() > ahead_) ahead_ += log_packets("received ", bytes.subspan(ahead_), version);
}

void PacketLog::consumed(std::size_t bytes) {
    ahead_ -= std::min(bytes, ahead_);
}

void PacketLog::sent(const base::OutBuffer& out, std::uint64_t already_out,
                     ProtocolVersion version) {
    std::array<iovec, kMaxVectors> vectors;
    const int count = out.gather(vectors.data(), kMaxVectors);
    std::vector<std::uint8_t> fresh;
    std::uint64_t at = already_out;
    for (int i = 0; i < count; ++i) {
        const iovec& part = vectors[static_cast<std::size_t>(i)];
        const auto* begin = static_cast<const std::uint8_t*>(part.iov_base);
        const std::uint64_t end = at + part.iov_len;
        if (end > logged_out_) {
            const std::uint64_t skip = logged_out_ > at ? logged_out_ - at : 0;
            fresh.insert(fresh.end(), begin + skip, begin + part.iov_len);
        }
        at = end;
    }
    logged_out_ += log_packets("sending ", fresh, version);
}

// Bytes of the whole packets that were described.
std::size_t PacketLog::log_packets(const char* direction, Bytes bytes, ProtocolVersion version) {
    std::size_t done = 0;
    while (true) {
        const core::FrameResult found = core::find_frame(bytes.subspan(done), 0);
        if (found.status != core::FrameStatus::complete) return done;
        const Result<Packet> packet = core::decode(found.frame, version);
        std::string line = direction;
        line += packet ? core::describe(*packet) : packet_name(found.frame.type);
        if (!packet) line += " (malformed)";
        sink_(LogLevel::debug, line);
        done += found.frame.size;
    }
}

}  // namespace mqtt::client
