// What crosses a bridge, in both directions.
#include <fmt/format.h>

#include "broker/bridge/bridge.hpp"
#include "broker/bridge/window.hpp"
#include "broker/rights.hpp"
#include "broker/shard.hpp"
#include "broker/with_topic.hpp"
#include "net/driver.hpp"

namespace mqtt::broker {
// Out.

// As the remote gets it; null: no line of the configuration lets it cross.
core::MessageRef Bridge::mapped(const core::Message& message) {
    if (!topics_.to_remote(message.topic(), scratch_)) return {};
    if (config_.hop_name.empty() || has_hop(message.properties(), config_.hop_name)) {
        return with_topic(message, scratch_, message.properties());
    }
    const PropertyList properties = with_hop(message.properties(), config_.hop_name);
    return with_topic(message, scratch_, properties.view());
}

// What was in flight when the program ended is as it was published here; sent it is as the remote knows it.
void Bridge::map_restored() {
    std::vector<PacketId> strays;
    core::Inflight& outgoing = session_->exchange.outgoing;
    outgoing.for_each([&](PacketId id, core::InflightEntry& entry) {
        if (!entry.message) return;
        entry.message = mapped(*entry.message);
        // It was sent with the QoS that the remote takes.
        if (entry.state == core::InflightState::await_puback) entry.qos = QoS::at_least_once;
        if (!config_.outgoing_retain) entry.retain = false;
        if (!entry.message) strays.push_back(id);
    });
    for (const PacketId id : strays) {
        shard_.journal.done(DeliveryToken::from(outgoing.find(id)->token));
        outgoing.remove(id);
    }
}

// The remote has no session (any more): what it did not acknowledge goes again, in order, before the rest;
// what it has received is delivered.
void Bridge::on_session_lost(core::Inflight& unfinished) {
    std::vector<QueuedMessage> lost;
    unfinished.for_each([&](PacketId, core::InflightEntry& entry) {
        const DeliveryToken token = DeliveryToken::from(entry.token);
        switch (entry.state) {
        case core::InflightState::await_puback:
        case core::InflightState::await_pubrec:
            if (entry.message) {
                lost.push_back({entry.message, {}, token, 0, entry.qos, entry.retain});
                break;
            }
            [[fallthrough]];
        case core::InflightState::await_pubcomp: shard_.journal.done(token); break;
        default: break;
        }
    });
    again_.insert(again_.begin(), std::make_move_iterator(lost.begin()),
                  std::make_move_iterator(lost.end()));
}

bool Bridge::has_room() {
    net::Driver* driver = connection_.driver();
    if (driver == nullptr) return false;
    if (driver->backlog_bytes() > kFlushAtBytes && !driver->is_blocked()) driver->flush();
    return !(driver->is_blocked() || driver->is_holding()) ||
           driver->backlog_bytes() <= shard_.config().output_budget_bytes;
}

void Bridge::pump() {
    if (state_ == State::connected) {
        while (has_room() && send_next()) {
        }
        return;
    }
    if (state_ == State::idle && config_.start == BridgeStart::lazy &&
        session_->queue.count() >= config_.threshold) {
        connect();
    }
}

// False: nothing more can go now.
bool Bridge::send_next() {
    if (!again_.empty()) {
        QueuedMessage& first = again_.front();
        if (!send(first, first.message)) return false;
        again_.pop_front();
        return true;
    }
    if (session_->queue.empty()) return replay();
    QueuedMessage& first = session_->queue.front();
    if (first.is_on_disk()) {
        shard_.spill.fetch(*session_);
        return false;
    }
    const core::MessageRef message = mapped(*first.message);
    if (message) {
        if (!send(first, message)) return false;
    } else {
        shard_.journal.done(first.token);
    }
    shard_.publisher.pop(*session_);
    return true;
}

// Whether another message of QoS 1 or 2 may go.
bool Bridge::has_window() const {
    const std::uint16_t most =
        bridge_window(connection_.version(), shard_.config().maximum_inflight);
    return session_->exchange.outgoing.publish_count() < most && connection_.has_send_quota() &&
           (!byte_window_ || byte_window_->is_open());
}

// False: not now. What is too large or has expired is gone.
bool Bridge::send(QueuedMessage& queued, const core::MessageRef& message) {
    const ServerLimits limits = connection_.limits();
    const QoS qos = lower(queued.qos, limits.maximum_qos);
    if (qos != QoS::at_most_once && !has_window()) return false;
    if (message->expired(shard_.now())) {  // [MQTT-3.3.2-5]
        ++shard_.counters.messages_expired;
        shard_.journal.done(queued.token);
        return true;
    }
    PublishRequest request;
    request.kept = message.get();
    request.qos = qos;
    request.retain = queued.retain && config_.outgoing_retain && limits.retain_available;
    request.message_expiry_interval =
        core::remaining_expiry(message->expires_at(), shard_.now());  // [MQTT-3.3.2-6]
    const std::uint64_t position = staged_position();
    const SendResult result = connection_.publish(request, queued.token.bits());
    last_traffic_ = shard_.now();
    switch (result.status) {
    case SendStatus::sent: break;
    case SendStatus::too_large:
        ++shard_.counters.dropped_too_large;
        tell_loss("larger than the remote broker takes");
        shard_.journal.done(queued.token);
        return true;
    default: return false;
    }
    shard_.counters.publish_bytes_sent += message->payload().size();
    if (shard_.log.messages_of(session_->client_id(), message->topic())) {
        shard_.log.sending_publish(session_->client_id(), qos, request.retain, result.id,
                                   message->topic(), message->payload().size());
    }
    if (qos == QoS::at_most_once) {
        shard_.journal.done(queued.token);
        return true;
    }
    if (byte_window_) byte_window_->sent(result.id, message->payload().size());
    if (shard_.journal.sent(queued.token, result.id, qos) && qos == QoS::exactly_once) {
        shard_.journal.gate(*this, position);
    }
    return true;
}

// Once per connection: the log would be full of it.
void Bridge::tell_loss(std::string_view why) {
    if (dropped_++ == 0) {
        log(LogLevel::warning, fmt::format("a message did not cross: {}; others are counted", why));
    }
}

// Retained messages, when nothing else waits. What came over this bridge does not go back.
bool Bridge::replay() {
    if (replays_.empty()) return false;
    Replay& first = *replays_.front();
    const bool done = first.cursor.run(shard_.now(), [&](const core::Message& message) {
        if (message.publisher() == session_->number ||
            !is_allowed(shard_.config(), *session_, Access::deliver, message.topic()) ||
            !is_source_allowed(shard_.config(), shard_.retained.sources(), message)) {
            return true;
        }
        if (!has_room()) return false;
        QueuedMessage queued;
        queued.message = mapped(message);
        queued.qos = shard_.publisher.delivered_qos(message.qos(), first.qos);
        queued.retain = true;
        return !queued.message || send(queued, queued.message);
    });
    if (!done) return false;
    replays_.erase(replays_.begin());
    return true;
}

void Bridge::on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) {
    if (byte_window_) byte_window_->finished(id);
    shard_.journal.done(DeliveryToken::from(token));
    if (is_error(reason))
        tell_loss(fmt::format("the remote broker refuses it ({})", reason_text(reason)));
    pump();
}

void Bridge::on_received(PacketId, std::uint64_t token) {
    if (!shard_.journal.received(DeliveryToken::from(token))) return;
    shard_.journal.gate(*this, staged_position());
}

// In.

// What cannot be kept now is left with the remote: without an answer, and with the end of this connection.
AckDecision Bridge::leave_there(const Publish& publish, std::string_view why) {
    if (publish.qos == QoS::at_most_once) {
        tell_loss(why);
        return AckDecision::now();
    }
    session_->exchange.inbox.erase(publish.id);
    log(LogLevel::warning, fmt::format("{}: messages stay at the remote broker", why));
    if (config_.notifications) announce_here(false);
    connection_.disconnect(ReasonCode::quota_exceeded);  // the remote publishes the will
    return AckDecision::later();
}

AckDecision Bridge::on_publish(const Publish& given) {
    last_traffic_ = shard_.now();
    shard_.counters.publish_bytes_received += given.payload.size();
    if (!config_.hop_name.empty() && has_hop(given.properties, config_.hop_name)) {
        return AckDecision::now();  // it has been here
    }
    std::string topic;
    if (!topics_.to_local(given.topic, topic)) return AckDecision::now();
    Publish publish = given;
    publish.topic = topic;
    const std::string_view id = session_->client_id();
    if (shard_.log.messages_of(id, topic)) shard_.log.received_publish(id, publish);
    if (shard_.memory.is_short()) return leave_there(publish, "memory limit");
    if (shard_.journal.is_failing()) return leave_there(publish, "the store cannot be written");
    const ReasonCode refusal =
        shard_.publisher.refusal({publish.topic, publish.properties, publish.payload}, id);
    if (is_error(refusal) || !is_allowed(shard_.config(), *session_, Access::publish, topic)) {
        ++shard_.counters.publishes_refused;
        tell_loss(is_error(refusal) ? reason_text(refusal) : "no right to publish here");
        return AckDecision::now();
    }
    return publish_here(publish);
}

AckDecision Bridge::publish_here(const Publish& publish) {
    Publication publication;
    publication.topic = publish.topic;
    publication.payload = publish.payload;
    publication.qos = publish.qos;
    publication.retain = publish.retain;
    publication.publisher = session_->number;
    const core::PublishProperties split =
        core::split_publish_properties(publish.properties, shard_.property_scratch);
    // Also here: what comes for our asking passes no bridge of the remote that would add its name.
    PropertyList hops;
    publication.properties = split.forwardable;
    if (!config_.hop_name.empty()) {
        hops = with_hop(split.forwardable, config_.hop_name);
        publication.properties = hops.view();
    }
    if (split.message_expiry_interval) {
        publication.expires_at =
            shard_.now() + std::chrono::seconds(*split.message_expiry_interval);
    }
    const std::uint64_t recorded = shard_.journal.mark();
    shard_.publisher.publish(publication, session_);
    if (publish.qos == QoS::exactly_once) shard_.journal.received_id(*session_, publish.id);
    if (publish.qos != QoS::at_most_once && shard_.journal.mark() != recorded) {
        shard_.journal.gate(*this, staged_position());
    }
    if (shard_.mail.is_full()) wait_for_mail();
    if (const Session* full = shard_.publisher.overfilled()) {
        shard_.held_acks.hold(*full, session_->client_id(), publish.id);
        return AckDecision::later();
    }
    return AckDecision::now();
}

// Other shards are behind: reading goes on when there is room.
void Bridge::wait_for_mail() {
    connection_.pause_reading();
    waits_for_mail_ = true;
    shard_.loop().post([this] {
        waits_for_mail_ = false;
        if (is_closed()) return shard_.bridges.ended();
        if (shard_.mail.is_full()) return wait_for_mail();
        connection_.resume_reading();
    });
}

void Bridge::on_released(PacketId id) {
    shard_.journal.released_id(*session_, id);
    shard_.journal.gate(*this, staged_position());
}

}  // namespace mqtt::broker
