// See packet_log.hpp.
#include "client/packet_log.hpp"

#include <vector>

#include "core/decode.hpp"

namespace mqtt::client {

namespace {

constexpr std::size_t kFewVectors = 16;

}  // namespace

std::size_t PacketLog::received(Bytes bytes, ProtocolVersion version) {
    const core::FrameResult found = core::find_frame(bytes, 0);
    if (found.status != core::FrameStatus::complete) return 0;
    if (!told_) tell(found.frame, false, version);
    told_ = true;
    return found.frame.size;
}

void PacketLog::consumed(std::size_t bytes) {
    if (bytes != 0) told_ = false;
}

void PacketLog::sent(const base::OutBuffer& out, std::uint64_t already_out,
                     ProtocolVersion version) {
    std::vector<iovec> vectors(kFewVectors);
    int count = 0;
    while ((count = out.gather(vectors.data(), static_cast<int>(vectors.size()))) ==
           static_cast<int>(vectors.size())) {
        vectors.resize(2 * vectors.size());
    }
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
    std::size_t done = 0;
    while (true) {
        const core::FrameResult found = core::find_frame(Bytes(fresh).subspan(done), 0);
        if (found.status != core::FrameStatus::complete) break;
        tell(found.frame, true, version);
        done += found.frame.size;
    }
    logged_out_ += done;
}

void PacketLog::tell(const core::Frame& frame, bool is_sent, ProtocolVersion version) const {
    const Result<Packet> packet = core::decode(frame, core::answer_version(frame.type, version));
    sink_({.is_sent = is_sent, .type = frame.type, .packet = packet ? &*packet : nullptr});
}

}  // namespace mqtt::client
