// Waiting, committing, trying again.
#include "broker/store/writer.hpp"

#include <algorithm>
#include <chrono>

namespace mqtt::broker::store {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstRetry = 20ms;  // doubled up to
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

// The oldest round is complete.
bool Writer::has_round() const {
    if (waiting_.empty()) return false;
    if (stopping_) return true;
    const std::uint64_t oldest = waiting_.front().round;
    const auto is_later = [&](const Job& job) { return job.round != oldest; };
    const auto end = std::find_if(waiting_.begin(), waiting_.end(), is_later);
    return end - waiting_.begin() >= shards_;
}

void Writer::take_rounds(std::vector<Job>& jobs) {
    while (has_round()) {
        const std::uint64_t round = waiting_.front().round;
        auto end = waiting_.begin();
        for (; end != waiting_.end() && end->round == round; ++end) {
            if (end->is_last) --shards_;
            jobs.push_back(std::move(*end));
        }
        waiting_.erase(waiting_.begin(), end);
    }
}

void Writer::run() {
    std::vector<Job> jobs;
    std::chrono::milliseconds retry = kFirstRetry;
    int tries = 0;
    bool is_idle = false;
    std::unique_lock lock(mutex_);
    while (true) {
        const auto has_work = [&] { return stopping_ || has_round() || has_copy(); };
        if (!jobs.empty()) {
            woken_.wait_for(lock, retry, [&] { return stopping_; });
        } else if (has_copy()) {
            // A part after each commit, or at once when there is nothing to commit.
        } else if (is_idle) {
            woken_.wait(lock, has_work);
        } else if (!woken_.wait_for(lock, kIdleAfter, has_work)) {
            is_idle = true;
            lock.unlock();
            backend_->idle();
            lock.lock();
            continue;
        }
        take_rounds(jobs);
        if (jobs.empty() && stopping_) return;
        is_idle = false;
        const bool is_last = stopping_;
        if (!jobs.empty()) {
            lock.unlock();
            const bool written = commit(jobs);
            lock.lock();
            retry =
                written ? kFirstRetry : std::min<std::chrono::milliseconds>(retry * 2, kLastRetry);
            if (!written && is_last && ++tries >= kTriesAtTheEnd) return;
        }
        if (has_copy() && !stopping_) {
            const CopyJob& job = copies_.front();
            lock.unlock();
            step_copy(job);
            lock.lock();
        }
    }
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

bool Writer::commit(std::vector<Job>& jobs) {
    std::vector<const Batch*> batches;
    batches.reserve(jobs.size());
    for (const Job& job : jobs) {
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
    for (Job& job : jobs)
        job.done(std::move(job.batch));
    jobs.clear();
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
