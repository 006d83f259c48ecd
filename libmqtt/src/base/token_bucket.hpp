// A rate limit: so many events per second, with a burst of one second's worth. Time is an argument.
// Used by the broker for connections and for a client's messages; knows no clock, no timer.
#pragma once

#include <algorithm>
#include <chrono>

namespace mqtt::base {

class TokenBucket {
public:
    using Clock = std::chrono::steady_clock;
    // `per_second`: over 0.
    explicit TokenBucket(double per_second)
        : interval_(std::chrono::duration_cast<Clock::duration>(
              std::chrono::duration<double>(1 / per_second)))
        , burst_(std::max<Clock::duration>(std::chrono::seconds(1), interval_)) {}

    // Counts one event at `now`.
    void take(Clock::time_point now) { full_at_ = std::max(full_at_, now) + interval_; }
    // An event is within the rate at this time and later.
    Clock::time_point next() const { return full_at_ + interval_ - burst_; }

private:
    Clock::duration interval_;
    Clock::duration burst_;
    Clock::time_point full_at_{};  // when nothing is owed any more
};

}  // namespace mqtt::base
