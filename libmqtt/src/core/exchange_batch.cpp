// Many PUBLISH at once that are alike but for their payloads: what is the same for all is done once.
#include <algorithm>

#include "core/exchange.hpp"
#include "core/publish_template.hpp"

namespace mqtt::core {

namespace {

bool is_referenced(Bytes payload, bool has_owner) {
    return has_owner && payload.size() >= kReferenceFrom;
}

// Packets from the first on that are written in one piece: none too large for the peer, none by reference,
// `most_bytes` together.
struct Run {
    std::size_t count = 0;
    std::size_t bytes = 0;
};

Run find_run(const PublishTemplate& packet, std::span<const Bytes> payloads, bool has_owner,
             std::size_t most_bytes, std::size_t packet_limit) {
    Run run;
    for (const Bytes payload : payloads) {
        const std::size_t size = packet.packet_size(payload.size());
        if (size > packet_limit || is_referenced(payload, has_owner)) break;
        if (run.bytes + size > most_bytes) break;
        run.bytes += size;
        ++run.count;
    }
    return run;
}

}  // namespace

std::size_t Exchange::send_quota() const {
    if (!connected_ || closing_ || resend_pending_ != 0) return 0;  // as has_send_quota()
    const std::uint16_t window = std::min(peer_.receive_maximum, send_window_);
    const std::size_t left = window > send_in_use_ ? std::size_t{window} - send_in_use_ : 0;
    return std::min(left, session_->outgoing.room());
}

BatchResult Exchange::publish_batch(OutgoingPublish& common, std::span<const Bytes> payloads,
                                    std::uint64_t first_token, std::size_t most_bytes) {
    if (payloads.empty()) return {};
    // The first one as any other: it may define the alias that the rest goes by.
    common.payload = payloads.front();
    const SendResult first = publish(common, {}, first_token);
    if (first.status != SendStatus::sent) return {first.status, 0};
    if (common.topic_alias != 0) common.omit_topic = true;
    const PublishTemplate packet(version_, common);
    const bool with_id = common.qos != QoS::at_most_once;
    const InflightState state = common.qos == QoS::at_least_once ? InflightState::await_puback
                                                                 : InflightState::await_pubrec;
    const std::size_t limit =
        peer_.maximum_packet_size != 0 ? peer_.maximum_packet_size : kLargestPacket;
    const std::size_t allowed = with_id ? send_quota() : payloads.size();
    const std::size_t end = std::min(payloads.size(), 1 + allowed);
    BatchResult result{end < payloads.size() ? SendStatus::no_quota : SendStatus::sent, 1};
    std::size_t& i = result.count;
    const auto next_id = [&] {
        if (!with_id) return PacketId{0};
        return session_->outgoing.add_publish(first_token + i, state, common.qos, common.retain);
    };
    while (i < end) {
        const Run run = find_run(packet, payloads.subspan(i, end - i), bool{common.owner},
                                 most_bytes - std::min(most_bytes, out_->size_bytes()), limit);
        std::uint8_t* at = out_->grow(run.bytes);
        for (const std::size_t run_end = i + run.count; i < run_end; ++i)
            at = packet.write(at, next_id(), payloads[i]);
        if (i == end) break;
        const Bytes payload = payloads[i];
        if (packet.packet_size(payload.size()) > limit) {  // [MQTT-3.1.2-24] [MQTT-3.2.2-15]
            result.status = SendStatus::too_large;
            break;
        }
        if (!is_referenced(payload, bool{common.owner}) || out_->size_bytes() >= most_bytes) {
            result.status = SendStatus::sent;
            break;
        }
        packet.append(*out_, next_id(), payload, common.owner);
        ++i;
    }
    if (with_id) send_in_use_ = static_cast<std::uint16_t>(send_in_use_ + i - 1);
    if (result.status == SendStatus::no_quota) quota_was_exhausted_ = true;
    if (counters_ != nullptr) {
        counters_->packets_sent += i - 1;
        counters_->publishes_sent += i - 1;
    }
    return result;
}

}  // namespace mqtt::core
