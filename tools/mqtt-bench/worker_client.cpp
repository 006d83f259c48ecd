// Events of one load connection.
#include "mqtt-bench/worker_client.hpp"

#include <fmt/format.h>

#include "mqtt/reason_code.hpp"

namespace mqtt::bench {

void Worker::Client::open() {
    state_ = State::opening;
    const ConnectOptions& options = worker_.options_[worker_.plan_.target_of(number_)];
    const Status status = connection_.open(&options, worker_.plan_.client_id_of(number_));
    if (status.ok()) return;
    worker_.fail(status.error(), status.error().detail);
    ++worker_.generator_->counters().connect_failed;
    state_ = State::closed;
    settle();
}

void Worker::Client::close() {
    if (state_ == State::fresh || state_ == State::closed) return;
    const bool connected = connection_.is_connected();
    state_ = State::closing;
    if (connected) {
        connection_.disconnect(ReasonCode::success, {}, std::chrono::seconds(1));
    } else {
        connection_.abort();
        state_ = State::closed;
    }
}

void Worker::Client::on_connected(const Connack&, const ConnectTiming& timing) {
    Worker& w = worker_;
    ++w.generator_->counters().connected;
    w.connected_now_.fetch_add(1, std::memory_order_relaxed);
    const auto took = std::chrono::nanoseconds(timing.connected - timing.started);
    w.generator_->interval()[SeriesId::connect].record(took.count());
    if (role_ == Role::subscriber) {
        FilterListBuilder filters(true);
        const std::string filter = w.plan_.filter_of(index_ * w.shared_.workers + w.number_);
        filters.add(filter, {w.spec_.subscribe_qos});
        state_ = State::subscribing;
        subscribe_sent_ = w.now_ns();
        connection_.subscribe(filters.view());
        return;
    }
    if (role_ == Role::publisher) {
        w.generator_->on_connected(index_, connection_.limits().receive_maximum);
    }
    state_ = State::ready;
    settle();
}

void Worker::Client::on_suback(const Suback& suback) {
    Worker& w = worker_;
    if (suback.codes.empty() || suback.codes[0] >= 0x80) {
        ++w.generator_->counters().subscribe_failed;
        const unsigned code = suback.codes.empty() ? 0x80u : suback.codes[0];
        w.fail(Error(Errc::refused_by_server),
               fmt::format("the broker refused the subscription to '{}' (reason 0x{:02X})",
                           w.plan_.filter_of(index_ * w.shared_.workers + w.number_), code));
    } else {
        ++w.generator_->counters().subscribed;
        w.generator_->interval()[SeriesId::subscribe].record(w.now_ns() - subscribe_sent_);
    }
    state_ = State::ready;
    settle();
}

void Worker::Client::settle() {
    worker_.on_settled_one();
}

AckDecision Worker::Client::on_publish(const Publish& publish) {
    Worker& w = worker_;
    if (role_ == Role::subscriber) {
        w.generator_->on_message(index_, publish.payload, publish.dup, w.stamp(*this));
        if (w.spec_.max && w.generator_->can_pump()) w.want_turn();
    }
    return AckDecision::now();
}

void Worker::Client::on_delivered(PacketId, std::uint64_t token, ReasonCode reason) {
    Worker& w = worker_;
    w.generator_->on_delivered(token, is_error(reason), w.stamp(*this));
    if (w.spec_.max) w.want_turn();
}

void Worker::Client::on_send_quota() {
    if (role_ == Role::publisher) worker_.generator_->on_room(index_, worker_.now_ns());
    if (worker_.spec_.max) worker_.want_turn();
}

void Worker::Client::on_writable() {
    on_send_quota();
}

void Worker::Client::on_closed(const CloseReason& reason) {
    Worker& w = worker_;
    const State before = state_;
    state_ = State::closed;
    if (before == State::opening) {
        ++w.generator_->counters().connect_failed;
        w.fail(reason.error, reason.message);
        settle();
        return;
    }
    w.connected_now_.fetch_sub(1, std::memory_order_relaxed);
    if (role_ == Role::publisher) w.generator_->on_closed(index_);
    if (before == State::closing) {
        w.want_turn();
        return;
    }
    ++w.generator_->counters().connections_lost;
    w.fail(reason.error, reason.message);
    if (before == State::subscribing) settle();
}

}  // namespace mqtt::bench
