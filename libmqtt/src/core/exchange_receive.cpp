// PUBLISH coming in and our answers to it: aliases, quota, exactly once, order of acknowledgements.
#include "core/decode.hpp"
#include "core/exchange.hpp"
#include "core/property_rules.hpp"
#include "core/topic_alias.hpp"

namespace mqtt::core {

void Exchange::receive_publish(const Frame& frame, ExchangeSink& sink) {
    Result<Publish> decoded = decode_publish(frame, version_);
    if (!decoded) return fail(decoded.error(), sink);
    Publish& publish = *decoded;
    if (counters_ != nullptr) ++counters_->publishes_received;
    if ((!publish.properties.empty() || publish.topic.empty()) &&
        !resolve_properties(publish, sink)) {
        return;
    }
    if (publish.retain && !own_retain_available_) {  // [MQTT-3.2.2-14]
        return fail(Error(Errc::protocol_error, ReasonCode::retain_not_supported,
                          "RETAIN where it is not available"),
                    sink);
    }
    // [MQTT-3.3.4-1]
    if (publish.qos == QoS::at_most_once) {
        sink.on_publish(publish);
    } else if (publish.qos > own_maximum_qos_) {  // [MQTT-3.2.2-11]
        fail(Error(Errc::protocol_error, ReasonCode::qos_not_supported, "QoS above Maximum QoS"),
             sink);
    } else if (publish.qos == QoS::at_least_once) {
        receive_qos1(publish, sink);
    } else {
        receive_qos2(publish, sink);
    }
}

bool Exchange::resolve_properties(Publish& publish, ExchangeSink& sink) {
    const std::uint16_t only_alias = only_topic_alias(publish.properties.raw());
    if (only_alias != 0) {
        // The alias is between the peer and us: nothing is left for whoever routes the message.
        if (role_ == Role::server) publish.properties = {};
        return resolve_alias(publish, only_alias, sink);
    }
    std::uint32_t alias = 0;
    for (const PropertyView& property : publish.properties) {
        if (property.info->id == PropertyId::topic_alias) {
            alias = property.number;
        } else if (property.info->id == PropertyId::subscription_identifier &&
                   role_ == Role::server) {  // [MQTT-3.3.4-6]
            fail(Error(Errc::protocol_error, "PUBLISH with a Subscription Identifier"), sink);
            return false;
        }
    }
    return alias == 0 || resolve_alias(publish, static_cast<std::uint16_t>(alias), sink);
}

bool Exchange::resolve_alias(Publish& publish, std::uint16_t number, ExchangeSink& sink) {
    if (publish.topic.empty() && aliases_) {
        publish.topic = aliases_->in.find(number);
        if (!publish.topic.empty()) return true;
    }
    return define_alias(publish.topic, number, sink);
}

// [MQTT-3.3.2-8] [MQTT-3.3.2-9] [MQTT-3.3.2-10] [MQTT-3.3.2-11] [MQTT-3.3.2-12]
// Apart, so that the known one above needs no frame.
[[gnu::noinline]] bool Exchange::define_alias(std::string_view topic, std::uint16_t number,
                                              ExchangeSink& sink) {
    if (number > own_topic_alias_maximum_) {
        fail(Error(Errc::topic_alias_invalid), sink);
        return false;
    }
    if (topic.empty()) {
        fail(Error(Errc::protocol_error, "topic alias that was never defined"), sink);
        return false;
    }
    if (!aliases_) {
        aliases_.reset(new TopicAliases{InboundAliases(own_topic_alias_maximum_),
                                        OutboundAliases(peer_.topic_alias_maximum)});
    }
    aliases_->in.define(number, topic);
    return true;
}

// QoS 1 messages count until their PUBACK leaves, QoS 2 messages until PUBREL. Those of an earlier
// connection are on top, as the peer's quota begins anew with each connection.
bool Exchange::has_receive_quota() const {
    const std::size_t in_use = session_->inbox.count() + pubacks_waiting_;
    return in_use < std::size_t{own_receive_maximum_} + inbox_at_start_;
}

void Exchange::receive_qos1(const Publish& publish, ExchangeSink& sink) {
    if (!has_receive_quota()) return fail(Error(Errc::receive_maximum_exceeded), sink);
    const AckDecision decision = sink.on_publish(publish);
    if (closing_) return;
    decide(publish, decision);  // [MQTT-4.3.2-4] [MQTT-4.3.2-5]
}

void Exchange::receive_qos2(const Publish& publish, ExchangeSink& sink) {
    const bool in_quota = has_receive_quota();
    if (!session_->inbox.insert(publish.id)) {  // [MQTT-4.3.3-10]
        const bool waits = acks_ && acks_->contains(PacketType::pubrec, publish.id);
        if (!waits) answer(PacketType::pubrec, publish.id, ReasonCode::success);
        return;
    }
    if (!in_quota) {
        session_->inbox.erase(publish.id);
        return fail(Error(Errc::receive_maximum_exceeded), sink);
    }
    const AckDecision decision = sink.on_publish(publish);
    if (closing_) return;
    decide(publish, decision);  // [MQTT-4.3.3-8]
}

void Exchange::decide(const Publish& publish, const AckDecision& decision) {
    const PacketType type =
        publish.qos == QoS::at_least_once ? PacketType::puback : PacketType::pubrec;
    if (!decision.deferred) return answer(type, publish.id, decision.reason, decision.text);
    if (!acks_) acks_ = std::make_unique<AckQueue>();
    enqueue({publish.id, type, ReasonCode::success, false});
}

// What is queued counts against Receive Maximum, so that the queue is bounded.
void Exchange::enqueue(const AckQueue::Entry& entry) {
    if (entry.type == PacketType::puback) ++pubacks_waiting_;
    acks_->push(entry);
}

void Exchange::acknowledge(PacketId id, ReasonCode reason) {
    if (closing_ || !acks_) return;
    AckQueue::Entry* entry = acks_->find_undecided(id);
    if (entry == nullptr) return;
    entry->ready = true;
    entry->reason = reason;
    flush_acks();
}

// PUBACK and PUBREC wait behind undecided ones; the rest leaves at once. [MQTT-4.6.0-2] [MQTT-4.6.0-3]
void Exchange::answer(PacketType type, PacketId id, ReasonCode reason, std::string_view text) {
    if (closing_) return;
    const bool ordered = type == PacketType::puback || type == PacketType::pubrec;
    if (ordered && acks_ && !acks_->empty()) {
        enqueue({id, type, reason, true, text});
    } else {
        stage_ack(type, id, reason, text);
    }
}

void Exchange::flush_acks() {
    AckQueue::Entry entry;
    while (acks_->pop_ready(entry)) {
        if (entry.type == PacketType::puback) --pubacks_waiting_;
        stage_ack(entry.type, entry.id, entry.reason, entry.text);
    }
}

// Only 5.0 has reasons, and success needs none. [MQTT-2.2.1-5] [MQTT311-2.3.1-6]
void Exchange::stage_ack(PacketType type, PacketId id, ReasonCode reason, std::string_view text) {
    if (reason == ReasonCode::success || version_ != ProtocolVersion::v5) {
        stage_short_ack(type, id, 2);
    } else {
        stage_reason(type, id, reason, text);
    }
}

// The bytes themselves: an acknowledgement is the second most frequent packet. What is behind the id is the
// caller's to write.
std::uint8_t* Exchange::stage_short_ack(PacketType type, PacketId id, std::uint8_t body_size) {
    const unsigned flags = type == PacketType::pubrel ? 2 : 0;  // [MQTT-3.6.1-1]
    std::uint8_t* at = out_->grow(2u + body_size);
    at[0] = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags);
    at[1] = body_size;
    at[2] = static_cast<std::uint8_t>(id >> 8);
    at[3] = static_cast<std::uint8_t>(id);
    count_sent();
    return at + 4;
}

// A property of ours comes along only when it refuses.
void Exchange::stage_reason(PacketType type, PacketId id, ReasonCode reason,
                            std::string_view text) {
    reason = nearest_valid_reason(type, role_, reason);
    if (type == PacketType::pubrec && is_error(reason)) {
        session_->inbox.erase(id);  // the exchange ends here [MQTT-4.3.3-9]
    }
    if (!text.empty() && request_problem_information_) {  // [MQTT-3.1.2-29]
        PropertyList properties;
        properties.add(PropertyId::reason_string, text);
        stage(Ack{type, id, reason, properties.view()});  // [MQTT-3.4.2-2] [MQTT-3.5.2-2]
        return;
    }
    *stage_short_ack(type, id, 3) = static_cast<std::uint8_t>(reason);
}

void Exchange::receive_ack(const Frame& frame, TimePoint now, ExchangeSink& sink) {
    Ack ack;
    const unsigned flags = frame.type == PacketType::pubrel ? 2 : 0;
    if (frame.body.size() == 2 && frame.flags == flags) {
        ack.type = frame.type;
        ack.id = static_cast<PacketId>(frame.body[0] << 8 | frame.body[1]);
    }
    if (ack.id == 0) {  // not the short form, or broken
        const Result<Packet> packet = decode(frame, version_);
        if (!packet) return fail(packet.error(), sink);
        ack = std::get<Ack>(*packet);
    }
    switch (ack.type) {
    case PacketType::puback: receive_puback(ack.id, ack.reason, sink); break;
    case PacketType::pubrec: receive_pubrec(ack, sink); break;
    case PacketType::pubrel: receive_pubrel(ack, sink); break;
    default: receive_pubcomp(ack, sink); break;
    }
    if (resend_pending_ != 0 && !closing_) resend_pending(now);
}

void Exchange::receive_pubrel(const Ack& ack, ExchangeSink& sink) {
    if (acks_ && acks_->contains(PacketType::pubrec, ack.id)) {
        return fail(Error(Errc::protocol_error, "PUBREL before PUBREC"), sink);
    }
    if (!session_->inbox.erase(ack.id)) {
        return answer(PacketType::pubcomp, ack.id, ReasonCode::packet_identifier_not_found);
    }
    sink.on_released(ack.id);
    answer(PacketType::pubcomp, ack.id, ReasonCode::success);  // [MQTT-4.3.3-11] [MQTT-4.3.3-12]
}

}  // namespace mqtt::core
