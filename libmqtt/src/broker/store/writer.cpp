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

Writer::Writer(std::unique_ptr<Backend> backend, Told told)
    : backend_(std::move(backend))
    , told_(std::move(told)) {}

void Writer::start() {
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
    stopping_ = false;
}

void Writer::submit(std::unique_ptr<Batch> batch, Done done) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({std::move(batch), std::move(done)});
    }
    woken_.notify_one();
}

void Writer::run() {
    std::vector<Job> jobs;
    std::chrono::milliseconds retry = kFirstRetry;
    int tries = 0;
    bool is_idle = false;
    std::unique_lock lock(mutex_);
    while (true) {
        const auto has_work = [&] { return stopping_ || !waiting_.empty(); };
        if (!jobs.empty()) {
            woken_.wait_for(lock, retry, [&] { return stopping_; });
        } else if (is_idle) {
            woken_.wait(lock, has_work);
        } else if (!woken_.wait_for(lock, kIdleAfter, has_work)) {
            is_idle = true;
            lock.unlock();
            backend_->idle();
            lock.lock();
            continue;
        }
        for (Job& job : waiting_)
            jobs.push_back(std::move(job));
        waiting_.clear();
        if (jobs.empty()) {
            if (stopping_) return;
            continue;
        }
        is_idle = false;
        const bool is_last = stopping_;
        lock.unlock();
        const bool written = commit(jobs);
        lock.lock();
        retry = written ? kFirstRetry : std::min<std::chrono::milliseconds>(retry * 2, kLastRetry);
        if (!written && is_last && ++tries >= kTriesAtTheEnd) return;
    }
}

bool Writer::commit(std::vector<Job>& jobs) {
    std::vector<const Batch*> batches;
    batches.reserve(jobs.size());
    for (const Job& job : jobs)
        batches.push_back(job.batch.get());
    const auto began = std::chrono::steady_clock::now();
    const Fault fault = backend_->write(batches);
    told(fault);
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
