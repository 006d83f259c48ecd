// When messages too small for a PayloadHeader were due and sent: a table by stream and sequence
// number, in the same process. Written by the publisher's worker, read by the subscriber's.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

namespace mqtt::bench {

class SentTimes {
public:
    // Keeps the last messages of every stream: 16 to 65,536 of each, 32 MiB in all if it can.
    explicit SentTimes(std::uint32_t streams) {
        constexpr std::uint64_t kBudget = 32 * 1024 * 1024 / sizeof(Entry);
        const std::uint64_t each = kBudget / (streams == 0 ? 1 : streams);
        slots_ = std::bit_floor(each < 16 ? 16 : (each > 65'536 ? 65'536 : each));
        entries_ = std::make_unique<Entry[]>(slots_ * streams);
    }

    void put(std::uint32_t stream, std::uint64_t sequence, std::int64_t intended,
             std::int64_t actual) {
        Entry& entry = at(stream, sequence);
        entry.sequence.store(0, std::memory_order_relaxed);
        entry.intended.store(intended, std::memory_order_release);
        entry.delay.store(actual - intended, std::memory_order_relaxed);
        entry.sequence.store(sequence + 1, std::memory_order_release);
    }

    // False: overwritten by a later message.
    bool get(std::uint32_t stream, std::uint64_t sequence, std::int64_t& intended,
             std::int64_t& delay) const {
        const Entry& entry = at(stream, sequence);
        if (entry.sequence.load(std::memory_order_acquire) != sequence + 1) return false;
        intended = entry.intended.load(std::memory_order_relaxed);
        delay = entry.delay.load(std::memory_order_acquire);
        return entry.sequence.load(std::memory_order_relaxed) == sequence + 1;
    }

private:
    struct Entry {
        std::atomic<std::uint64_t> sequence{0};  // plus one; 0: being written, or never
        std::atomic<std::int64_t> intended{0};
        std::atomic<std::int64_t> delay{0};
    };
    Entry& at(std::uint32_t stream, std::uint64_t sequence) const {
        return entries_[stream * slots_ + (sequence & (slots_ - 1))];
    }
    std::uint64_t slots_;
    std::unique_ptr<Entry[]> entries_;
};

}  // namespace mqtt::bench
