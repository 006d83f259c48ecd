// Waiting, committing, trying again.
#include "broker/store/writer.hpp"

#include <algorithm>
#include <chrono>

namespace mqtt::broker::store {
namespace {

using namespace std::chrono_literals;

constexpr auto kLastRetry = 1s;
constexpr auto kIdleAfter = 1s;    // then the log is moved into the file
constexpr int kTriesAtTheEnd = 3;  // when the broker stops

}  // namespace

Writer::Writer(std::unique_ptr<Backend> backend, unsigned shards, Told told)
    : backend_(std::move(backend))
    , told_(std::move(told))
    , shards_(shards) {}

void Writer::start() {
    is_running_ = true;
    thread_ = std::thread([this] { run(); });
}

void Writer::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    woken_.notify_one();
    thread_.join();
    std::deque<CopyJob> unfinished;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = is_running_ = false;
        unfinished.swap(copies_);
    }
    backend_->stop_copying();
    for (const CopyJob& job : unfinished)
        job.done({"the broker has ended", false});
}

void Writer::submit(Job job) {
    {
        const std::lock_guard lock(mutex_);
        const auto later = [&](const Job& other) { return other.round > job.round; };
        waiting_.insert(std::find_if(waiting_.begin(), waiting_.end(), later), std::move(job));
        if (!has_round() && !stopping_) return;
    }
    woken_.notify_one();
}

void Writer::copy(std::string to, Copied done) {
    {
        const std::lock_guard lock(mutex_);
        if (is_running_) {
            copies_.push_back({std::move(to), std::move(done)});
            woken_.notify_one();
            return;
        }
    }
    done({"the broker has ended", false});
}

void Writer::fetch(std::vector<Key> messages, Found found) {
    const std::lock_guard lock(mutex_);
    fetches_.push_back({std::move(messages), std::move(found)});
    woken_.notify_one();
}

// The oldest round is complete.
bool Writer::has_round() const {
    if (waiting_.empty()) return false;
    if (stopping_) return true;
    const std::uint64_t oldest = waiting_.front().round;
    const auto is_later = [&](const Job& job) { return job.round != oldest; };
    const auto end = std::find_if(waiting_.begin(), waiting_.end(), is_later);
    return end - waiting_.begin() >= shards_;
}

void Writer::take_rounds() {
    while (has_round()) {
        const std::uint64_t round = waiting_.front().round;
        auto end = waiting_.begin();
        for (; end != waiting_.end() && end->round == round; ++end) {
            if (end->is_last) --shards_;
            taken_.push_back(std::move(*end));
        }
        waiting_.erase(waiting_.begin(), end);
    }
}

void Writer::run() {
    int tries = 0;
    bool is_idle = false;
    std::unique_lock lock(mutex_);
    while (true) {
        if (!wait_for_work(lock, is_idle)) {
            is_idle = true;
            lock.unlock();
            backend_->idle();
            lock.lock();
            continue;
        }
        take_rounds();
        if (taken_.empty() && stopping_) return;
        is_idle = false;
        const bool is_last = stopping_;
        if (!taken_.empty() && (is_last || writing_.is_due())) {
            lock.unlock();
            const bool written = commit();
            lock.lock();
            writing_.tried(written);
            if (!written && is_last && ++tries >= kTriesAtTheEnd) return;
        }
        if (!fetches_.empty() && reading_.is_due() && !stopping_) {
            lock.unlock();
            reading_.tried(fetch_all());
            lock.lock();
        }
        if (has_copy() && !stopping_) {
            const CopyJob& job = copies_.front();
            lock.unlock();
            step_copy(job);
            lock.lock();
        }
    }
}

// False: there has been nothing to do for a while. A copy goes on after each commit, or at once when there
// is nothing to commit.
bool Writer::wait_for_work(std::unique_lock<std::mutex>& lock, bool is_idle) {
    const auto has_work = [&] {
        return stopping_ || has_copy() || (taken_.empty() ? has_round() : writing_.is_due()) ||
               (!fetches_.empty() && reading_.is_due());
    };
    if (taken_.empty() && fetches_.empty()) {
        if (is_idle) return woken_.wait(lock, has_work), true;
        return woken_.wait_for(lock, kIdleAfter, has_work);
    }
    auto next = std::chrono::steady_clock::time_point::max();
    if (!taken_.empty()) next = writing_.at;
    if (!fetches_.empty()) next = std::min(next, reading_.at);
    woken_.wait_until(lock, next, has_work);
    return true;
}

void Writer::Retry::tried(bool worked) {
    if (worked) {
        *this = {};
        return;
    }
    at = std::chrono::steady_clock::now() + pause;
    pause = std::min<std::chrono::milliseconds>(pause * 2, kLastRetry);
}

// False: some cannot be read at present, and stay.
bool Writer::fetch_all() {
    std::vector<FetchJob> jobs;
    {
        const std::lock_guard lock(mutex_);
        jobs.swap(fetches_);
    }
    bool is_all = true;
    for (FetchJob& job : jobs) {
        std::vector<FoundMessage> found;
        if (const Fault fault = backend_->find(job.messages, found); !fault) {
            job.found(std::move(found));
            continue;
        }
        ++failures_;
        is_all = false;
        const std::lock_guard lock(mutex_);
        fetches_.push_back(std::move(job));
    }
    return is_all;
}

bool Writer::commit_now() {
    {
        const std::lock_guard lock(mutex_);
        take_rounds();
    }
    const bool is_written = taken_.empty() || commit();
    return (fetches_.empty() || fetch_all()) && is_written;
}

// Only this thread takes jobs off the list.
void Writer::step_copy(const CopyJob& job) {
    bool is_done = false;
    const Fault fault = backend_->copy(job.to, is_done);
    if (!fault && !is_done) return;
    job.done(fault);
    const std::lock_guard lock(mutex_);
    copies_.pop_front();
}

bool Writer::commit() {
    std::vector<const Batch*> batches;
    batches.reserve(taken_.size());
    for (const Job& job : taken_) {
        if (job.batch && !job.batch->empty()) batches.push_back(job.batch.get());
    }
    const auto in_order = [](const Batch* a, const Batch* b) { return a->order < b->order; };
    std::sort(batches.begin(), batches.end(), in_order);
    const auto began = std::chrono::steady_clock::now();
    const Fault fault = batches.empty() ? Fault{} : backend_->write(batches);
    if (!batches.empty()) told(fault);
    if (fault) {
        ++failures_;
        return false;
    }
    const auto took = std::chrono::steady_clock::now() - began;
    last_commit_us_ = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    ++commits_;
    for (Job& job : taken_)
        job.done(std::move(job.batch));
    taken_.clear();
    return true;
}

void Writer::told(const Fault& fault) {
    const bool fails = static_cast<bool>(fault);
    if (is_failing_.exchange(fails) != fails) told_(fault);
}

Writer::Figures Writer::figures() const {
    return {commits_, failures_, last_commit_us_};
}

}  // namespace mqtt::broker::store
