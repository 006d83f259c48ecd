// One thread of the generator: its loop, its connections, its Generator; and the phases that the
// controller leads it through. Only command(), take_reports() and the atomics are for other threads.
#pragma once

#include <time.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <vector>

#include "mqtt-bench/generator.hpp"
#include "mqtt/connection.hpp"

namespace mqtt::bench {

// What a worker says once a second and at its end.
struct Report {
    std::uint32_t worker = 0;
    std::int64_t at_ns = 0;
    Counters counters;                    // since the start
    std::unique_ptr<SeriesSet> interval;  // since the last report
    std::uint64_t pending = 0;            // due and not sent
    std::uint64_t in_flight = 0;
    std::uint64_t backlog_bytes = 0;  // stuck in front of sockets
    bool is_last = false;
};

// Where workers put reports and the controller waits for them.
class Inbox {
public:
    void push(Report report);
    // All there is, after waiting until `deadline` for the first.
    std::vector<Report> take(TimePoint deadline);
    void wake();
    // An empty set to record into next.
    std::unique_ptr<SeriesSet> fresh_series();
    void recycle(std::unique_ptr<SeriesSet> series);

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Report> reports_;
    std::vector<std::unique_ptr<SeriesSet>> spare_;
    bool woken_ = false;
};

// What a stage did to this worker's clients.
struct StageOutcome {
    std::int64_t at_ns = 0;
    std::uint32_t hit = 0;     // clients that it was about
    std::uint32_t back = 0;    // of them, ready again
    std::int64_t back_ns = 0;  // when the last of these was
};

class Worker final : public Wire {
public:
    Worker(const Plan& plan, const Spec& spec, Shared& shared, Inbox& inbox, std::uint32_t number);
    ~Worker();  // stops and joins

    void run();  // starts the thread
    void join();

    // Phases, from the controller's thread.
    void start(std::int64_t zero_ns);    // all are connected: begin the schedule
    void measure(std::int64_t from_ns);  // --warmup auto: the measured time begins then
    void end_load();                     // no more messages, no more stages
    void finish();                       // disconnect and end

    // Every connection that is there from the start has succeeded or failed, with subscriptions.
    bool is_settled() const { return settled_.load(std::memory_order_acquire); }
    // Nothing is due, waiting or unacknowledged.
    bool is_idle() const { return idle_.load(std::memory_order_acquire); }
    std::uint32_t connected_now() const { return connected_now_.load(std::memory_order_relaxed); }
    // More connections will come (back) by themselves.
    bool has_hope() const { return hope_.load(std::memory_order_relaxed); }
    std::int64_t last_arrival_ns() const { return last_arrival_.load(std::memory_order_relaxed); }
    // CPU time of the thread up to its last turn.
    std::uint64_t cpu_ns() const;
    // The first failure as a sentence; empty: none. Any thread.
    std::string first_error() const;
    // After the thread has ended (join).
    Generator& generator() { return *generator_; }
    const std::vector<StageOutcome>& stage_outcomes() const { return outcomes_; }
    // The broker's limits rule out what was asked.
    bool is_impossible() const { return impossible_.load(std::memory_order_relaxed); }

private:
    struct Client;
    friend struct Client;
    struct Reopen {
        std::int64_t at = 0;
        Client* client = nullptr;
        bool operator>(const Reopen& other) const { return at > other.at; }
    };
    struct Answer {
        Client* client = nullptr;
        std::string topic;
        std::string payload;
        PropertyList properties;
        QoS qos = QoS::at_most_once;
    };

    // Wire, for the generator
    SendStatus publish(std::uint32_t publisher, const PublishRequest& request,
                       std::uint64_t token) override;
    bool is_blocked(std::uint32_t publisher) override;
    void flush(std::uint32_t publisher) override;
    std::int64_t now_ns() override;

    void main();
    void make_options();
    void make_clients();
    const ConnectOptions& options_of(std::uint32_t group, std::uint32_t number) const;
    void open_more();
    bool may_open(const Client& client, std::int64_t now) const;
    void connect_phase();
    void load_phase();
    bool is_done() const;
    std::int64_t next_wake(std::int64_t now) const;
    void disconnect_phase();
    void on_settled_one(bool initial);
    void reopen(Client& client, std::int64_t at);
    void fail(std::string_view message, bool impossible = false);
    std::int64_t stamp(const Client& client);
    void end_read();
    void tick(bool last);
    void note_window(std::int64_t now);
    void close_window();
    void want_turn();
    void wait_until(std::int64_t ns);
    // worker_stages.cpp
    void run_stages(std::int64_t now);
    void run_stage(const PlannedStage& planned);
    bool act(const Stage& stage, Client& client);
    void churn(std::int64_t now);
    void note_back(std::uint16_t stage);
    void resume_slow(std::int64_t now);
    // worker_queues.cpp
    struct Moved {
        std::uint64_t received = 0;
        std::uint64_t sent = 0;
    };
    void sample_queues(std::int64_t now);
    Moved moved() const;
    void ask_tcp();

    const Plan& plan_;
    const Spec& spec_;
    Shared& shared_;
    Inbox& inbox_;
    std::uint32_t number_;
    std::vector<std::vector<ConnectOptions>> options_;  // by group, then target and source
    std::unique_ptr<ConnectionLoop> loop_;
    std::unique_ptr<Generator> generator_;
    std::deque<Client> clients_;  // group by group
    std::vector<Client*> publishers_;

    std::size_t next_to_open_ = 0;
    std::size_t initial_ = 0;  // clients that are there from the start
    std::size_t opening_ = 0;
    std::size_t settled_count_ = 0;
    std::int64_t connect_start_ = 0;
    std::int64_t next_open_ns_ = 0;
    std::priority_queue<Reopen, std::vector<Reopen>, std::greater<>> reopens_;
    bool started_ = false;
    bool load_ended_ = false;
    bool finishing_ = false;
    bool turn_wanted_ = false;
    std::int64_t zero_ = Generator::kNever;
    std::int64_t next_tick_ = 0;
    std::int64_t measure_from_ = Generator::kNever;
    std::int64_t measure_until_ = Generator::kNever;
    std::uint64_t cpu_at_from_ = 0;
    std::uint64_t waiting_at_from_ = 0;
    int window_step_ = 0;
    Moved moved_at_from_;
    std::int64_t next_sample_ = 0;
    std::size_t sample_cursor_ = 0;

    std::size_t next_stage_ = 0;
    std::vector<StageOutcome> outcomes_;  // of Plan's timeline, as far as it has come
    double churned_ = 0;
    std::size_t churn_cursor_ = 0;
    std::vector<Client*> slow_;   // that wait to read on
    std::deque<Answer> answers_;  // that found the window full

    TimePoint turn_{};
    const Client* stamped_ = nullptr;
    std::uint32_t since_stamp_ = 0;
    std::uint32_t in_read_ = 0;  // messages of the read batch under way
    std::int64_t stamp_ = 0;
    std::int64_t woke_ = 0;

    std::atomic<bool> settled_{false};
    std::atomic<bool> idle_{false};
    std::atomic<std::uint32_t> connected_now_{0};
    std::atomic<bool> hope_{true};
    std::atomic<bool> impossible_{false};
    std::atomic<std::int64_t> last_arrival_{0};
    mutable std::mutex error_mutex_;
    std::string first_error_;
    std::atomic<clockid_t> cpu_clock_{-1};
    std::atomic<std::uint64_t> ended_cpu_ns_{0};
    std::thread thread_;
};

// Monotonic nanoseconds, the clock of all stamps.
std::int64_t monotonic_ns();
TimePoint to_time_point(std::int64_t ns);

}  // namespace mqtt::bench
