// A bridge when the configuration changes: its end, and what the one after it takes over.
#include <fmt/format.h>

#include <algorithm>

#include "broker/bridge/bridge.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {

void Bridge::finish(bool at_once) {
    if (is_closed()) return;
    is_finishing_ = true;
    if (at_once || state_ != State::connected) {
        log(LogLevel::info, "its configuration has changed");
        return stop();
    }
    log(LogLevel::info, "its configuration has changed, which holds when this connection ends");
}

bool Bridge::stays() {
    const bool has_failed = state_ == State::stopped && config_.start != BridgeStart::once;
    if (has_failed || state_ == State::stopping) return false;
    is_finishing_ = false;
    return true;
}

void Bridge::end_finished() {
    state_ = State::stopped;
    shard_.loop().timers().cancel(*this);
    shard_.connection_closed();
    shard_.bridges.ended();
}

// What was under way goes on as it was mapped; what waits in the queue is mapped by the new lines.
void Bridge::start_after(Bridge& before) {
    if (!*config_.local_clean_start) again_.swap(before.again_);
    const std::vector<BridgeTopics::Filter> wanted = topics_.remote_filters();
    unwanted_there_ = std::move(before.unwanted_there_);
    for (BridgeTopics::Filter& was : before.topics_.remote_filters())
        unwanted_there_.push_back(std::move(was.filter));
    std::erase_if(unwanted_there_, [&](const std::string& filter) {
        return std::any_of(wanted.begin(), wanted.end(),
                           [&](const auto& f) { return f.filter == filter; });
    });
    const bool is_renamed = config_.remote_client_id != before.config_.remote_client_id ||
                            config_.notification_topic != before.config_.notification_topic;
    if (is_renamed) before.clear_state();
    open_session();
    start();
}

void Bridge::unsubscribe_there(bool has_session) {
    FilterListBuilder filters(false);
    for (const std::string& filter : std::exchange(unwanted_there_, {}))
        filters.add(filter);
    if (config_.attempt_unsubscribe && !has_subscribed_) {
        for (const std::string& filter : topics_.remote_leftovers())
            filters.add(filter);
    }
    if (has_session && filters.count() != 0) connection_.unsubscribe(filters.view());
}

void Bridge::end_session() {
    if (session_ == nullptr) return;
    const std::size_t waiting = session_->queue.count() + again_.size();
    log(waiting == 0 ? LogLevel::info : LogLevel::warning,
        fmt::format("it is gone from the configuration, and with it {} messages that waited",
                    waiting));
    clear_state();
    drop_again();
    session_->is_bridge = false;
    shard_.sessions.end(*std::exchange(session_, nullptr));
}

void Bridge::drop_again() {
    for (const QueuedMessage& message : again_)
        shard_.journal.done(message.token);
    again_.clear();
}

std::string Bridge::lag_topic() const {
    return "$SYS/broker/connection/" + config_.remote_client_id + "/queued";
}

// The retained messages about it.
void Bridge::clear_state() {
    shard_.loop().timers().cancel(lag_timer_);
    const auto clear = [this](const std::string& topic) {
        Publication publication;
        publication.topic = topic;
        publication.retain = true;
        publication.publisher = session_->number;
        shard_.publisher.publish(publication);
    };
    if (config_.notifications) clear(config_.notification_topic);
    if (shard_.config().sys_interval.count() != 0) clear(lag_topic());
}

}  // namespace mqtt::broker
