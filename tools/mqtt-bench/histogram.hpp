// Log-linear histogram of durations in nanoseconds: three significant digits from 1 ns to 1 h.
// One per series and worker, recorded without locks, merged by whoever reports. The bucket layout
// is HdrHistogram's (2,048 sub-buckets), so that hdr_log can write it as it is. Knows no clock.
#pragma once

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

namespace mqtt::bench {

class Histogram {
public:
    static constexpr std::uint64_t kHighest = 3'600'000'000'000;  // ns; above it counts as this
    static constexpr int kSignificantDigits = 3;

    Histogram();
    Histogram(const Histogram& other);
    Histogram& operator=(const Histogram& other);
    Histogram(Histogram&&) noexcept = default;  // what was moved from may only be assigned to
    Histogram& operator=(Histogram&&) noexcept = default;

    // About 2 ns. Negative durations count as 0.
    void record(std::int64_t ns) { record(ns, 1); }
    void record(std::int64_t ns, std::uint64_t times) {
        const std::uint64_t value =
            ns < 0 ? 0
                   : (static_cast<std::uint64_t>(ns) > kHighest ? kHighest
                                                                : static_cast<std::uint64_t>(ns));
        counts_[index_of(value)] += times;
        total_ += times;
        sum_ += value * times;
        if (value < min_) min_ = value;
        if (value > max_) max_ = value;
    }

    // Touches only the buckets between the other's minimum and maximum.
    void merge(const Histogram& other);
    void clear();

    std::uint64_t count() const { return total_; }
    bool empty() const { return total_ == 0; }
    std::uint64_t min() const { return total_ == 0 ? 0 : min_; }
    std::uint64_t max() const { return max_; }  // exact, 0 when empty
    double mean() const {
        return total_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(total_);
    }

    // The smallest recorded value (to three digits, never above max()) that at least the fraction
    // `p` of the samples does not exceed. 0 when empty.
    std::uint64_t at(double p) const;
    // Only if the samples support it: at least ten of them lie above, n * (1 - p) >= 10.
    std::optional<std::uint64_t> supported(double p) const;
    // Samples in buckets that lie wholly above `ns`.
    std::uint64_t count_above(std::uint64_t ns) const;

    // For writers: buckets by index, with their lowest and highest value.
    static constexpr std::uint32_t kBuckets = 33 * 1024;
    std::uint64_t count_at_index(std::uint32_t index) const { return counts_[index]; }
    std::uint32_t used_buckets() const { return total_ == 0 ? 0 : index_of(max_) + 1; }
    static std::uint64_t lowest_of(std::uint32_t index);
    static std::uint64_t highest_of(std::uint32_t index);
    static constexpr std::uint32_t index_of(std::uint64_t value) {
        const int shift = 53 - std::countl_zero(value | 2047);
        return static_cast<std::uint32_t>(shift) * 1024 +
               static_cast<std::uint32_t>(value >> shift);
    }
    // Adds `times` samples of a bucket, for readers of files (min and max to three digits).
    void add_at_index(std::uint32_t index, std::uint64_t times);
    // What buckets do not keep, for readers of files that have it beside them.
    void set_exact(std::uint64_t min, std::uint64_t max, double mean);

private:
    struct Free {
        void operator()(std::uint64_t* counts) const { std::free(counts); }
    };
    // 264 KiB, of which the kernel gives only the pages that samples fell on.
    std::unique_ptr<std::uint64_t[], Free> counts_;
    std::uint64_t total_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t min_ = ~std::uint64_t{0};
    std::uint64_t max_ = 0;
};

}  // namespace mqtt::bench
