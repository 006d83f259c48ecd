// The one thread that touches the disk. Shards hand it batches and go on; it commits what has come, in one
// transaction for all of them, and tells each shard. While the disk is at work more comes together:
// that is the group commit, and its window adapts itself. What cannot be written is tried again until
// it can: nothing is dropped here.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "broker/store/backend.hpp"

namespace mqtt::broker::store {

class Writer {
public:
    using Done = std::function<void(std::unique_ptr<Batch>)>;
    // The store began to fail (with its sentence), or works again (empty). On the writer's thread.
    using Told = std::function<void(const Fault&)>;

    Writer(std::unique_ptr<Backend> backend, Told told);
    ~Writer() { stop(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void start();
    // Writes what has been handed in, tries for a while when that fails, and ends the thread. Batches
    // that could not be written are told as a fault.
    void stop();

    // Any thread. `done` is called on the writer's, after the commit, and takes the batch back to
    // where it came from.
    void submit(std::unique_ptr<Batch> batch, Done done);
    // Any thread. Writing fails at present: what needs the store should be refused.
    bool is_failing() const { return is_failing_.load(std::memory_order_relaxed); }

    Backend& backend() { return *backend_; }  // before start, after stop

    struct Figures {
        std::uint64_t commits = 0;
        std::uint64_t failures = 0;
        std::uint64_t last_commit_us = 0;
    };
    Figures figures() const;

private:
    struct Job {
        std::unique_ptr<Batch> batch;
        Done done;
    };
    void run();
    bool commit(std::vector<Job>& jobs);
    void told(const Fault& fault);

    std::unique_ptr<Backend> backend_;
    Told told_;
    std::thread thread_;
    mutable std::mutex mutex_;
    std::condition_variable woken_;
    std::vector<Job> waiting_;
    bool stopping_ = false;
    std::atomic<bool> is_failing_ = false;
    std::atomic<std::uint64_t> commits_ = 0;
    std::atomic<std::uint64_t> failures_ = 0;
    std::atomic<std::uint64_t> last_commit_us_ = 0;
};

}  // namespace mqtt::broker::store
