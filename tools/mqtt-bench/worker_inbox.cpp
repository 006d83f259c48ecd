// Where workers put their reports, and the histograms that go round with them.
#include <utility>

#include "mqtt-bench/worker.hpp"

namespace mqtt::bench {

void Inbox::push(Report report) {
    const std::lock_guard lock(mutex_);
    reports_.push_back(std::move(report));
    changed_.notify_all();
}

void Inbox::wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
}

std::vector<Report> Inbox::take(TimePoint deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return woken_ || !reports_.empty(); });
    woken_ = false;
    return std::exchange(reports_, {});
}

std::unique_ptr<SeriesSet> Inbox::fresh_series() {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return std::make_unique<SeriesSet>();
    std::unique_ptr<SeriesSet> series = std::move(spare_.back());
    spare_.pop_back();
    return series;
}

void Inbox::recycle(std::unique_ptr<SeriesSet> series) {
    series->clear();
    const std::lock_guard lock(mutex_);
    spare_.push_back(std::move(series));
}

}  // namespace mqtt::bench
