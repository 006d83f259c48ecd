// See retained_marker.hpp.
#include "mqtt-sub/retained_marker.hpp"

#include <fmt/format.h>

#include <random>

namespace mqtt_sub {
namespace {

constexpr std::chrono::seconds kPatience{10};

}  // namespace

RetainedMarker::RetainedMarker() {
    std::random_device random;
    topic_ = fmt::format("mqtt-tools/marker/{:08x}{:08x}", random(), random());
}

void RetainedMarker::send(mqtt::Client& client, Clock::time_point now) {
    sent_at_ = now;
    mqtt::PublishRequest marker;
    marker.topic = topic_;
    // A server that cannot take it is one that is waited for.
    static_cast<void>(client.submit(marker, kMarkerToken));
}

bool RetainedMarker::take(const mqtt::Publish& message) {
    if (message.topic != topic_) return false;
    came_back_ = true;
    return true;
}

bool RetainedMarker::is_over(Clock::time_point now) const {
    if (came_back_) return true;
    return sent_at_ != Clock::time_point::max() && now - sent_at_ >= kPatience;
}

}  // namespace mqtt_sub
