// Coming, going and ending of sessions, with their wills.
#include "broker/sessions.hpp"

#include "broker/hash.hpp"
#include "broker/rights.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {

std::uint64_t client_hash(std::string_view client_id) {
    return hash_bytes(client_id, hash_seed());
}

Sessions::~Sessions() {
    std::vector<Session*> all;
    sessions_.for_each([&](Session& session) { all.push_back(&session); });
    for (Session* session : all) {
        // Nothing is left to be given to anybody.
        Spill::forget_packed(session->queue);
        release_entries(*session);
        session->queue.clear();
        session->exchange.clear();
        shard_.subscriptions.remove_all(*session);
        delete session;
    }
}

// By nothing but the id [MQTT311-3.1.3-2].
Session* Sessions::find(std::string_view client_id) const {
    return sessions_.find(client_hash(client_id),
                          [&](const Session& session) { return session.client_id() == client_id; });
}

Session* Sessions::find(std::uint64_t number) const {
    const auto it = numbered_.find(number);
    return it == numbered_.end() ? nullptr : it->second;
}

Session& Sessions::create(std::string_view client_id) {
    return restore(client_id, next_number_ << 8 | shard_.index());
}

Session& Sessions::restore(std::string_view client_id, std::uint64_t number) {
    next_number_ = std::max(next_number_, (number >> 8) + 1);
    Session* session = Session::create(client_id, number);
    sessions_.insert(client_hash(client_id), *session);
    shard_.shared().sessions.fetch_add(1, std::memory_order_relaxed);
    return *session;
}

void Sessions::went_away(Session& session, bool with_will) {
    shard_.held_acks.release(session);
    session.peer = nullptr;
    if (!with_will) session.will.reset();  // [MQTT-3.14.4-3] [MQTT311-3.1.2-10]
    const bool ends_now = session.ends_with_connection();
    // [MQTT311-3.1.2-8]
    if (session.will && (session.will->delay == 0 || ends_now)) publish_will(session);
    if (ends_now) return end(session);
    const TimePoint now = shard_.now();
    auto absence = std::make_unique<Absence>(shard_, session);
    if (session.will) absence->will_at = now + std::chrono::seconds(session.will->delay);
    if (session.expiry_interval != kNeverExpires) {
        absence->ends_at = now + std::chrono::seconds(session.expiry_interval);
    }
    shard_.loop().set_timer(*absence, absence->next());
    session.absence = std::move(absence);
    shard_.subscriptions.presence_changed(session);
    shard_.journal.session_changed(session);
    shard_.spill.let_go(session);
}

void Sessions::came_back(Session& session) {
    session.absence.reset();
    session.will.reset();
}

// Its entries in the store end with it.
void Sessions::release_entries(Session& session) {
    if (!session.is_stored) return;
    session.exchange.outgoing.for_each([&](PacketId, const core::InflightEntry& entry) {
        shard_.journal.done(DeliveryToken::from(entry.token));
    });
    session.exchange.clear();
    while (session.queue.places() != 0) {
        const DeliveryToken token = session.queue.front().token;
        session.queue.pop();
        shard_.spill.refill(session);
        shard_.journal.done(token);
    }
}

void Sessions::end(Session& session) {
    publish_will(session);
    session.absence.reset();
    shard_.subscriptions.remove_all(session);
    shard_.publisher.clear_queue(session);
    release_entries(session);
    shard_.journal.session_ended(session);
    shard_.shared().sessions.fetch_sub(1, std::memory_order_relaxed);
    sessions_.erase(client_hash(session.client_id()), session);
    shard_.loop().retire(std::unique_ptr<Session>(&session));
}

void Sessions::on_absence(Session& session, TimePoint now) {
    Absence& absence = *session.absence;
    if (now >= absence.ends_at) {
        ++shard_.counters.sessions_expired;
        shard_.log.session_expired(session.client_id());
        return end(session);
    }
    if (now >= absence.will_at) {
        absence.will_at = TimePoint::max();
        publish_will(session);
        shard_.journal.session_changed(session);
    }
    shard_.loop().set_timer(absence, absence.next());
}

void Sessions::publish_will(Session& session) {
    if (!session.will) return;
    const std::unique_ptr<WillMessage> will = std::move(session.will);
    // The right may have been taken away since CONNECT.
    if (!is_allowed(shard_.config(), session, Access::publish, will->message->topic())) {
        ++shard_.counters.publishes_refused;
        return;
    }
    shard_.wills.publish(*will, session);
}

}  // namespace mqtt::broker
