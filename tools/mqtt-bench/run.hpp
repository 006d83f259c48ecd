// One run from beginning to end: broker, workers, phases, seconds, result. The controller's thread
// is the caller's; it only waits, adds up and prints.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "mqtt-bench/broker_side.hpp"
#include "mqtt-bench/results.hpp"
#include "mqtt-bench/sys_watch.hpp"
#include "mqtt-bench/team.hpp"
#include "mqtt-bench/worker.hpp"

namespace mqtt::bench {

class Run {
public:
    // Called on the caller's thread: after connecting, and once a second.
    struct Observer {
        std::function<void(const Result&)> on_connected;
        std::function<void(const Result&, const Second&)> on_second;
        // Interval histograms of one series, for the HDR log: seconds since the start, length.
        std::function<void(SeriesId, double start, double length, const Histogram&)> on_interval;
        std::function<bool()> is_cancelled;
        std::function<void()> on_tick;  // some twenty times a second while the load runs
    };
    // Throws std::invalid_argument (spec) or std::runtime_error (broker) before anything runs.
    // `team`: this is one of several load hosts (spec.agents); it must outlive the run.
    Run(Spec spec, Observer observer, Team* team = nullptr);
    ~Run();

    Result execute();

private:
    void check_descriptors() const;
    std::uint32_t own_clients() const;
    void expect_exact();
    bool connect();
    void load();
    void set_window(std::int64_t from);
    void look_for_steady();
    void drain();
    void finish();
    void take_error(const Worker& worker);
    void collect(TimePoint until);
    void close_second(std::int64_t at_ns);
    void so_far(const Counters& now, std::int64_t at_ns);
    bool is_cancelled() const;
    bool all_settled() const;
    bool all_idle() const;
    bool is_hopeless() const;  // nothing can be measured any more
    std::uint64_t delivered() const;
    std::uint64_t own_cpu_ns() const;
    void fill_static();
    void fill_checks();
    Balance own_balance();
    void fill_shared(const Balance& balance);
    void fill_stages();
    void fill_costs();
    void fill_sys();

    Spec spec_;
    Observer observer_;
    Team* team_;
    std::uint64_t rss_before_ = 0;
    std::unique_ptr<BrokerSide> broker_;
    std::unique_ptr<SysWatch> sys_;
    std::unique_ptr<Plan> plan_;
    std::unique_ptr<Shared> shared_;
    Inbox inbox_;
    std::vector<std::unique_ptr<Worker>> workers_;
    Result result_;

    std::vector<Counters> latest_;        // of each worker
    std::vector<std::uint64_t> waiting_;  // due or in flight, of each worker
    Counters at_last_second_;
    SeriesSet second_;  // of the second under way
    std::size_t reports_in_second_ = 0;
    bool reports_are_last_ = false;
    std::int64_t start_ns_ = 0;
    std::int64_t zero_ns_ = 0;
    std::int64_t from_ns_ = Generator::kNever;  // measured, until...
    std::int64_t until_ns_ = Generator::kNever;
    std::int64_t end_ns_ = Generator::kNever;  // of the load
    std::int64_t last_second_ns_ = 0;
    std::optional<ProcessStats> broker_at_second_;
    std::optional<ProcessStats> broker_from_;
    std::optional<ProcessStats> broker_until_;
};

// What was asked, as far as the plan tells; of the whole run, whatever part of it this host does.
void fill_asked(Result& result, const Spec& spec, const Plan& plan);
// --abort-on-fail: sets `stopped_by` when an assertion cannot hold as it goes.
void stop_if_failing(Result& result);
// What is owed, lost and proved, by the counts of all hosts together.
void settle_balance(Result& result, const Plan& plan);
// What QoS 1 and 2 promised: kept or broken; empty: not provable.
std::string proof_of(const Result& result, const Plan& plan);

}  // namespace mqtt::bench
