// When the next message may leave: --rate. A schedule from the first message on, so that lateness is
// caught up with, within limits. Used by publisher. Reads no clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace mqtt_pub {

class Pacer {
public:
    using Clock = std::chrono::steady_clock;

    // Messages per second; 0: no limit.
    explicit Pacer(double rate) : rate_(rate) {}

    bool is_limited() const { return rate_ > 0; }
    // How long the next message has to wait; zero: it may leave.
    Clock::duration wait_at(Clock::time_point now) {
        if (!is_limited()) return {};
        if (sent_ == 0) return {};
        return std::max(due() - now, Clock::duration::zero());
    }
    void sent_at(Clock::time_point now) {
        if (!is_limited()) return;
        // What was missed by more than a tenth of a second (a slow server, a slow source) is not
        // made up for in a burst.
        constexpr auto kLongestBurst = std::chrono::milliseconds(100);
        if (sent_ == 0 || now - due() > kLongestBurst) {
            start_ = now;
            sent_ = 0;
        }
        ++sent_;
    }

private:
    Clock::time_point due() const {
        const double seconds = static_cast<double>(sent_) / rate_;
        return start_ +
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    }

    double rate_;
    std::uint64_t sent_ = 0;  // since start_
    Clock::time_point start_{};
};

}  // namespace mqtt_pub
