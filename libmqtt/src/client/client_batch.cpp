// Client: many messages at once, which are not copied while the connection lasts.
#include <algorithm>
#include <utility>

#include "client/client_impl.hpp"
#include "core/session.hpp"

namespace mqtt {

using client::Batch;
using client::BatchStore;
using client::kStagedBytes;
using client::StoreToken;
using client::to_errc;

// One more message may come, whatever its size.
bool Client::Impl::has_slack() const {
    return stored_count() < options_.outgoing_maximum_messages &&
           stored_bytes() <= options_.outgoing_maximum_bytes / 2;
}

// What is submitted now goes out at once; without a connection: finds room in the store.
bool Client::Impl::is_sendable() {
    if (state_ != ClientState::connected) return is_roomy();
    return has_slack() && blocked_.empty() && !store_.has_waiting() && !connection_.is_blocked() &&
           connection_.backlog_bytes() < kStagedBytes && connection_.has_send_quota();
}

SubmitResult Client::Impl::submit_batch(const PublishRequest& common,
                                        std::span<const Bytes> payloads,
                                        std::shared_ptr<const void> owner, std::uint64_t token) {
    if (const Status ok = check(common); !ok) return {0, ok};
    // Those who are told of every step, or of a time-out, have an entry per message.
    const bool is_direct = state_ == ClientState::connected && !store_.has_waiting() &&
                           !on_exchange_ && options_.publish_timeout.count() == 0;
    if (!is_direct) return submit_each(common, payloads, token);
    if (!is_sendable()) return {0, Errc::queue_full};
    if (common.qos == QoS::at_most_once) {
        const SubmitResult result = send_batch(common, payloads, 0, nullptr);
        stats_.messages_published += result.count;
        if (on_batch_ && result.count != 0) on_batch_(token, {}, ReasonCode::success, result.count);
        return result;
    }
    const std::size_t room =
        std::min(options_.outgoing_maximum_messages - stored_count(), connection_.send_quota());
    const auto fitting = payloads.first(std::min(room, payloads.size()));
    const base::Ref<Batch> batch(new Batch(common, fitting, std::move(owner), token));
    SubmitResult result = send_batch(common, fitting, batches_.add(batch), batch.get());
    batches_.sent(result.count);
    if (result.status && result.count < payloads.size()) result.status = Errc::queue_full;
    return result;
}

SubmitResult Client::Impl::send_batch(const PublishRequest& common, std::span<const Bytes> payloads,
                                      StoreToken first_token, Batch* batch) {
    SubmitResult result;
    while (result.count < payloads.size()) {
        const BatchResult sent =
            connection_.publish_batch(common, payloads.subspan(result.count),
                                      first_token + result.count, kStagedBytes, batch);
        result.count += sent.count;
        const bool is_full = sent.status == SendStatus::sent && result.count < payloads.size();
        if (is_full || connection_.backlog_bytes() >= kStagedBytes) connection_.flush();
        switch (sent.status) {
        case SendStatus::sent: break;
        case SendStatus::no_quota:
        case SendStatus::not_connected: result.status = Errc::queue_full; return result;
        default: result.status = to_errc(sent.status); return result;
        }
        if (connection_.is_blocked()) break;
    }
    if (result.count < payloads.size()) result.status = Errc::queue_full;
    return result;
}

// The ordinary way.
SubmitResult Client::Impl::submit_each(const PublishRequest& common,
                                       std::span<const Bytes> payloads, std::uint64_t token) {
    SubmitResult result;
    PublishRequest request = common;
    for (const Bytes payload : payloads) {
        request.payload = payload;
        core::MessageRef made = make_message(request);
        const bool fits = blocked_.empty() && (has_room(made->size_bytes()) || has_slack());
        if (!fits) {
            result.status = Errc::queue_full;
            break;
        }
        admit(std::move(made), nullptr, token, publish_deadline(), true);
        ++result.count;
    }
    pump();
    return result;
}

// Told of together, as far as they ended alike.
void Client::Impl::on_batch_delivered(StoreToken token, ReasonCode reason) {
    Batch* batch = batches_.find(token);
    if (batch == nullptr) return;  // given up meanwhile
    const std::uint64_t user_token = batch->user_token();
    if (ended_.count != 0 && (ended_.token != user_token || ended_.reason != reason)) tell_batch();
    ended_.token = user_token;
    ended_.reason = reason;
    ++ended_.count;
    batches_.finish(token, *batch);
}

void Client::Impl::tell_batch() {
    if (ended_.count == 0) return;
    const client::Ended ended = std::exchange(ended_, {});
    const bool refused = is_error(ended.reason);
    (refused ? stats_.messages_refused : stats_.messages_published) += ended.count;
    if (!on_batch_) return;
    on_batch_(ended.token, refused ? make_error_code(Errc::refused_by_server) : std::error_code(),
              ended.reason, ended.count);
}

void Client::Impl::on_read_end() {
    if (ended_.count == 0 && sendable_waiters_.empty()) return;
    tell_batch();
    pump();
}

// The connection is gone: what is still in flight outlives the bytes that were lent for it, and may be sent
// again. From here on these are messages like any other.
void Client::Impl::keep_batches() {
    tell_batch();
    if (batches_.empty()) return;
    std::vector<StoreToken> in_order;
    session_.state().outgoing.for_each([&](PacketId id, core::InflightEntry& entry) {
        const Batch* batch = batches_.find(entry.token);
        if (batch == nullptr) {
            if (store_.find(entry.token) != nullptr) in_order.push_back(entry.token);
            return;
        }
        const bool received = entry.state == core::InflightState::await_pubcomp;
        core::MessageRef made = batch->message(BatchStore::index_of(entry.token));
        if (!received) entry.message = made;
        entry.token = store_.restore(std::move(made), batch->user_token(), id, received, true);
        in_order.push_back(entry.token);
    });
    store_.put_in_order(in_order);
    batches_.clear();
}

void Client::Impl::fail_batches(std::error_code error) {
    tell_batch();
    std::vector<client::Ended> given_up;
    batches_.for_each([&](const Batch& batch, std::size_t unfinished) {
        given_up.push_back({batch.user_token(), ReasonCode::success, unfinished});
    });
    batches_.clear();
    for (const client::Ended& ended : given_up) {
        stats_.messages_refused += ended.count;
        if (on_batch_) on_batch_(ended.token, error, ended.reason, ended.count);
    }
}

void Client::Impl::when_sendable(client::Done<> done) {
    if (!is_active()) return done->complete(Errc::not_connected);
    if (is_sendable()) return done->complete({});
    sendable_waiters_.push_back(std::move(done));
}

}  // namespace mqtt
