// Merging and reading of the histogram; recording is inline in the header.
#include "mqtt-bench/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <new>

namespace mqtt::bench {

Histogram::Histogram()
    : counts_(static_cast<std::uint64_t*>(std::calloc(kBuckets, sizeof(std::uint64_t)))) {
    if (!counts_) throw std::bad_alloc();
}

Histogram::Histogram(const Histogram& other) : Histogram() {
    merge(other);
}

Histogram& Histogram::operator=(const Histogram& other) {
    if (this == &other) return *this;
    if (!counts_) return *this = Histogram(other);
    clear();
    merge(other);
    return *this;
}

void Histogram::merge(const Histogram& other) {
    if (other.total_ == 0) return;
    const std::uint32_t last = index_of(other.max_);
    for (std::uint32_t i = index_of(other.min_); i <= last; ++i)
        counts_[i] += other.counts_[i];
    total_ += other.total_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

void Histogram::clear() {
    if (total_ == 0) return;
    std::fill(&counts_[index_of(min_)], &counts_[index_of(max_)] + 1, 0);
    total_ = 0;
    sum_ = 0;
    min_ = ~std::uint64_t{0};
    max_ = 0;
}

std::uint64_t Histogram::at(double p) const {
    if (total_ == 0) return 0;
    const double exact = p * static_cast<double>(total_);
    // 0.99 * 1000 is 990.0000000000001 in binary: rounding noise must not ask for one more sample.
    auto rank = static_cast<std::uint64_t>(std::ceil(exact - exact * 1e-12));
    rank = std::clamp<std::uint64_t>(rank, 1, total_);
    std::uint64_t seen = 0;
    for (std::uint32_t i = index_of(min_); i <= index_of(max_); ++i) {
        seen += counts_[i];
        if (seen >= rank) return std::min(highest_of(i), max_);
    }
    return max_;
}

std::optional<std::uint64_t> Histogram::supported(double p) const {
    // The slack absorbs that 1 - 0.999 is a little below 0.001.
    if (static_cast<double>(total_) * (1.0 - p) < 10.0 - 1e-6) return std::nullopt;
    return at(p);
}

std::uint64_t Histogram::count_above(std::uint64_t ns) const {
    if (total_ == 0 || ns >= max_) return 0;
    std::uint64_t above = 0;
    for (std::uint32_t i = index_of(ns) + 1; i <= index_of(max_); ++i)
        above += counts_[i];
    return above;
}

std::uint64_t Histogram::lowest_of(std::uint32_t index) {
    if (index < 2048) return index;
    const std::uint32_t shift = index / 1024 - 1;
    return static_cast<std::uint64_t>(1024 + index % 1024) << shift;
}

std::uint64_t Histogram::highest_of(std::uint32_t index) {
    if (index < 2048) return index;
    return lowest_of(index) + (std::uint64_t{1} << (index / 1024 - 1)) - 1;
}

void Histogram::add_at_index(std::uint32_t index, std::uint64_t times) {
    if (index >= kBuckets || times == 0) return;
    record(static_cast<std::int64_t>(std::min(highest_of(index), kHighest)), times);
}

void Histogram::set_exact(std::uint64_t min, std::uint64_t max, double mean) {
    // Only within the buckets that are there: a file's word moves no sample.
    if (total_ == 0 || index_of(min) != index_of(min_) || index_of(max) != index_of(max_)) return;
    min_ = min;
    max_ = max;
    sum_ = static_cast<std::uint64_t>(mean * static_cast<double>(total_) + 0.5);
}

}  // namespace mqtt::bench
