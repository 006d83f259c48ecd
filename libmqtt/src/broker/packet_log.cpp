// Walks frames and logs the small ones. Runs only under -v.
#include "broker/packet_log.hpp"

#include <array>
#include <vector>

#include "core/decode.hpp"
#include "core/frame.hpp"

namespace mqtt::broker {
namespace {

void log_one(const LogLines& log, std::string_view client_id, bool sending,
             const core::Frame& frame, ProtocolVersion version) {
    switch (frame.type) {
    case PacketType::pingreq:
    case PacketType::pingresp: log.packet(sending, client_id, frame.type, 0, {}); return;
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
    case PacketType::disconnect: break;
    default: return;
    }
    const Result<Packet> packet = core::decode(frame, version);
    if (!packet) return;
    if (const auto* ack = std::get_if<Ack>(&*packet)) {
        log.packet(sending, client_id, frame.type, ack->id, ack->reason);
    } else if (const auto* end = std::get_if<Disconnect>(&*packet); end != nullptr && sending) {
        log.packet(true, client_id, frame.type, 0, end->reason);
    }
}

void log_all(const LogLines& log, std::string_view client_id, bool sending, Bytes bytes,
             ProtocolVersion version) {
    while (!bytes.empty()) {
        const core::FrameResult found = core::find_frame(bytes, 0);
        if (found.status != core::FrameStatus::complete) return;
        log_one(log, client_id, sending, found.frame, version);
        bytes = bytes.subspan(found.frame.size);
    }
}

}  // namespace

void log_received_acks(const LogLines& log, std::string_view client_id, Bytes bytes,
                       ProtocolVersion version) {
    log_all(log, client_id, false, bytes, version);
}

void log_staged_acks(const LogLines& log, std::string_view client_id, const base::OutBuffer& out,
                     std::size_t from, ProtocolVersion version) {
    if (out.size_bytes() <= from) return;  // flushed in between
    std::array<iovec, 64> vectors;
    const int count = out.gather(vectors.data(), static_cast<int>(vectors.size()));
    std::vector<std::uint8_t> bytes;
    for (int i = 0; i < count; ++i) {
        const auto* data =
            static_cast<const std::uint8_t*>(vectors[static_cast<std::size_t>(i)].iov_base);
        bytes.insert(bytes.end(), data, data + vectors[static_cast<std::size_t>(i)].iov_len);
    }
    if (bytes.size() > from) log_all(log, client_id, true, Bytes(bytes).subspan(from), version);
}

}  // namespace mqtt::broker
