// What a client publishes, and how far it is with what it was sent: from the protocol's events to Publisher
// and journal.
#include <algorithm>

#include "base/by_words.hpp"
#include "broker/mount.hpp"
#include "broker/peer.hpp"
#include "broker/reason_text.hpp"
#include "broker/rights.hpp"
#include "broker/shard.hpp"
#include "core/as_received.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {

using core::AckDecision;

// Over its rate, what else has arrived stays unread until the rate allows it.
void Peer::count_publish() {
    if (!extra_ || !extra_->restraint || !extra_->restraint->publishes) return;
    Restraint& restraint = *extra_->restraint;
    base::TokenBucket& bucket = *restraint.publishes;
    bucket.take(shard_->now());
    if (bucket.next() <= shard_->now()) return;
    restraint.is_waiting = true;
    shard_->loop().set_timer(restraint, bucket.next());
    protocol_.pause();
    driver_.pause_reading();
    shard_->hit(Limit::publish_rate, client_id());
}

// Whether it has crossed a bridge of this broker before, and comes back over others.
static bool has_been_here(const BrokerConfig& config, Properties properties) {
    return !properties.empty() &&
           std::any_of(config.bridges.begin(), config.bridges.end(), [&](const auto& bridge) {
               return !bridge.hop_name.empty() && has_hop(properties, bridge.hop_name);
           });
}

// Why this message is not taken, or success.
ReasonCode Peer::refusal(const Publish& publish) {
    const BrokerConfig& config = shard_->config();
    // What takes a retained message away gives memory back.
    const auto frees = [&] {
        return publish.retain && publish.payload.empty() && shard_->retained.has(publish.topic);
    };
    if (shard_->memory.is_short(config) && !frees()) {
        shard_->hit(Limit::memory_soft, client_id());
        return ReasonCode::quota_exceeded;
    }
    if (shard_->journal.is_failing() && (publish.retain || publish.qos != QoS::at_most_once)) {
        shard_->hit(Limit::store_failing, client_id());
        return ReasonCode::quota_exceeded;
    }
    const ReasonCode reason = shard_->publisher.refusal(
        {base::by_words(publish.topic), Properties(base::by_words(publish.properties.raw())),
         base::by_words(publish.payload)},
        client_id());
    if (is_error(reason)) return reason;
    if (!is_allowed(config, *session_, Access::publish, publish.topic)) {
        shard_->hit(Limit::publish_rights, client_id());
        return ReasonCode::not_authorized;
    }
    return ReasonCode::success;
}

static AckDecision refused(ReasonCode reason) {
    return AckDecision::refused(reason, publish_refusal_text(reason));
}

AckDecision Peer::on_publish(const Publish& publish) {
    if (is_mounted_) return take_mounted(publish);
    return take_publish(publish);
}

AckDecision Peer::take_mounted(const Publish& given) {
    const std::string mounted = mounted_topic(mount_point(), given.topic);
    if (!validate_topic_name(mounted)) return refused(ReasonCode::topic_name_invalid);
    Publish publish = given;
    publish.topic = mounted;
    return take_publish(publish);
}

AckDecision Peer::take_publish(const Publish& publish) {
    shard_->counters.publish_bytes_received += publish.payload.size();
    if (shard_->log.messages_of(client_id(), publish.topic)) {
        shard_->log.received_publish(client_id(), publish);
    }
    count_publish();
    if (const ReasonCode reason = refusal(publish); reason != ReasonCode::success) {
        ++shard_->counters.publishes_refused;
        // 3.x cannot refuse, and an acknowledgement would be a promise. [MQTT311-3.3.5-2]
        if (reason == ReasonCode::quota_exceeded && !has_properties(version()) &&
            publish.qos != QoS::at_most_once) {
            session_->exchange.inbox.erase(publish.id);  // sent again it is not a repetition
            if (shard_->memory.is_short(shard_->config())) disconnect(reason, "memory limit");
            if (shard_->journal.is_failing()) disconnect(reason, "the store cannot be written");
        }
        return refused(reason);
    }
    if (has_been_here(shard_->config(), publish.properties)) return AckDecision::now();
    Publication publication;
    publication.topic = base::by_words(publish.topic);
    publication.payload = base::by_words(publish.payload);
    publication.qos = publish.qos;
    publication.retain = publish.retain;
    publication.publisher = session_->number;
    publication.packet = core::as_received(publish, version());
    publication.packet_has_properties = has_properties(version());
    if (!publish.properties.empty()) {
        const core::PublishProperties split =
            core::split_publish_properties(publish.properties, shard_->property_scratch);
        publication.properties = split.forwardable;
        if (split.forwardable.raw().size() != publish.properties.raw().size()) {
            publication.packet = {};  // some were for this hop only
        }
        if (split.message_expiry_interval) {
            publication.expires_at =
                shard_->now() + std::chrono::seconds(*split.message_expiry_interval);
        }
    }
    const std::uint64_t recorded = shard_->journal.mark();
    const ReasonCode reason = shard_->publisher.publish(publication, session_);
    if (publish.qos == QoS::exactly_once && (!is_error(reason) || !has_properties(version()))) {
        shard_->journal.received_id(*session_, publish.id);
    }
    if (publish.qos != QoS::at_most_once && shard_->journal.mark() != recorded) {
        shard_->journal.gate(*this);
    }
    if (shard_->is_turn_full() || shard_->mail.is_full()) protocol_.pause();
    if (const Session* full = shard_->publisher.overfilled()) {
        shard_->held_acks.hold(*full, client_id(), publish.id);
        return AckDecision::later();
    }
    return is_error(reason) ? refused(reason) : AckDecision::now(reason);
}

// A refused message of a shared subscription goes to nobody else. [MQTT-4.8.2-6]
void Peer::on_delivered(PacketId id, std::uint64_t token, ReasonCode) {
    shard_->journal.done(DeliveryToken::from(token));
    if (extra_ && extra_->byte_window && extra_->byte_window->finished(id)) pump();
    if (session_ != nullptr) shard_->subscriptions.tell_readiness(*session_);
}

void Peer::on_received(PacketId, std::uint64_t token) {
    if (!shard_->journal.received(DeliveryToken::from(token))) return;
    shard_->journal.gate(*this);
}

void Peer::on_released(PacketId id) {
    if (session_ == nullptr || !session_->is_stored) return;
    shard_->journal.released_id(*session_, id);
    shard_->journal.gate(*this);
}

}  // namespace mqtt::broker
