// What a bridge looks after while it runs: the first of its addresses, and how much waits.
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "broker/bridge/bridge.hpp"
#include "broker/shard.hpp"
#include "net/connect.hpp"

namespace mqtt::broker {

// A lazy bridge ends when it is idle; one at a substitute's address looks for the first.
void Bridge::watch_connection() {
    const TimePoint now = shard_.now();
    TimePoint next = TimePoint::max();
    if (config_.start == BridgeStart::lazy) {
        const TimePoint due = last_traffic_ + config_.idle_timeout;
        const bool is_busy = !session_->queue.empty() || !session_->exchange.outgoing.empty();
        if (now >= due && !is_busy) {
            announce(false);
            return connection_.disconnect();
        }
        next = std::max(due, now + std::chrono::seconds(1));
    }
    if (address_ != 0 && !config_.round_robin) {
        const TimePoint due = connected_at_ + config_.restart_base;
        if (now >= due) try_first_address();
        next = std::min(next, std::max(due, now + config_.restart_base));
    }
    if (next != TimePoint::max()) shard_.loop().set_timer(*this, next);
}

// By a connection that says nothing; when it stands, this one ends for it.
void Bridge::try_first_address() {
    if (is_trying_first_) return;
    is_trying_first_ = true;
    ConnectOptions first = options();
    first.endpoint = config_.addresses.front();
    net::ConnectTarget target(first);
    auto done = [this](const std::exception_ptr& failure, const net::ConnectResult& result) {
        is_trying_first_ = false;
        if (is_closed()) return shard_.bridges.ended();
        const bool is_there = !failure && !result.error && result.stream != nullptr;
        if (!is_there || state_ != State::connected || address_ == 0) return;
        log(LogLevel::info, to_url(config_.addresses.front()) + " is back");
        goes_back_ = true;
        announce(false);
        connection_.disconnect();
    };
    asio::co_spawn(shard_.loop().context(), net::connect(std::move(target)), std::move(done));
}

// As figures of $SYS: retained, at their interval, when it has changed.
void Bridge::tell_lag() {
    const std::chrono::seconds interval = shard_.config().sys_interval;
    if (interval.count() == 0) return;
    shard_.loop().set_timer(lag_timer_, shard_.now() + interval);
    const std::size_t lag =
        session_->queue.count() + again_.size() + session_->exchange.outgoing.publish_count();
    if (lag == told_lag_) return;
    told_lag_ = lag;
    const std::string topic = lag_topic();
    const std::string text = std::to_string(lag);
    Publication publication;
    publication.topic = topic;
    publication.payload = as_bytes(text);
    publication.retain = true;
    shard_.publisher.publish(publication);
}

}  // namespace mqtt::broker
