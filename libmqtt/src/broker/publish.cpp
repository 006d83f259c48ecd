// Distribution of messages to local sessions and shared groups, and the queues behind them.
#include "broker/publish.hpp"

#include "base/by_words.hpp"
#include "broker/hash.hpp"
#include "broker/peer.hpp"
#include "broker/rights.hpp"
#include "broker/shard.hpp"
#include "core/encode.hpp"
#include "core/utf8.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {
namespace {

using core::SendStatus;

core::Message::Init keepable(const Publication& p) {
    core::Message::Init init;
    init.topic = base::by_words(p.topic);
    init.properties = Properties(base::by_words(p.properties.raw()));
    init.payload = base::by_words(p.payload);
    init.qos = p.qos;
    init.retain = p.retain;
    init.expires_at = p.expires_at;
    init.publisher = p.publisher;
    return init;
}

core::OutgoingPublish outgoing(const Publication& p, TimePoint now) {
    core::OutgoingPublish out;
    out.topic = base::by_words(p.topic);
    out.properties = Properties(base::by_words(p.properties.raw()));
    out.payload = base::by_words(p.payload);
    if (p.expires_at != TimePoint::max()) {
        out.message_expiry_interval = core::remaining_expiry(p.expires_at, now);  // [MQTT-3.3.2-6]
    }
    return out;
}

// Bridges of other brokers say here whether they are there, as with mosquitto.
bool is_state_of_bridge(std::string_view topic) {
    return topic_matches("$SYS/broker/connection/+/state", topic);
}

}  // namespace

ReasonCode Publisher::refusal(const Given& given, std::string_view client_id) {
    const BrokerConfig& config = shard_.config();
    const std::string_view topic = base::by_words(given.topic);
    if (config.maximum_payload_size != 0 && given.payload.size() > config.maximum_payload_size) {
        shard_.hit(Limit::message_size, client_id);
        return ReasonCode::quota_exceeded;
    }
    if (topic.front() == '$' && (topic.starts_with("$SYS/") || topic == "$SYS") &&
        !is_state_of_bridge(topic)) {
        shard_.hit(Limit::sys_publish, client_id);
        return ReasonCode::not_authorized;  // the broker's own
    }
    if (config.check_payload_format &&
        given.properties.number_or(PropertyId::payload_format_indicator, 0) == 1 &&
        !core::is_well_formed_utf8(as_text(given.payload))) {
        shard_.hit(Limit::payload_format, client_id);
        return ReasonCode::payload_format_invalid;
    }
    if (topic.size() >= config.maximum_topic_levels &&
        topic_levels(topic) > config.maximum_topic_levels) {
        shard_.hit(Limit::topic_levels, client_id);
        return ReasonCode::topic_name_invalid;
    }
    return ReasonCode::success;
}

ReasonCode Publisher::publish(const Publication& publication, const Session* from) {
    overfilled_ = nullptr;
    if (publication.retain && !store_retained(publication, from)) return ReasonCode::quota_exceeded;
    const std::size_t receivers = distribute(publication, Scope::everywhere);
    return receivers == 0 ? ReasonCode::no_matching_subscribers : ReasonCode::success;
}

bool Publisher::store_retained(const Publication& publication, const Session* from) {
    Source source;
    const bool has_source = from != nullptr && from->identity != nullptr;
    if (has_source)
        source = {from->client_id(), from->identity->user_name, from->identity->listener};
    if (!shard_.retained.store(keepable(publication), has_source ? &source : nullptr)) return false;
    // What the broker says of itself is old news after a restart.
    if (!publication.topic.starts_with("$SYS/")) shard_.journal.retained_changed(publication.topic);
    shard_.retained_sweep.expect(publication.expires_at);
    return true;
}

std::size_t Publisher::distribute(const Publication& publication, Scope scope) {
    const Match& match = shard_.subscriptions.cache().look_up(publication.topic);
    const std::span<const Target> targets = match.targets();
    Delivery delivery{.publication = publication, .single = targets.size() == 1};
    for (const Target& target : targets) {
        switch (target.subscriber->kind) {
        case SubscriberKind::session: {
            Session& session = static_cast<Session&>(*target.subscriber);
            if (target.no_local && session.number == publication.publisher)
                break;  // [MQTT-3.8.3-3]
            ++delivery.receivers;
            // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
            // 3.1.1 never asks for it [MQTT311-3.3.1-9]. The QoS is the highest of those that match
            // [MQTT311-3.3.5-1].
            const Wish wish{target.qos, publication.retain && target.retain_as_published,
                            match.ids(target)};
            to_session(delivery, session, wish);
            break;
        }
        case SubscriberKind::group:
            to_group(delivery, static_cast<SharedGroup&>(*target.subscriber));
            break;
        case SubscriberKind::shard:
            if (scope == Scope::this_shard) break;
            ++delivery.receivers;
            shard_.mail.send_publication(static_cast<RemoteShard&>(*target.subscriber).index,
                                         publication);
            break;
        }
    }
    return delivery.receivers;
}

bool Publisher::Home::has(std::string_view name) const {
    return (hash_bytes(name, seed) >> 32) % shards == shard;
}

void Publisher::restore(const Publication& publication, const Home& home) {
    const Match& match = shard_.subscriptions.cache().look_up(publication.topic);
    Delivery delivery{publication};
    for (const Target& target : match.targets()) {
        if (target.subscriber->kind == SubscriberKind::session) {
            Session& session = static_cast<Session&>(*target.subscriber);
            if (target.no_local && session.number == publication.publisher) continue;
            if (!home.has(session.client_id())) continue;
            to_session(
                delivery, session,
                {target.qos, publication.retain && target.retain_as_published, match.ids(target)});
        } else if (target.subscriber->kind == SubscriberKind::group) {
            SharedGroup& group = static_cast<SharedGroup&>(*target.subscriber);
            if (home.has(group.key())) to_group(delivery, group);
        }
    }
}

void Publisher::to_session(Delivery& delivery, Session& session, const Wish& wish) {
    if (!is_allowed(shard_.config(), session, Access::deliver, delivery.publication.topic)) return;
    const QoS qos = delivered_qos(delivery.publication.qos, wish.qos);
    if (qos == QoS::at_most_once) return qos0_to_session(delivery, session, wish);
    // What waits goes first [MQTT311-4.6.0-6]; what cannot go now is added to the session, away or
    // not [MQTT311-3.1.2-5] [MQTT311-4.5.0-1].
    if (session.is_online() && session.queue.empty() && session.peer->has_room() &&
        send(delivery, session, wish, qos)) {
        return;
    }
    enqueue(delivery, session, wish, qos);
}

// [MQTT-3.8.4-8] [MQTT311-3.8.4-6], unless the configuration wants it otherwise.
QoS Publisher::delivered_qos(QoS of_message, QoS of_subscription) const {
    return shard_.config().upgrade_outgoing_qos ? of_subscription
                                                : lower(of_message, of_subscription);
}

void Publisher::qos0_to_session(Delivery& delivery, Session& session, const Wish& wish) {
    Peer* peer = session.peer;
    if (peer == nullptr) {
        const bool crosses = session.is_bridge && shard_.bridges.of(session).takes_qos0();
        if (shard_.config().queue_qos0_offline || crosses) {
            enqueue(delivery, session, wish, QoS::at_most_once);
        }
        return;
    }
    if (!peer->has_room()) {
        ++shard_.counters.dropped_output_full;
        return tell_drop(session);
    }
    if (wish.ids.empty() && peer->takes_shared_encoding()) {
        const Bytes bytes = ready_packet(delivery, has_properties(peer->version()), wish);
        if (bytes.empty() ? send_single(delivery, *peer, wish.retain) : peer->send_encoded(bytes)) {
            shard_.counters.publish_bytes_sent += delivery.publication.payload.size();
            if (shard_.log.messages_of(session.client_id(), delivery.publication.topic)) {
                shard_.log.sending_publish(session.client_id(), QoS::at_most_once, wish.retain, 0,
                                           delivery.publication.topic,
                                           delivery.publication.payload.size());
            }
            return;
        }
    }
    send(delivery, session, wish, QoS::at_most_once);
}

// What one alone gets is written once, where it leaves from: mostly a message whose publisher uses an
// alias. False: not so simple.
bool Publisher::send_single(const Delivery& delivery, Peer& peer, bool retain) {
    const Publication& publication = delivery.publication;
    const bool is_large = publication.payload.size() >= core::kReferenceFrom;
    if (!delivery.single || is_large || publication.expires_at != TimePoint::max()) return false;
    Publish packet;
    packet.topic = base::by_words(publication.topic);
    packet.properties = Properties(base::by_words(publication.properties.raw()));
    packet.payload = base::by_words(publication.payload);
    packet.retain = retain;
    return peer.send_plain(packet);
}

// False: there was no room in the window; the caller queues it.
bool Publisher::send(Delivery& delivery, Session& session, const Wish& wish, QoS qos) {
    const Publication& publication = delivery.publication;
    core::OutgoingPublish out = outgoing(publication, shard_.now());
    out.qos = qos;
    out.retain = wish.retain;
    out.subscription_ids = base::by_words(wish.ids);
    const bool keep = session.keeps(qos, wish.shared_tag);
    if (keep) message(delivery);
    const bool is_large = publication.payload.size() >= core::kReferenceFrom;
    if (is_large && (!delivery.single || delivery.message)) {
        out.owner = message(delivery);
        out.payload = delivery.message->payload();
    }
    DeliveryToken token(wish.shared_tag);
    if (keep && session.is_stored) {
        token = shard_.journal.add(session, delivery.stored, queueable(delivery, wish, qos));
    }
    const SendStatus status =
        session.peer->send(out, keep ? delivery.message : core::MessageRef(), token);
    if (status != SendStatus::sent) shard_.journal.done(token);
    switch (status) {
    case SendStatus::sent: shard_.counters.publish_bytes_sent += out.payload.size(); return true;
    case SendStatus::too_large:  // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
        ++shard_.counters.dropped_too_large;
        tell_drop(session);
        return true;
    default: return qos == QoS::at_most_once;
    }
}

const core::MessageRef& Publisher::message(Delivery& delivery) {
    if (!delivery.message) delivery.message = core::Message::create(keepable(delivery.publication));
    return delivery.message;
}

// What only needs to be copied: the packet that came, or one that others get as well. Large payloads are
// shared, when there is anybody to share them with.
Bytes Publisher::ready_packet(Delivery& delivery, bool v5, const Wish& wish) {
    const Publication& publication = delivery.publication;
    const bool is_copied = delivery.single || publication.payload.size() < core::kReferenceFrom;
    if (!publication.packet.empty() && publication.packet_has_properties == v5 && !wish.retain &&
        is_copied) {
        return publication.packet;
    }
    return delivery.single ? Bytes() : encoded(delivery, v5, wish.retain);
}

// The packet as every QoS 0 receiver of this version gets it; empty when it is better not copied.
Bytes Publisher::encoded(Delivery& delivery, bool v5, bool retain) {
    const Publication& publication = delivery.publication;
    if (publication.payload.size() >= core::kReferenceFrom) return {};
    const unsigned kind = (v5 ? 2u : 0u) + (retain ? 1u : 0u);
    Bytes& bytes = encoded_[kind];
    if ((delivery.encoded_kinds >> kind & 1u) != 0) return bytes;
    delivery.encoded_kinds = static_cast<std::uint8_t>(delivery.encoded_kinds | 1u << kind);
    core::OutgoingPublish out = outgoing(publication, shard_.now());
    out.retain = retain;
    const ProtocolVersion version = v5 ? ProtocolVersion::v5 : ProtocolVersion::v3_1_1;
    base::OutBuffer& scratch = scratch_[kind];
    scratch.clear();
    core::encode(scratch, version, out);
    iovec whole{};
    scratch.gather(&whole, 1);
    bytes = {static_cast<const std::uint8_t*>(whole.iov_base), whole.iov_len};
    return bytes;
}

}  // namespace mqtt::broker
