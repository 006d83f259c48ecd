// Many coarse timers on one loop: 100 ms ticks, O(1) to set and cancel, intrusive (no allocation).
// Never early, late by at most one tick. Used for keep-alive, expiry, delays, time-outs.
// Reads no clock: `advance` is told the time.
#pragma once

#include <array>
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
    bool is_armed() const { return previous_ != nullptr; }
    virtual void on_timer(TimePoint now) = 0;

private:
    friend class TimerWheel;
    // Leaves its list. The wheel, which a timer does not know, may still think its slot occupied and
    // find out when the time comes.
    void leave();
    Timer* next_ = nullptr;
    Timer** previous_ = nullptr;  // the pointer that points at this timer; null: not armed
    std::uint64_t due_tick_ = 0;
};

// Six levels of 64 slots. A timer sits at the level of the highest digit (base 64) in which its
// tick differs from the current one, so every occupied slot lies ahead and the lowest occupied
// level holds the next timer; when the current tick enters a slot of a higher level, its timers
// move down.
class TimerWheel {
public:
    static constexpr Duration kTick = std::chrono::milliseconds(100);

    explicit TimerWheel(TimePoint start) : start_(start) {}
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;
    ~TimerWheel();

    // Arms or moves `timer`. TimePoint::max() cancels.
    void set(Timer& timer, TimePoint due);
    void cancel(Timer& timer);  // armed in this wheel, or not at all
    // Calls on_timer of all that are due. Timers may set and cancel any timer from inside.
    void advance(TimePoint now);
    // When advance must be called next (at times only to sort timers down a level);
    // TimePoint::max() when nothing is armed.
    TimePoint next_due() const;

private:
    static constexpr unsigned kLevels = 6;
    static constexpr unsigned kBits = 6;
    static constexpr std::uint64_t kSlots = 1U << kBits;
    static constexpr std::uint64_t kHorizon = std::uint64_t{1} << (kBits * kLevels);  // 217 years

    struct Slot {
        unsigned level;
        unsigned index;
        std::uint64_t tick;  // its first tick
    };
    bool next_slot(Slot& out) const;
    void insert(Timer& timer);
    static void link(Timer& timer, Timer*& head);
    void unlink(Timer& timer);
    void run_slot(const Slot& slot, TimePoint now);

    TimePoint start_;
    std::uint64_t current_ = 0;
    std::array<std::uint64_t, kLevels> occupied_{};  // a bit per slot
    std::array<Timer*, kLevels * kSlots> slots_{};
};

}  // namespace mqtt::net
