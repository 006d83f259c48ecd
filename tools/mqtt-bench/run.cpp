// The phases of a run and what is gathered in each.
#include "mqtt-bench/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "mqtt-bench/embedded_broker.hpp"
#include "mqtt-bench/environment.hpp"
#include "mqtt-bench/payload_header.hpp"
#include "mqtt-bench/shapes.hpp"
#include "mqtt-bench/sources.hpp"
#include "mqtt-bench/warmup.hpp"

namespace mqtt::bench {
namespace {

using std::chrono::milliseconds;
double epoch_seconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

}  // namespace

Run::Run(Spec spec, Observer observer, Team* team)
    : spec_(std::move(spec))
    , observer_(std::move(observer))
    , team_(team) {
    if (const auto own = read_process_stats(getpid())) rss_before_ = own->rss_bytes;
    if (spec_.seed == 0) {
        spec_.seed = static_cast<std::uint64_t>(monotonic_ns()) % 1'000'000 + 1;
    }
    if (spec_.run_id == 0) {
        spec_.run_id =
            make_run_id(Random(spec_.seed).next() ^ static_cast<std::uint64_t>(monotonic_ns()));
    }
    make_groups(spec_);
    check_descriptors();
    if (spec_.sources.empty()) spec_.sources = choose_sources(spec_.targets, own_clients());
    plan_ = std::make_unique<Plan>(spec_, spec_.run_id);
    expect_exact();
    for (const std::string& text : spec_.assertions) {
        check_metrics(text, is_metric);
        result_.assertions.push_back({.text = text});
    }
    broker_ = std::make_unique<BrokerSide>(spec_);
    shared_ = std::make_unique<Shared>(*plan_, spec_.workers(), plan_->has_outages(), spec_.agents,
                                       spec_.agent);
    latest_.resize(spec_.threads);
    waiting_.resize(spec_.threads);
    if (team_ != nullptr) team_->attach(*shared_);
}

Run::~Run() {
    if (team_ != nullptr) team_->detach();
}

std::uint32_t Run::own_clients() const {
    return (client_count(spec_) + spec_.agents - 1) / spec_.agents;
}

// --verify exact in the words of --assert.
void Run::expect_exact() {
    const auto add = [this](std::string_view text) {
        auto& all = spec_.assertions;
        if (std::find(all.begin(), all.end(), text) == all.end()) all.emplace_back(text);
    };
    for (const Group& group : spec_.groups) {
        if (group.verify != Verify::exact) continue;
        for (const std::string_view text : {"loss==0", "dup==0", "reorder==0"})
            add(text);
        if (group.qos == QoS::exactly_once) add("dup.flagged==0");
    }
}

void Run::check_descriptors() const {
    const std::uint64_t allowed = raise_descriptor_limit();
    const std::uint64_t clients = own_clients();
    const bool beside = spec_.embedded && clients <= kClientsInOneProcess;
    const std::uint64_t needed = clients * (beside ? 2 : 1) + 64;
    if (needed <= allowed) return;
    throw ImpossibleError(
        fmt::format("{} clients need {} open files{}, this process may have {}: raise the limit "
                    "(ulimit -n {}) or use fewer clients",
                    clients, needed, beside ? " with the broker inside" : "", allowed, needed));
}

Result Run::execute() {
    fill_static();
    // The embedded broker is ours, and this connection would be one of its costs.
    if (!spec_.embedded && (spec_.sys_version || spec_.sys_counters)) {
        ConnectOptions connect = spec_.connect;
        connect.endpoint = spec_.targets.front();
        sys_ = std::make_unique<SysWatch>(connect, spec_.sys_counters, kSysInterval);
        if (!sys_->version().empty()) result_.sys.emplace().version = sys_->version();
    }
    start_ns_ = monotonic_ns();
    if (broker_->is_watched()) {
        result_.broker.emplace();
        result_.broker->source = broker_->source();
        if (const auto stats = broker_->read(own_cpu_ns()))
            result_.broker->rss_before = stats->rss_bytes;
    }
    if (const auto own = read_process_stats(getpid()))
        result_.generator.rss_before = own->rss_bytes;
    for (std::uint32_t w = 0; w < spec_.threads; ++w) {
        workers_.push_back(
            std::make_unique<Worker>(*plan_, spec_, *shared_, inbox_, spec_.first_worker() + w));
    }
    for (const auto& worker : workers_)
        worker->run();
    if (connect()) {
        load();
        drain();
    }
    finish();
    fill_checks();
    fill_stages();
    fill_costs();
    fill_sys();
    judge(result_);
    return std::move(result_);
}

void Run::fill_static() {
    if (spec_.targets.empty()) spec_.targets.push_back(spec_.connect.endpoint);
    fill_asked(result_, spec_, *plan_);
    result_.started_epoch = epoch_seconds();
    result_.generator.threads = spec_.threads;
    result_.generator.polls = spec_.precise;
    result_.environment = read_environment();
}

bool Run::connect() {
    while (!all_settled() && !is_cancelled()) {
        collect(Clock::now() + milliseconds(20));
        if (broker_->is_watched() && !broker_->read(0)) break;
    }
    result_.connect_seconds = seconds_between(start_ns_, monotonic_ns());
    collect(Clock::now());
    if (is_cancelled()) result_.partial = true;
    for (const auto& worker : workers_)
        take_error(*worker);
    if (team_ != nullptr) {
        const std::string& why = result_.error;
        const auto zero = team_->start_together(why.empty() && is_cancelled() ? "cancelled" : why);
        if (!zero) return false;
        zero_ns_ = *zero;
    }
    // Numbers with a part of the clients would be about another question.
    if (!result_.error.empty() || is_cancelled()) return false;
    if (const auto stats = broker_->read(own_cpu_ns()))
        result_.broker->rss_connected = stats->rss_bytes;
    if (const auto own = read_process_stats(getpid())) {
        result_.generator.rss_connected = own->rss_bytes;
    }
    if (observer_.on_connected) observer_.on_connected(result_);
    return true;
}

// From when on it is measured, and what follows from it.
void Run::set_window(std::int64_t from) {
    from_ns_ = from;
    result_.warmup_seconds = seconds_between(zero_ns_, from);
    if (spec_.limit != 0) return;
    std::int64_t length = spec_.duration.count();
    if (spec_.command == Command::conn) length = std::max<std::int64_t>(spec_.hold.count(), 0);
    until_ns_ = from + length;
    end_ns_ = until_ns_ + spec_.cooldown.count();
}

// --warmup auto: the measured time begins a moment after the load has become steady.
void Run::look_for_steady() {
    if (from_ns_ != Generator::kNever) return;
    const std::int64_t soon = monotonic_ns() + 20'000'000;
    if (team_ != nullptr) {
        const auto measure = team_->measure();
        if (!measure) return;
        result_.warmup_steady = measure->steady;
        set_window(std::max(measure->from_ns, soon));
    } else {
        const bool waited = seconds_between(zero_ns_, soon) > kLongestWarmup;
        result_.warmup_steady = is_steady(result_.seconds, plan_->subscribers() > 0);
        if (!result_.warmup_steady && !waited) return;
        set_window(soon);
    }
    for (const auto& worker : workers_)
        worker->measure(from_ns_);
}

void Run::load() {
    if (team_ == nullptr) zero_ns_ = monotonic_ns() + 5'000'000;
    const bool by_count = spec_.limit != 0;
    if (by_count || !spec_.warmup_until_steady) {
        set_window(zero_ns_ + (by_count ? 0 : spec_.warmup.count()));
    }
    last_second_ns_ = zero_ns_;
    for (const auto& worker : workers_)
        worker->start(zero_ns_);
    bool begun = false;
    for (;;) {
        const std::int64_t now = monotonic_ns();
        if (!begun && now >= from_ns_) {
            begun = true;
            broker_from_ = broker_->read(own_cpu_ns());
        }
        if (now >= until_ns_ && !broker_until_) broker_until_ = broker_->read(own_cpu_ns());
        if (now >= end_ns_ || (by_count && begun && all_idle() && delivered() > 0)) break;
        if (is_cancelled() || is_hopeless() || !result_.stopped_by.empty()) {
            result_.partial = true;
            break;
        }
        const std::int64_t next = !begun ? from_ns_ : (now < until_ns_ ? until_ns_ : end_ns_);
        collect(to_time_point(std::min(next, now + 50'000'000)));
        look_for_steady();
        if (observer_.on_tick) observer_.on_tick();
    }
    if (!broker_until_) broker_until_ = broker_->read(own_cpu_ns());
    for (const auto& worker : workers_)
        worker->end_load();
    const std::int64_t stopped = std::min(monotonic_ns(), until_ns_);
    const double measured = stopped > from_ns_ ? seconds_between(from_ns_, stopped) : 0;
    result_.measured_seconds = measured > 1e-3 ? measured : 0;
}

void Run::drain() {
    if (spec_.command == Command::conn || spec_.command == Command::sub) return;
    const std::int64_t start = monotonic_ns();
    const std::int64_t give_up =
        start + std::max<std::int64_t>(60'000'000'000, spec_.drain.count());
    for (;;) {
        const std::int64_t now = monotonic_ns();
        std::uint64_t owed = 0;
        std::int64_t last_arrival = start;
        for (std::uint32_t w = 0; w < shared_->workers; ++w)
            owed += shared_->progress[w].owed.load(std::memory_order_relaxed);
        for (const auto& worker : workers_)
            last_arrival = std::max(last_arrival, worker->last_arrival_ns());
        bool idle = all_idle();
        if (team_ != nullptr) {
            last_arrival = std::max(last_arrival, team_->last_arrival_ns());
            team_->set_idle(idle);
            idle = idle && team_->are_others_idle();
        }
        const bool complete = delivered() >= owed;
        if (idle && (plan_->subscribers() == 0 || complete)) break;
        if (now - last_arrival > spec_.drain.count() || now > give_up || is_cancelled()) break;
        if (is_hopeless()) break;
        collect(Clock::now() + milliseconds(5));
    }
    result_.drain_seconds = seconds_between(start, monotonic_ns());
}

void Run::finish() {
    for (const auto& worker : workers_) {
        take_error(*worker);
        worker->finish();
    }
    for (const auto& worker : workers_)
        worker->join();
    collect(Clock::now());
    result_.counters = {};
    for (const Counters& counters : latest_)
        result_.counters.add(counters);
    for (const auto& worker : workers_)
        take_error(*worker);
    if (!result_.error.empty() && zero_ns_ != 0) result_.partial = true;
}

void Run::take_error(const Worker& worker) {
    if (!result_.error.empty()) return;
    result_.error = worker.first_error();
    result_.impossible = !result_.error.empty() && worker.is_impossible();
}

bool Run::is_cancelled() const {
    if (team_ != nullptr && team_->is_cancelled()) return true;
    return observer_.is_cancelled && observer_.is_cancelled();
}

bool Run::all_settled() const {
    return std::all_of(workers_.begin(), workers_.end(),
                       [](const auto& worker) { return worker->is_settled(); });
}

bool Run::all_idle() const {
    return std::all_of(workers_.begin(), workers_.end(),
                       [](const auto& worker) { return worker->is_idle(); });
}

bool Run::is_hopeless() const {
    for (const auto& worker : workers_) {
        if (worker->connected_now() > 0 || worker->has_hope()) return false;
    }
    return plan_->clients() > 0;
}

std::uint64_t Run::delivered() const {
    std::uint64_t sum = 0;
    const bool arrives = plan_->subscribers() > 0;
    for (std::uint32_t w = 0; w < shared_->workers; ++w) {
        const Shared::Progress& progress = shared_->progress[w];
        sum += (arrives ? progress.received : progress.sent).load(std::memory_order_relaxed);
    }
    return sum;
}

std::uint64_t Run::own_cpu_ns() const {
    std::uint64_t sum = own_thread_cpu_ns();
    for (const auto& worker : workers_)
        sum += worker->cpu_ns();
    return sum;
}

void Run::fill_sys() {
    if (!spec_.sys_counters || !sys_) return;
    result_.sys = sys_->finish(kSysInterval);
    if (!result_.sys) return;
    const Counters& c = result_.counters;
    result_.sys->agreement = sys_agreement(*result_.sys, c.sent, c.received);
}

void Run::fill_costs() {
    Result& r = result_;
    if (r.broker && broker_from_ && broker_until_) {
        // Of an embedded broker it is a difference of clocks that are not read at one instant.
        r.broker->cpu_ns =
            std::max(broker_until_->cpu_ns, broker_from_->cpu_ns) - broker_from_->cpu_ns;
        r.broker->rss_after = broker_until_->rss_bytes;
        r.broker->switches =
            std::max(broker_until_->switches, broker_from_->switches) - broker_from_->switches;
    }
    GeneratorCost& g = r.generator;
    for (const Counters& counters : latest_) {
        g.cpu_ns += counters.cpu_ns_in_window;
        if (r.measured_seconds > 0) {
            g.busiest_share =
                std::max(g.busiest_share,
                         static_cast<double>(counters.cpu_ns_in_window) / 1e9 / r.measured_seconds);
            g.waiting_share =
                std::max(g.waiting_share, static_cast<double>(counters.waiting_ns_in_window) / 1e9 /
                                              r.measured_seconds);
        }
    }
    if (const auto own = read_process_stats(getpid())) g.rss_bytes = own->rss_bytes;
}

}  // namespace mqtt::bench
