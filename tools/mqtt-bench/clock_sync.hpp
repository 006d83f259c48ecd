// What another host's monotonic clock shows, from exchanges of four time stamps over the control link:
// asked (own clock), arrived and answered (theirs), answer here (own). The delay of a packet is never
// negative, so every exchange bounds the offset from both sides; the tightest bounds of the last
// while, corrected for drift, give the offset and how far it may be wrong. Sans-I/O.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace mqtt::bench {

class ClockSync {
public:
    // Nanoseconds. Exchanges that contradict themselves are ignored.
    void add(std::int64_t asked, std::int64_t arrived, std::int64_t answered, std::int64_t here);

    struct Estimate {
        std::int64_t offset_ns = 0;  // theirs - own, at `at_ns`
        std::int64_t at_ns = 0;      // own clock
        double drift = 0;            // theirs gains so much per ns
        std::int64_t error_ns = 0;   // the true offset lies within +- this
    };
    // As of `now` (own clock). Nothing before the first exchange.
    std::optional<Estimate> estimate(std::int64_t now) const;
    std::uint64_t exchanges() const { return exchanges_; }

private:
    // The tightest bounds of one second.
    struct Window {
        std::int64_t begin = 0;
        std::int64_t low = 0;  // theirs - own is at least this
        std::int64_t low_at = 0;
        std::int64_t high = 0;  // at most this
        std::int64_t high_at = 0;
    };
    struct Drift {
        double middle = 0;
        double doubt = 0;  // either way
    };
    Drift drift() const;

    std::deque<Window> windows_;
    std::uint64_t exchanges_ = 0;
};

// Which monotonic clock this process reads: the same text, the same clock, on whatever host or
// container (the kernel's boot, and the time namespace).
const std::string& own_clock_id();

}  // namespace mqtt::bench
