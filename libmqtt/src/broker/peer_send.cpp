// What a connection is given to send: messages, answers, acknowledgements; see peer.hpp.
#include "broker/mount.hpp"
#include "broker/peer.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {

using core::SendStatus;

bool Peer::has_room() const {
    return !(driver_.is_blocked() || driver_.is_holding()) ||
           driver_.backlog_bytes() <= shard_->config().output_budget_bytes;
}

void Peer::staged(std::size_t bytes) {
    shard_->loop().staged_bytes() += bytes;
    driver_.mark_dirty();
    if (driver_.backlog_bytes() > kFlushAtBytes) driver_.flush();
}

SendStatus Peer::send(core::OutgoingPublish& publish, const core::MessageRef& keep,
                      DeliveryToken token) {
    ByteWindow* const window =
        publish.qos != QoS::at_most_once && extra_ ? extra_->byte_window.get() : nullptr;
    if (window != nullptr && !window->admits()) return SendStatus::no_quota;
    const std::size_t before = driver_.backlog_bytes();
    core::MessageRef seen;  // by a client that has a mount point
    if (is_mounted_ && publish.topic.starts_with(mount_point())) {
        publish.topic.remove_prefix(mount_point().size());
        if (keep) seen = unmounted(*keep, publish.topic);
    }
    const std::uint64_t position = driver_.staged_position();
    const core::SendResult result = protocol_.publish(publish, seen ? seen : keep, token.bits());
    if (result.status != SendStatus::sent) return result.status;
    if (window != nullptr) window->sent(result.id, publish.payload.size());
    // The receiver may rely on the packet id from now on.
    if (shard_->journal.sent(token, result.id, publish.qos) && publish.qos == QoS::exactly_once) {
        shard_->journal.gate(*this, position);
    }
    if (shard_->log.messages_of(client_id(), publish.topic)) {
        shard_->log.sending_publish(client_id(), publish.qos, publish.retain, result.id,
                                    publish.topic, publish.payload.size());
    }
    staged(driver_.backlog_bytes() - before);
    return SendStatus::sent;
}

SendStatus Peer::send_queued(const QueuedMessage& queued, TimePoint now) {
    const core::Message& message = *queued.message;
    core::OutgoingPublish out;
    out.topic = message.topic();
    out.properties = message.properties();
    out.payload = message.payload();
    out.qos = queued.qos;
    out.retain = queued.retain;
    out.message_expiry_interval = core::remaining_expiry(message.expires_at(), now);
    if (queued.subscription_ids) {
        out.subscription_ids =
            static_cast<const core::SubscriptionIds&>(*queued.subscription_ids).ids();
    } else if (queued.subscription_id != 0) {
        out.subscription_ids = {&queued.subscription_id, 1};
    }
    out.owner = queued.message;
    const bool keep = session_->keeps(queued.qos, queued.token.shared_tag());
    const SendStatus status = send(out, keep ? queued.message : core::MessageRef(), queued.token);
    if (status == SendStatus::sent) shard_->counters.publish_bytes_sent += out.payload.size();
    return status;
}

bool Peer::takes_shared_encoding() const {
    return !is_mounted_ && protocol_.peer_limits().topic_alias_maximum == 0 &&
           !protocol_.is_closing();
}

bool Peer::send_encoded(Bytes packet) {
    const std::uint32_t most = protocol_.peer_limits().maximum_packet_size;
    if (most != 0 && packet.size() > most) return false;
    driver_.stage_received(packet);
    ++shard_->counters.exchange.packets_sent;
    ++shard_->counters.exchange.publishes_sent;
    staged(packet.size());
    return true;
}

bool Peer::send_plain(const Publish& packet) {
    constexpr std::size_t kLengths = 1 + 4 + 2 + 4;  // and the packet's type, at the most
    const std::uint32_t most = protocol_.peer_limits().maximum_packet_size;
    const std::size_t size =
        packet.topic.size() + packet.properties.raw().size() + packet.payload.size() + kLengths;
    if (size > (most != 0 ? most : core::kLargestPacket)) return false;
    const std::size_t before = driver_.backlog_bytes();
    core::encode(driver_.out(), version(), packet);
    ++shard_->counters.exchange.packets_sent;
    ++shard_->counters.exchange.publishes_sent;
    staged(driver_.backlog_bytes() - before);
    return true;
}

void Peer::on_written(std::span<const iovec> pieces, std::size_t count) {
    if (count == driver_.backlog_bytes()) {
        if (!extra_ || !extra_->waiting) return;
        extra_->waiting.reset();
        if (session_ != nullptr) trim_extra();
        return;
    }
    std::unique_ptr<WaitingPackets>& waiting = extra().waiting;
    if (!waiting) waiting = std::make_unique<WaitingPackets>();
    waiting->written(pieces, count);
}

std::size_t Peer::waiting_packets() {
    const base::OutBuffer& out = driver_.out();
    if (out.empty()) return 0;
    std::vector<iovec> pieces(16);
    std::size_t count = 0;
    while ((count = static_cast<std::size_t>(
                out.gather(pieces.data(), static_cast<int>(pieces.size())))) == pieces.size())
        pieces.resize(2 * pieces.size());
    pieces.resize(count);
    if (extra_ && extra_->waiting) return extra_->waiting->look(pieces);
    return WaitingPackets().look(pieces);
}

void Peer::answer(const SubscribeAnswer& answer) {
    if (is_leaving_) return;
    if (shard_->log.packets_of(client_id())) {
        shard_->log.packet(true, client_id(), answer.type, answer.id, {});
    }
    PropertyList properties;
    if (!answer.text.empty()) properties.add(PropertyId::reason_string, answer.text);
    if (answer.type == PacketType::suback)
        protocol_.suback(answer.id, answer.codes, properties);
    else
        protocol_.unsuback(answer.id, answer.codes);
    driver_.mark_dirty();
    for (const ReplayRequest& request : answer.replays) {
        std::unique_ptr<Replays>& replays = extra().replays;
        if (!replays) replays = std::make_unique<Replays>();
        replays->add(*shard_, request);
    }
    pump();
}

void Peer::authenticate(ReasonCode reason, Properties properties) {
    protocol_.auth(reason, properties);
    driver_.mark_dirty();
}

bool Peer::hold_output(std::uint64_t position, std::uint64_t number) {
    std::unique_ptr<OutputGates>& gates = extra().gates;
    if (!gates) gates = std::make_unique<OutputGates>();
    if (!gates->add(position, number)) return false;
    driver_.hold_output(gates->position());
    return true;
}

void Peer::release_output(std::uint64_t committed) {
    if (OutputGates& gates = *extra_->gates; gates.open(committed)) {
        driver_.hold_output(gates.position());
    } else {
        driver_.hold_output(net::Driver::kNoHold);
        extra_->gates.reset();
        trim_extra();
    }
    driver_.mark_dirty();
    pump();
}

void Peer::acknowledge(PacketId id) {
    protocol_.acknowledge(id);
    driver_.mark_dirty();
}

void Peer::pump() {
    if (session_ == nullptr) return;
    shard_->publisher.drain(*session_);
    if (!extra_ || !extra_->replays) return;
    if (extra_->replays->run(*shard_, *this)) {
        extra_->replays.reset();
        trim_extra();
    } else if (!is_blocked() && shard_->is_turn_full()) {
        shard_->peers.pump_later(*this);
    }
}

}  // namespace mqtt::broker
