// The hierarchical timer wheel. See timer_wheel.hpp for the invariant that keeps it simple.
#include "net/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace mqtt::net {

Timer::~Timer() {
    if (is_armed()) leave();
}

void Timer::leave() {
    *previous_ = next_;
    if (next_) next_->previous_ = previous_;
    previous_ = nullptr;
}

TimerWheel::~TimerWheel() {
    for (Timer* head : slots_) {
        for (Timer* timer = head; timer; timer = timer->next_)
            timer->previous_ = nullptr;
    }
}

void TimerWheel::set(Timer& timer, TimePoint due) {
    cancel(timer);
    if (due == TimePoint::max()) return;
    // Rounded up: a timer is never early. What is due already comes with the next tick.
    const Duration distance = std::max(due - start_, Duration::zero());
    const bool between_ticks = distance % kTick > Duration::zero();
    const auto tick = static_cast<std::uint64_t>(distance / kTick) + (between_ticks ? 1 : 0);
    timer.due_tick_ = std::clamp(tick, current_ + 1, kHorizon - 1);
    insert(timer);
}

void TimerWheel::cancel(Timer& timer) {
    if (timer.is_armed()) unlink(timer);
}

void TimerWheel::insert(Timer& timer) {
    const std::uint64_t difference = (timer.due_tick_ ^ current_) | 1;
    const auto level = static_cast<unsigned>(std::bit_width(difference) - 1) / kBits;
    const std::uint64_t index = (timer.due_tick_ >> (kBits * level)) % kSlots;
    link(timer, slots_[level * kSlots + index]);
    occupied_[level] |= std::uint64_t{1} << index;
}

void TimerWheel::link(Timer& timer, Timer*& head) {
    timer.next_ = head;
    timer.previous_ = &head;
    if (head) head->previous_ = &timer.next_;
    head = &timer;
}

void TimerWheel::unlink(Timer& timer) {
    Timer** const place = timer.previous_;
    timer.leave();
    if (*place) return;
    // The last of its list; when the head of a slot pointed at it, that slot is empty now.
    Timer** const first = slots_.data();
    const std::less<Timer**> before;
    if (!before(place, first) && before(place, first + slots_.size())) {
        const auto position = static_cast<std::size_t>(place - first);
        occupied_[position / kSlots] &= ~(std::uint64_t{1} << (position % kSlots));
    }
}

bool TimerWheel::next_slot(Slot& out) const {
    for (unsigned level = 0; level < kLevels; ++level) {
        if (occupied_[level] == 0) continue;
        out.level = level;
        out.index = static_cast<unsigned>(std::countr_zero(occupied_[level]));
        const std::uint64_t above = (current_ >> (kBits * (level + 1))) << kBits;
        out.tick = (above | out.index) << (kBits * level);
        return true;
    }
    return false;
}

void TimerWheel::advance(TimePoint now) {
    const auto target =
        static_cast<std::uint64_t>(std::max(now - start_, Duration::zero()) / kTick);
    Slot slot;
    while (next_slot(slot) && slot.tick <= target) {
        current_ = slot.tick;
        run_slot(slot, now);
    }
    current_ = std::max(current_, target);
}

void TimerWheel::run_slot(const Slot& slot, TimePoint now) {
    // Moved to a list of its own first: timers may be set into this very slot's turn, or cancelled,
    // while the others run.
    Timer* pending = std::exchange(slots_[slot.level * kSlots + slot.index], nullptr);
    occupied_[slot.level] &= ~(std::uint64_t{1} << slot.index);
    if (pending) pending->previous_ = &pending;
    while (pending) {
        Timer& timer = *pending;
        unlink(timer);
        if (timer.due_tick_ > current_) {
            insert(timer);
            continue;
        }
        timer.on_timer(now);
    }
}

TimePoint TimerWheel::next_due() const {
    Slot slot;
    if (!next_slot(slot)) return TimePoint::max();
    return start_ + kTick * static_cast<std::int64_t>(slot.tick);
}

}  // namespace mqtt::net
