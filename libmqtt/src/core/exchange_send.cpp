// PUBLISH going out and what the peer answers to it: quota, aliases, ids, resend.
#include <algorithm>

#include "core/exchange.hpp"
#include "core/topic_alias.hpp"

namespace mqtt::core {

namespace {

// The flow that a PUBLISH of this QoS begins.
InflightState first_state(QoS qos) {
    return qos == QoS::at_least_once ? InflightState::await_puback : InflightState::await_pubrec;
}

// For a resend after reconnecting.
void keep_in(InflightEntry& entry, const OutgoingPublish& publish, const MessageRef& message) {
    entry.message = message;
    if (publish.subscription_ids.size() == 1) {
        entry.subscription_id = publish.subscription_ids.front();
    } else if (!publish.subscription_ids.empty()) {
        entry.subscription_ids = SubscriptionIds::create(publish.subscription_ids);
    }
}

}  // namespace

bool Exchange::has_send_quota() const {
    // What a resumed session resends goes first, so that order is kept. [MQTT-4.6.0-1]
    // [MQTT-3.3.4-7] [MQTT-3.3.4-9] [MQTT-4.9.0-2]
    return connected_ && !closing_ && resend_pending_ == 0 &&
           send_in_use_ < std::min(peer_.receive_maximum, send_window_) &&
           !session_->outgoing.full();
}

SendResult Exchange::publish(OutgoingPublish& publish, const MessageRef& keep,
                             std::uint64_t token) {
    if (!connected_ || closing_) return {SendStatus::not_connected};
    if (publish.qos > peer_.maximum_qos || (publish.retain && !peer_.retain_available)) {
        return {SendStatus::not_supported};  // [MQTT-3.2.2-11] [MQTT-3.2.2-14]
    }
    const bool with_id = publish.qos != QoS::at_most_once;
    if (with_id && !has_send_quota()) {
        quota_was_exhausted_ = true;
        return {SendStatus::no_quota};
    }
    publish.id = 0;
    publish.dup = false;  // [MQTT-3.3.1-2] [MQTT-3.3.1-3] [MQTT-4.3.2-2] [MQTT-4.3.3-2]
    publish.topic_alias = 0;
    publish.omit_topic = false;
    if (peer_.topic_alias_maximum != 0) choose_alias(publish);
    if (!fits(publish)) return {SendStatus::too_large};

    if (with_id) {
        Inflight& outgoing = session_->outgoing;
        publish.id =
            outgoing.add_publish(token, first_state(publish.qos), publish.qos, publish.retain);
        if (keep) keep_in(outgoing.newest(), publish, keep);
        ++send_in_use_;
    }
    encode(*out_, version_, publish);
    if (publish.topic_alias != 0 && !publish.omit_topic) {
        aliases_->out.sent(publish.topic_alias, publish.topic);
    }
    if (counters_ != nullptr) {
        ++counters_->packets_sent;
        ++counters_->publishes_sent;
    }
    return {SendStatus::sent, publish.id};
}

// [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.2.2-17] [MQTT-3.2.2-18] [MQTT-3.3.2-9] [MQTT-3.3.2-11]
void Exchange::choose_alias(OutgoingPublish& publish) {
    if (!aliases_) {
        aliases_.reset(new TopicAliases{InboundAliases(own_topic_alias_maximum_),
                                        OutboundAliases(peer_.topic_alias_maximum)});
    }
    const OutboundAliases::Choice choice = aliases_->out.choose(publish.topic);
    publish.topic_alias = choice.alias;
    publish.omit_topic = choice.defined;
}

// [MQTT-3.1.2-24] [MQTT-3.2.2-15]
bool Exchange::fits(OutgoingPublish& publish) const {
    const std::size_t limit =
        peer_.maximum_packet_size != 0 ? peer_.maximum_packet_size : kLargestPacket;
    // Mostly it is far from the limit: headers and what is this receiver's own take no more than this.
    const std::size_t roughly = publish.topic.size() + publish.properties.raw().size() +
                                publish.payload.size() + 5 * publish.subscription_ids.size() + 32;
    if (roughly <= limit || encoded_size(version_, publish) <= limit) return true;
    if (publish.topic_alias == 0 || publish.omit_topic) return false;
    publish.topic_alias = 0;  // defining an alias is what made it too large, perhaps
    return encoded_size(version_, publish) <= limit;
}

void Exchange::resume(Session& session, TimePoint now) {
    session_ = &session;
    inbox_at_start_ = static_cast<std::uint16_t>(session.inbox.count());
    Inflight& outgoing = session.outgoing;
    outgoing.remove_if([](const InflightEntry& entry) {
        // Requests end with their connection, and a PUBLISH without its message cannot be repeated.
        return entry.state == InflightState::await_suback ||
               entry.state == InflightState::await_unsuback ||
               (entry.state != InflightState::await_pubcomp && !entry.message);
    });
    // PUBREL first: it needs no quota, but counts until PUBCOMP, since a receiver may count the
    // message that it still holds. [MQTT-4.3.3-5] [MQTT-4.3.3-6]
    outgoing.for_each([this](PacketId id, InflightEntry& entry) {
        const bool released = entry.state == InflightState::await_pubcomp;
        entry.counts_in_quota = released;
        entry.await_resend = !released;
        if (released) {
            ++send_in_use_;
            stage_ack(PacketType::pubrel, id, ReasonCode::success);
        } else {
            if (resend_pending_++ == 0) resend_from_ = id;
        }
    });
    resend_pending(now);
}

void Exchange::resend_pending(TimePoint now) {
    const std::uint16_t window = std::min(peer_.receive_maximum, send_window_);
    while (resend_pending_ != 0 && send_in_use_ < window) {
        InflightEntry* entry = session_->outgoing.next_to_resend(resend_from_);
        if (entry == nullptr) {
            resend_pending_ = 0;  // the peer answered to what it was not sent here
            return;
        }
        resend(resend_from_, *entry, now);
        --resend_pending_;
    }
}

// [MQTT-4.4.0-1] [MQTT-4.6.0-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3]
void Exchange::resend(PacketId id, InflightEntry& entry, TimePoint now) {
    const Message& message = *entry.message;
    OutgoingPublish publish;
    publish.topic = message.topic();
    publish.properties = message.properties();
    publish.payload = message.payload();
    publish.qos = entry.qos;
    publish.retain = entry.retain;
    publish.dup = true;  // [MQTT-3.3.1-1]
    publish.id = id;     // [MQTT311-2.3.1-3]
    // Once sent, a message does not expire any more; the peer is told what is left. [MQTT-4.3.3-7]
    publish.message_expiry_interval = remaining_expiry(message.expires_at(), now);
    if (entry.subscription_ids) {
        publish.subscription_ids =
            static_cast<const SubscriptionIds&>(*entry.subscription_ids).ids();
    } else if (entry.subscription_id != 0) {
        publish.subscription_ids = {&entry.subscription_id, 1};
    }
    publish.owner = entry.message;
    entry.await_resend = false;
    entry.counts_in_quota = true;
    ++send_in_use_;
    encode(*out_, version_, publish);
    if (counters_ != nullptr) {
        ++counters_->packets_sent;
        ++counters_->publishes_sent;
    }
}

// An acknowledgement with an id that we do not know is ignored (PUBREC is answered): after lost
// state on one side the standard lets both go on. One that does not belong to the exchange of its id
// is a Protocol Error.
void Exchange::receive_puback(PacketId id, ReasonCode reason, ExchangeSink& sink) {
    InflightEntry* entry = session_->outgoing.find(id);
    if (entry == nullptr) return;
    if (entry->state != InflightState::await_puback) {
        return fail(Error(Errc::protocol_error, "PUBACK for another kind of exchange"), sink);
    }
    finish(id, *entry, reason, sink);  // [MQTT-4.4.0-2]
}

void Exchange::receive_pubrec(const Ack& ack, ExchangeSink& sink) {
    InflightEntry* entry = session_->outgoing.find(ack.id);
    if (entry == nullptr) {
        if (!is_error(ack.reason)) {
            answer(PacketType::pubrel, ack.id, ReasonCode::packet_identifier_not_found);
        }
        return;
    }
    if (entry->state == InflightState::await_pubcomp) {  // repeated: so is the answer
        return answer(PacketType::pubrel, ack.id, ReasonCode::success);
    }
    if (entry->state != InflightState::await_pubrec) {
        return fail(Error(Errc::protocol_error, "PUBREC for another kind of exchange"), sink);
    }
    if (is_error(ack.reason)) {  // [MQTT-4.3.3-4] [MQTT-4.4.0-2]
        return finish(ack.id, *entry, ack.reason, sink);
    }
    if (entry->await_resend) {  // answered before it was repeated here
        entry->await_resend = false;
        --resend_pending_;
    }
    entry->state = InflightState::await_pubcomp;
    entry->reason = ack.reason;
    entry->message = {};  // [MQTT-4.3.3-6]
    entry->subscription_ids = {};
    sink.on_received(ack.id, entry->token);
    answer(PacketType::pubrel, ack.id, ReasonCode::success);  // [MQTT-4.3.3-4] [MQTT-4.6.0-4]
}

void Exchange::receive_pubcomp(const Ack& ack, ExchangeSink& sink) {
    InflightEntry* entry = session_->outgoing.find(ack.id);
    if (entry == nullptr) return;
    if (entry->state != InflightState::await_pubcomp) {
        return fail(Error(Errc::protocol_error, "PUBCOMP for another kind of exchange"), sink);
    }
    // 0x92 is what a receiver says that had sent its PUBCOMP already: PUBREC settled the message.
    finish(ack.id, *entry, entry->reason, sink);
}

void Exchange::finish(PacketId id, InflightEntry& entry, ReasonCode reason, ExchangeSink& sink) {
    const std::uint64_t token = entry.token;
    if (entry.counts_in_quota) --send_in_use_;
    if (entry.await_resend) --resend_pending_;
    session_->outgoing.remove(entry);
    sink.on_delivered(id, token, reason);
}

}  // namespace mqtt::core
