// The one thread that touches the disk. Shards hand it batches and go on; it commits a round of them, one of
// every shard, in one transaction, and tells each shard. While the disk is at work more comes together:
// that is the group commit, and its window adapts itself. What cannot be written is tried again until
// it can: nothing is dropped here.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
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
    // A shard's part of a round.
    struct Job {
        std::uint64_t round = 0;
        std::unique_ptr<Batch> batch;  // null: it has nothing to add
        Done done;
        bool is_last = false;  // the shard takes no part in later rounds
    };
    // The store began to fail (with its sentence), or works again (empty). On the writer's thread.
    using Told = std::function<void(const Fault&)>;

    Writer(std::unique_ptr<Backend> backend, unsigned shards, Told told);
    ~Writer() { stop(); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void start();
    // In place of the thread, for a simulation: commits what is complete. False: it failed, and is tried again next time.
    bool commit_now();
    // Writes what has been handed in, tries for a while when that fails, and ends the thread. Batches
    // that could not be written are told as a fault.
    void stop();

    // Any thread. `done` is called on the writer's, after the commit, and takes the batch back to
    // where it came from.
    void submit(Job job);
    // Any thread: numbers batches by when they are closed, among those of all shards.
    std::uint64_t next_order() { return ++orders_; }
    // Any thread. Copies the store as it is when the last part is copied; `done` is called on the writer's
    // thread, or here when it has ended.
    using Copied = std::function<void(const Fault&)>;
    void copy(std::string to, Copied done);
    // Any thread. Reads messages, between two commits; `found` is called on the writer's thread. What cannot
    // be read is tried again until it can.
    using Found = std::function<void(std::vector<FoundMessage>)>;
    void fetch(std::vector<Key> messages, Found found);
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
    bool has_round() const;
    // When what failed is tried again: after 20 ms, then after twice as long each time, up to 1 s.
    struct Retry {
        std::chrono::milliseconds pause{20};
        std::chrono::steady_clock::time_point at{};
        bool is_due() const { return std::chrono::steady_clock::now() >= at; }
        void tried(bool worked);
    };
    struct FetchJob {
        std::vector<Key> messages;
        Found found;
    };
    bool fetch_all();
    bool has_copy() const { return !copies_.empty(); }
    void take_rounds();
    struct CopyJob {
        std::string to;
        Copied done;
    };
    void run();
    bool wait_for_work(std::unique_lock<std::mutex>& lock, bool is_idle);
    void step_copy(const CopyJob& job);
    bool commit();
    void told(const Fault& fault);

    std::unique_ptr<Backend> backend_;
    Told told_;
    std::thread thread_;
    mutable std::mutex mutex_;
    std::condition_variable woken_;
    std::vector<Job> waiting_;    // by round
    std::vector<Job> taken_;      // complete, to be committed; of the thread alone
    std::deque<CopyJob> copies_;  // the first is under way
    std::vector<FetchJob> fetches_;
    Retry writing_;  // these two are the writer's own
    Retry reading_;
    unsigned shards_;  // that take part in rounds
    std::atomic<std::uint64_t> orders_ = 0;
    bool stopping_ = false;
    bool is_running_ = false;
    std::atomic<bool> is_failing_ = false;
    std::atomic<std::uint64_t> commits_ = 0;
    std::atomic<std::uint64_t> failures_ = 0;
    std::atomic<std::uint64_t> last_commit_us_ = 0;
};

}  // namespace mqtt::broker::store
