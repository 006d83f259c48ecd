// Times what a benchmark does in rounds, and marks it for a profiler: `counted_region` is where callgrind
// counts, `probe_ends` is where the figure of one probe is complete. One program each.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

// What callgrind is told to look for: exists under these names, whatever the optimiser thinks.
extern "C" {
[[gnu::noinline, gnu::used]] inline void counted_region(void (*run)(void*), void* context) {
    run(context);
    asm volatile("" : : : "memory");
}
[[gnu::noinline, gnu::used]] inline void probe_ends() {
    asm volatile("" : : : "memory");
}
}

namespace mqtt::bench {

inline double thread_cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Rounds of one probe. The first ones fill caches and pools and do not count.
class Meter {
public:
    explicit Meter(int rounds) : left_(kWarmUp + rounds) {}

    // Everything counts.
    void skip_warm_up() { warm_ = kWarmUp; }
    bool goes_on() { return left_-- > 0; }
    template <class Body>
    void measure(Body&& body) {
        const auto call = [](void* context) {
            (*static_cast<std::remove_reference_t<Body>*>(context))();
        };
        if (is_warming_up()) return call(&body);
        const double from = thread_cpu_ns();
        counted_region(call, &body);
        const double took = thread_cpu_ns() - from;
        spent_ += took;
        longest_ = std::max(longest_, took);
    }
    // The round did so many operations.
    void done(std::size_t operations) {
        if (is_warming_up()) {
            ++warm_;
            return;
        }
        operations_ += operations;
        runs_.push_back(std::exchange(spent_, 0) / static_cast<double>(operations));
    }
    std::size_t operations() const { return operations_; }
    double best() const { return *std::ranges::min_element(runs_); }  // ns per operation
    double median() {
        std::ranges::sort(runs_);
        return runs_[runs_.size() / 2];
    }
    double longest() const { return longest_; }  // ns of one measured piece

private:
    static constexpr int kWarmUp = 3;
    bool is_warming_up() const { return warm_ < kWarmUp; }
    int left_;
    int warm_ = 0;
    double spent_ = 0;
    double longest_ = 0;
    std::size_t operations_ = 0;
    std::vector<double> runs_;
};

}  // namespace mqtt::bench
