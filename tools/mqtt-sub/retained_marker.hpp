// Tells when a server has sent all retained messages of a subscription: a message of our own that
// comes back behind them, then silence. Used by subscriber (--snapshot, --remove-retained).
#pragma once

#include <chrono>
#include <string>

#include "mqtt/client.hpp"

namespace mqtt_sub {

// Of the marker in the delivery handler.
inline constexpr std::uint64_t kMarkerToken = 1;

class RetainedMarker {
public:
    using Clock = std::chrono::steady_clock;

    RetainedMarker();
    const std::string& topic() const { return topic_; }  // to be subscribed with the others
    // The subscription stands: the marker goes out.
    void send(mqtt::Client& client, Clock::time_point now);
    // True when the message is the marker.
    bool take(const mqtt::Publish& message);
    // All retained messages are here, as far as can be told.
    bool is_over(Clock::time_point now) const;
    // Asked for in vain.
    bool was_lost(Clock::time_point now) const { return !came_back_ && is_over(now); }

private:
    std::string topic_;
    Clock::time_point sent_at_ = Clock::time_point::max();
    bool came_back_ = false;
};

}  // namespace mqtt_sub
