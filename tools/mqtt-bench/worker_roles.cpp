// Receiving: checked and measured, answered, or slowly.
#include <fmt/format.h>

#include <cmath>

#include "mqtt-bench/worker_client.hpp"

namespace mqtt::bench {

AckDecision Worker::Client::on_publish(const Publish& publish) {
    Worker& w = worker_;
    if (subscriber != kNone) {
        const std::int64_t now = w.stamp(*this);
        w.generator_->on_message(subscriber, publish.payload, publish.dup, now, publish.retain);
        if (w.spec_.max && w.generator_->can_pump()) w.want_turn();
        if (planned().spec.slow_share > 0 && is_slow()) read_slowly(now);
    } else if (planned().spec.role == Role::answer) {
        answer(publish);
    }
    return AckDecision::now();
}

void Worker::Client::answer(const Publish& publish) {
    ++worker_.generator_->counters().answered;
    if (const auto topic = publish.properties.text(PropertyId::response_topic)) {
        return send_answer(*topic, publish.payload, publish.qos);
    }
    send_answer(fmt::format("{}/reply", publish.topic), publish.payload, publish.qos);
}

void Worker::Client::send_answer(std::string_view topic, Bytes payload, QoS qos) {
    PublishRequest request;
    request.topic = topic;
    request.payload = payload;
    request.qos = qos;
    const SendStatus status = publish(request, 0);
    if (status == SendStatus::sent) return;
    if (status != SendStatus::no_quota) {
        ++worker_.generator_->counters().refused;
        return;
    }
    const auto* text = reinterpret_cast<const char*>(payload.data());
    worker_.answers_.push_back({this, std::string(topic), std::string(text, payload.size()), qos});
}

// The slow ones are spread evenly over the group.
bool Worker::Client::is_slow() const {
    const double share = planned().spec.slow_share;
    return std::floor((number + 1) * share + 1e-9) > std::floor(number * share + 1e-9);
}

void Worker::Client::read_slowly(std::int64_t now) {
    const double seconds = static_cast<double>(now - worker_.zero_) / 1e9;
    if (static_cast<double>(++read_) <= seconds * planned().spec.slow_rate) return;
    if (paused_) return;
    paused_ = true;
    connection_.pause_reading();
    worker_.slow_.push_back(this);
}

bool Worker::Client::resume_if_allowed(std::int64_t now) {
    const double seconds = static_cast<double>(now - worker_.zero_) / 1e9;
    if (state_ == State::ready && static_cast<double>(read_) > seconds * planned().spec.slow_rate) {
        return false;
    }
    paused_ = false;
    connection_.resume_reading();
    return true;
}

}  // namespace mqtt::bench
