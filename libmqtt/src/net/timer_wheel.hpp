// Many coarse timers on one loop: 100 ms ticks, O(1) to set and cancel, intrusive (no allocation).
// Never early, late by at most one tick. Used for keep-alive, expiry, delays, time-outs.
#pragma once

#include <cstdint>

#include "mqtt/types.hpp"

namespace mqtt::net {

class TimerWheel;

// Derive from or hold one per deadline. Cancels itself on destruction.
class Timer {
public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer();
    bool is_armed() const { return wheel_ != nullptr; }
    virtual void on_timer(TimePoint now) = 0;

private:
    friend class TimerWheel;
    TimerWheel* wheel_ = nullptr;
    Timer* next_ = nullptr;
    Timer** previous_ = nullptr;
    std::uint64_t due_tick_ = 0;
};

class TimerWheel {
public:
    static constexpr Duration kTick = std::chrono::milliseconds(100);
    explicit TimerWheel(TimePoint start);
    ~TimerWheel();

    // Arms or moves `timer`. TimePoint::max() cancels.
    void set(Timer& timer, TimePoint due);
    void cancel(Timer& timer);
    // Calls on_timer of all that are due. Timers may set and cancel any timer from inside.
    void advance(TimePoint now);
    // When advance must be called next; TimePoint::max() when nothing is armed.
    TimePoint next_due() const;

private:
    struct Impl;
    Impl* impl_;
};

}  // namespace mqtt::net
