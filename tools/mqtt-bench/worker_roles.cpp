// Receiving: checked and measured, answered, or slowly. An answer allocates; its latency is that of
// two hops.
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
    PropertyList properties;
    if (const auto data = publish.properties.text(PropertyId::correlation_data)) {
        properties.add(PropertyId::correlation_data, *data);
    }
    Answer answer{this, {}, {}, std::move(properties), publish.qos};
    const auto topic = publish.properties.text(PropertyId::response_topic);
    answer.topic = topic ? std::string(*topic) : fmt::format("{}/reply", publish.topic);
    if (send(answer, publish.payload)) return;
    const auto* text = reinterpret_cast<const char*>(publish.payload.data());
    answer.payload.assign(text, publish.payload.size());
    worker_.answers_.push_back(std::move(answer));
}

// False: the window is full, it must wait.
bool Worker::Client::send(const Answer& answer, Bytes payload) {
    PublishRequest request;
    request.topic = answer.topic;
    request.payload = payload;
    request.qos = answer.qos;
    request.properties = answer.properties;
    const SendStatus status = publish(request, 0);
    if (status == SendStatus::no_quota) return false;
    if (status != SendStatus::sent) ++worker_.generator_->counters().refused;
    return true;
}

void Worker::Client::send_waiting_answers() {
    std::deque<Answer>& waiting = worker_.answers_;
    while (!waiting.empty()) {
        const Answer& answer = waiting.front();
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(answer.payload.data());
        if (!answer.client->send(answer, Bytes(bytes, answer.payload.size()))) return;
        waiting.pop_front();
    }
}

// The slow ones are spread evenly over the group.
bool Worker::Client::is_slow() const {
    const double share = planned().spec.slow_share;
    return std::floor((number + 1) * share + 1e-9) > std::floor(number * share + 1e-9);
}

// When the load is over they read as fast as the others: what is still missing then, the broker has lost.
void Worker::Client::read_slowly(std::int64_t now) {
    if (worker_.load_ended_) return;
    const double seconds = static_cast<double>(now - worker_.zero_) / 1e9;
    if (static_cast<double>(++read_) <= seconds * planned().spec.slow_rate) return;
    if (paused_) return;
    paused_ = true;
    connection_.pause_reading();
    worker_.slow_.push_back(this);
}

bool Worker::Client::resume_if_allowed(std::int64_t now) {
    const double seconds = static_cast<double>(now - worker_.zero_) / 1e9;
    const bool ahead = static_cast<double>(read_) > seconds * planned().spec.slow_rate;
    if (state_ == State::ready && ahead && !worker_.load_ended_) {
        return false;
    }
    paused_ = false;
    connection_.resume_reading();
    return true;
}

}  // namespace mqtt::bench
