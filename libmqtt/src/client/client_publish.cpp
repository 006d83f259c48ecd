// Client: the way of a message from publish() to its acknowledgement, across connections.
#include "client/client_impl.hpp"
#include "core/session.hpp"
#include "mqtt/topic.hpp"

namespace mqtt {

using client::BlockedPublish;
using client::Done;
using client::kStagedBytes;
using client::OutgoingEntry;
using client::StoreToken;
using client::to_errc;

namespace {

PublishRequest to_request(const OutgoingMessage& message) {
    PublishRequest request;
    request.topic = message.topic;
    request.payload = as_bytes(message.payload);
    request.qos = message.qos;
    request.retain = message.retain;
    request.properties = message.properties.view();
    return request;
}

}  // namespace

// What can be seen before a server has said anything, and what it said if it did.
Status Client::Impl::check(const PublishRequest& request) const {
    if (!is_active() || is_disconnecting_) return Errc::not_connected;
    if (const Status topic = validate_topic_name(request.topic); !topic) return topic;
    if (request.payload.size() > kMaxRemainingLength - 65'535 * 2) return Errc::packet_too_large;
    if (!request.properties.empty()) {
        if (version_ != ProtocolVersion::v5) {
            return Error(Errc::invalid_argument, "properties need MQTT 5.0");
        }
        if (request.properties.number(PropertyId::topic_alias)) {
            return Error(Errc::invalid_argument, "topic aliases are the client's to choose");
        }
        return validate_properties(request.properties.raw(), PropertyPlace::publish);
    }
    return {};
}

core::MessageRef Client::Impl::make_message(const PublishRequest& request) {
    core::Message::Init init;
    init.topic = request.topic;
    init.payload = request.payload;
    init.qos = request.qos;
    init.retain = request.retain;
    auto expiry = request.message_expiry_interval;
    if (!request.properties.empty()) {
        const core::PublishProperties split =
            core::split_publish_properties(request.properties, property_scratch_);
        init.properties = split.forwardable;
        if (!expiry) expiry = split.message_expiry_interval;
    }
    if (expiry) init.expires_at = Clock::now() + std::chrono::seconds(*expiry);
    return core::Message::create(init);
}

bool Client::Impl::has_room(std::size_t bytes) const {
    if (stored_count() == 0) return true;
    return stored_count() < options_.outgoing_maximum_messages &&
           stored_bytes() + bytes <= options_.outgoing_maximum_bytes;
}

bool Client::Impl::is_roomy() const {
    return blocked_.empty() && stored_count() <= options_.outgoing_maximum_messages / 2 &&
           stored_bytes() <= options_.outgoing_maximum_bytes / 2;
}

TimePoint Client::Impl::publish_deadline() const {
    if (options_.publish_timeout.count() == 0) return TimePoint::max();
    return Clock::now() + options_.publish_timeout;
}

void Client::Impl::publish(Done<PublishResult> done, OutgoingMessage message) {
    const PublishRequest request = to_request(message);
    if (const Status ok = check(request); !ok) {
        ++stats_.messages_refused;
        return done->complete(ok.error().code, PublishResult{ok.error().reason});
    }
    const std::uint64_t number = next_number_++;
    done->on_cancel([this, number] { cancel_publish(number); });
    core::MessageRef made = make_message(request);
    const TimePoint deadline = publish_deadline();
    if (blocked_.empty() && has_room(made->size_bytes())) {
        admit(std::move(made), std::move(done), number, deadline);
        return pump();
    }
    if (options_.when_store_full == StoreFull::refuse) {
        ++stats_.messages_refused;
        return done->complete(Errc::queue_full, {ReasonCode::quota_exceeded});
    }
    blocked_.push_back(BlockedPublish{number, std::move(made), std::move(done), deadline});
    if (deadline != TimePoint::max() && !publish_timer_.is_armed()) {
        loop().set_timer(publish_timer_, deadline);
    }
}

Status Client::Impl::submit(const PublishRequest& request, std::uint64_t token) {
    if (const Status ok = check(request); !ok) return ok;
    // Nothing before it and nothing in its way: no copy, no entry.
    const bool is_direct = request.qos == QoS::at_most_once && request.properties.empty() &&
                           !store_.has_waiting() && state_ == ClientState::connected &&
                           !connection_.is_blocked() && connection_.backlog_bytes() < kStagedBytes;
    if (is_direct) {
        const SendResult result = connection_.publish(request);
        if (result.status == SendStatus::sent) {
            ++stats_.messages_published;
            if (connection_.backlog_bytes() >= kStagedBytes) connection_.flush();
            if (on_delivery_) on_delivery_(token, {}, ReasonCode::success);
            return {};
        }
        if (result.status != SendStatus::not_connected) return to_errc(result.status);
    }
    core::MessageRef made = make_message(request);
    const bool fits = has_room(made->size_bytes()) || has_slack();
    if (!blocked_.empty() || !fits) return Errc::queue_full;
    admit(std::move(made), nullptr, token, publish_deadline());
    pump();
    return {};
}

Status Client::Impl::restore(const PublishRequest& request, PacketId id, ExchangeStep step,
                             std::uint64_t token) {
    if (is_active() || request.qos == QoS::at_most_once) return Errc::invalid_argument;
    if (const Status topic = validate_topic_name(request.topic); !topic) return topic;
    const bool received = step == ExchangeStep::received;
    core::MessageRef made = make_message(request);
    core::InflightEntry entry;
    if (!received) entry.message = made;
    entry.state = received                            ? core::InflightState::await_pubcomp
                  : request.qos == QoS::at_least_once ? core::InflightState::await_puback
                                                      : core::InflightState::await_pubrec;
    entry.qos = request.qos;
    entry.retain = request.retain;
    const StoreToken stored = store_.restore(std::move(made), token, id, received);
    entry.token = stored;
    if (session_.state().outgoing.restore(id, std::move(entry))) return {};
    store_.remove(stored);
    return Error(Errc::invalid_argument, "the packet id is taken");
}

void Client::Impl::admit(core::MessageRef message, Done<PublishResult> done,
                         std::uint64_t user_token, TimePoint deadline, bool of_batch) {
    const StoreToken token = store_.add(std::move(message), std::move(done), user_token, of_batch);
    if (deadline == TimePoint::max()) return;
    publish_deadlines_.push_back({deadline, token});
    if (!publish_timer_.is_armed()) loop().set_timer(publish_timer_, deadline);
}

// Moves on those that waited for room, in order. True when there were some.
bool Client::Impl::admit_blocked() {
    bool moved = false;
    while (!blocked_.empty() && has_room(blocked_.front().message->size_bytes())) {
        BlockedPublish next = std::move(blocked_.front());
        blocked_.pop_front();
        admit(std::move(next.message), std::move(next.done), next.number, next.deadline);
        moved = true;
    }
    return moved;
}

// Sends what waits, as far as window and socket allow. Finishing an entry may call the user, who may
// publish more: that only adds to what this loop sees.
void Client::Impl::pump() {
    if (is_pumping_) return;
    is_pumping_ = true;
    do {
        while (state_ == ClientState::connected && !is_disconnecting_) {
            const client::OutgoingStore::Front front = store_.front();
            if (front.entry == nullptr) break;
            if (connection_.backlog_bytes() >= kStagedBytes) connection_.flush();
            if (connection_.is_blocked() || !send(front)) break;
        }
    } while (admit_blocked());
    is_pumping_ = false;
    tell_waiters();
}

// False when it has to wait.
bool Client::Impl::send(const client::OutgoingStore::Front& front) {
    const StoreToken token = front.token;
    const core::Message& message = *front.entry->message;
    PublishRequest request;
    if (message.expires_at() != TimePoint::max()) {
        const TimePoint now = Clock::now();
        if (message.expired(now)) {
            finish_publish(token, Errc::timed_out, ReasonCode::success);
            return true;
        }
        request.message_expiry_interval = core::remaining_expiry(message.expires_at(), now);
    }
    request.qos = message.qos();
    request.retain = message.retain();
    request.kept = front.entry->message.get();
    const SendResult result = connection_.publish(request, token);
    switch (result.status) {
    case SendStatus::sent: break;
    case SendStatus::no_quota:
    case SendStatus::not_connected: return false;
    default: finish_publish(token, to_errc(result.status), ReasonCode::success); return true;
    }
    if (message.qos() == QoS::at_most_once) {
        finish_publish(token, {}, ReasonCode::success);
    } else {
        store_.sent(front, result.id);
        tell_exchange(token, result.id, ExchangeStep::sent);
    }
    return true;
}

void Client::Impl::on_received(PacketId id, std::uint64_t token) {
    tell_exchange(token, id, ExchangeStep::received);
}

void Client::Impl::tell_exchange(StoreToken token, PacketId id, ExchangeStep step) {
    if (!on_exchange_) return;
    const OutgoingEntry* entry = store_.find(token);
    if (entry != nullptr && !entry->done) on_exchange_(entry->user_token, id, step);
}

void Client::Impl::on_delivered(PacketId, std::uint64_t token, ReasonCode reason) {
    made_progress_ = true;
    if (client::BatchStore::is_batch(token)) return on_batch_delivered(token, reason);
    if (store_.find(token) == nullptr) return;  // timed out, or of another run of this session
    finish_publish(token,
                   is_error(reason) ? make_error_code(Errc::refused_by_server) : std::error_code(),
                   reason);
    pump();
}

void Client::Impl::finish_publish(StoreToken token, std::error_code error, ReasonCode reason) {
    OutgoingEntry entry = store_.remove(token);
    ++(error ? stats_.messages_refused : stats_.messages_published);
    if (entry.done) return entry.done->complete(error, PublishResult{reason});
    if (entry.of_batch) {
        if (on_batch_) on_batch_(entry.user_token, error, reason, 1);
        return;
    }
    if (on_delivery_) on_delivery_(entry.user_token, error, reason);
}

void Client::Impl::when_ready(Done<> done) {
    if (!is_active()) return done->complete(Errc::not_connected);
    if (is_roomy()) return done->complete({});
    ready_waiters_.push_back(std::move(done));
}

void Client::Impl::when_drained(Done<> done) {
    if (stored_count() == 0 && blocked_.empty()) return done->complete({});
    if (!is_active()) return done->complete(Errc::not_connected);
    drain_waiters_.push_back(std::move(done));
}

void Client::Impl::tell_waiters() {
    if (!ready_waiters_.empty() && is_roomy()) {
        for (Done<>& waiter : std::exchange(ready_waiters_, {}))
            waiter->complete({});
    }
    if (!sendable_waiters_.empty() && is_sendable()) {
        for (Done<>& waiter : std::exchange(sendable_waiters_, {}))
            waiter->complete({});
    }
    if (!drain_waiters_.empty() && stored_count() == 0 && blocked_.empty()) {
        for (Done<>& waiter : std::exchange(drain_waiters_, {}))
            waiter->complete({});
    }
}

// The connection is gone: QoS 2 messages that the server has are told apart from those of which
// nobody knows, while the session still says so.
void Client::Impl::note_cut() {
    keep_batches();
    for (const StoreToken token : store_.in_flight()) {
        OutgoingEntry& entry = *store_.find(token);
        core::InflightEntry* exchange = session_.state().outgoing.find(entry.id);
        const bool has_it = exchange != nullptr && exchange->token == token &&
                            exchange->state == core::InflightState::await_pubcomp;
        if (has_it) entry.state = OutgoingEntry::State::received;
    }
}

// On the next connection: what a resumed session holds, the protocol sends again by itself; without
// one, those that the server has are done and the others go by policy.
void Client::Impl::settle_cut(bool resumed) {
    if (resumed) return;
    std::vector<StoreToken> again;
    for (const StoreToken token : store_.in_flight()) {
        if (store_.find(token)->state == OutgoingEntry::State::received) {
            finish_publish(token, {}, ReasonCode::success);
        } else if (options_.when_session_lost == LostSession::fail) {
            finish_publish(token, Errc::session_lost, ReasonCode::success);
        } else {
            again.push_back(token);
        }
    }
    store_.send_again(again);
}

void Client::Impl::cancel_publish(std::uint64_t number) {
    for (auto blocked = blocked_.begin(); blocked != blocked_.end(); ++blocked) {
        if (blocked->number != number) continue;
        Done<PublishResult> done = std::move(blocked->done);
        blocked_.erase(blocked);
        return done->complete(Errc::cancelled, {});
    }
    for (const StoreToken token : store_.all()) {
        const OutgoingEntry& entry = *store_.find(token);
        if (entry.done && entry.user_token == number) {
            return finish_publish(token, Errc::cancelled, ReasonCode::success);
        }
    }
}

void Client::Impl::on_publish_timer(TimePoint now) {
    while (!publish_deadlines_.empty() && publish_deadlines_.front().when <= now) {
        const StoreToken token = publish_deadlines_.front().token;
        publish_deadlines_.pop_front();
        if (store_.find(token)) finish_publish(token, Errc::timed_out, ReasonCode::success);
    }
    while (!blocked_.empty() && blocked_.front().deadline <= now) {
        Done<PublishResult> done = std::move(blocked_.front().done);
        blocked_.pop_front();
        ++stats_.messages_refused;
        done->complete(Errc::timed_out, {});
    }
    TimePoint next = TimePoint::max();
    if (!publish_deadlines_.empty()) next = publish_deadlines_.front().when;
    if (!blocked_.empty()) next = std::min(next, blocked_.front().deadline);
    loop().set_timer(publish_timer_, next);
    pump();
}

void Client::Impl::fail_publishes(std::error_code error) {
    fail_batches(error);
    for (const StoreToken token : store_.all())
        finish_publish(token, error, ReasonCode::success);
    for (BlockedPublish& blocked : std::exchange(blocked_, {}))
        blocked.done->complete(error, {});
    publish_deadlines_.clear();
    for (Done<>& waiter : std::exchange(ready_waiters_, {}))
        waiter->complete(error);
    for (Done<>& waiter : std::exchange(sendable_waiters_, {}))
        waiter->complete(error);
    for (Done<>& waiter : std::exchange(drain_waiters_, {}))
        waiter->complete(error);
}

}  // namespace mqtt
