// A value that is replaced as a whole while many threads look at it, as rights are by a reload. A look costs
// a load and a comparison: each thread holds a reference of its own, and takes the new one at its first look
// after a change. The old value ends with the last thread that has done so. Knows nothing of what it holds.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace tools::broker_lite {

template <class T>
class Published {
public:
    using Ref = std::shared_ptr<const T>;

    // Any thread. Not null.
    void set(Ref next) {
        static std::atomic<std::uint64_t> last =
            0;  // of all objects, so that no two are taken for each other
        const std::lock_guard lock(mutex_);
        value_ = std::move(next);
        number_.store(++last, std::memory_order_release);
    }

    // Any thread, after the first set(). Valid until this thread looks at a Published<T> again.
    const T& look() const {
        thread_local Seen seen;
        if (seen.number != number_.load(std::memory_order_acquire)) take(seen);
        return *seen.value;
    }

private:
    struct Seen {
        std::uint64_t number = 0;
        Ref value;
    };
    void take(Seen& seen) const {
        Ref old = std::move(seen.value);  // ends behind the lock
        const std::lock_guard lock(mutex_);
        seen.value = value_;
        seen.number = number_.load(std::memory_order_relaxed);
    }

    mutable std::mutex mutex_;
    Ref value_;
    std::atomic<std::uint64_t> number_ = 0;
};

}  // namespace tools::broker_lite
