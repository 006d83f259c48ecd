// The worker's thread: connect, wait for the start, send and receive, drain, disconnect.
#include "mqtt-bench/worker.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>

#include "mqtt-bench/process_stats.hpp"
#include "mqtt-bench/worker_client.hpp"

namespace mqtt::bench {
namespace {

constexpr std::size_t kOpeningAtOnce = 64;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLongTurn = 50'000'000;
constexpr std::uint32_t kMessagesPerStamp = 64;

void pin_thread(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

}  // namespace

std::int64_t monotonic_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
        .count();
}

TimePoint to_time_point(std::int64_t ns) {
    return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(ns)));
}

Worker::Worker(const Plan& plan, const Spec& spec, Shared& shared, Inbox& inbox,
               std::uint32_t number)
    : plan_(plan)
    , spec_(spec)
    , shared_(shared)
    , inbox_(inbox)
    , number_(number) {
    for (const Endpoint& target : spec.targets) {
        options_.push_back(spec.connect);
        options_.back().endpoint = target;
    }
    if (options_.empty()) options_.push_back(spec.connect);
    generator_ = std::make_unique<Generator>(plan, spec, shared, number, *this);
    loop_ = std::make_unique<ConnectionLoop>();
}

Worker::~Worker() {
    if (!thread_.joinable()) return;
    finish();
    thread_.join();
}

void Worker::run() {
    thread_ = std::thread([this] { main(); });
}

void Worker::join() {
    if (thread_.joinable()) thread_.join();
}

void Worker::start(std::int64_t zero_ns) {
    loop_->post([this, zero_ns] {
        generator_->start(zero_ns);
        measure_from_ = zero_ns + spec_.warmup.count();
        measure_until_ = measure_from_ + spec_.duration.count();
        next_tick_ = zero_ns + kSecond;
        started_ = true;
        loop_->stop();
    });
}

void Worker::end_load() {
    loop_->post([this] {
        generator_->end();
        loop_->stop();
    });
}

void Worker::finish() {
    loop_->post([this] {
        finishing_ = true;
        loop_->stop();
    });
}

std::string Worker::first_error() const {
    const std::lock_guard lock(error_mutex_);
    return first_error_;
}

void Worker::fail(const Error& error, std::string_view message) {
    const std::lock_guard lock(error_mutex_);
    if (!first_error_.empty()) return;
    first_error_ = message;
    first_error_code_ = error;
}

void Worker::main() {
    if (!spec_.cpus.empty()) pin_thread(spec_.cpus[number_ % spec_.cpus.size()]);
    clockid_t clock = -1;
    if (pthread_getcpuclockid(pthread_self(), &clock) == 0) cpu_clock_ = clock;
    make_clients();
    connect_phase();
    load_phase();
    disconnect_phase();
    tick(true);
    clients_.clear();
    ended_cpu_ns_ = own_thread_cpu_ns();
    cpu_clock_ = -1;
}

void Worker::make_clients() {
    const std::uint32_t step = shared_.workers;
    const auto add = [&](Role role, std::uint32_t count, std::uint32_t base) {
        std::uint32_t index = 0;
        for (std::uint32_t n = number_; n < count; n += step) {
            clients_.emplace_back(*this, role, index++, base + n);
        }
        return index;
    };
    subscribers_ = add(Role::subscriber, plan_.subscribers(), 0);
    publishers_ = add(Role::publisher, plan_.publishers(), plan_.subscribers());
    add(Role::idle, plan_.idle(), plan_.subscribers() + plan_.publishers());
}

void Worker::connect_phase() {
    connect_start_ = now_ns();
    next_tick_ = connect_start_ + kSecond;
    if (clients_.empty()) settled_.store(true, std::memory_order_release);
    while (!finishing_ && !started_) {
        open_more();
        std::int64_t until = std::min(now_ns() + kLongTurn, next_tick_);
        if (spec_.connect_rate > 0 && next_to_open_ < clients_.size()) until = now_ns() + 1'000'000;
        wait_until(until);
        if (now_ns() >= next_tick_) tick(false);
    }
}

void Worker::open_more() {
    std::size_t allowed = clients_.size();
    if (spec_.connect_rate > 0) {
        const double seconds = static_cast<double>(now_ns() - connect_start_) / 1e9;
        const double share = spec_.connect_rate / shared_.workers;
        allowed = static_cast<std::size_t>(seconds * share) + 1;
    }
    while (next_to_open_ < clients_.size() && next_to_open_ < allowed &&
           (opening_ < kOpeningAtOnce || spec_.connect_rate > 0)) {
        Client& client = clients_[next_to_open_++];
        ++opening_;
        client.open();
    }
}

void Worker::on_settled_one() {
    --opening_;
    if (++settled_count_ == clients_.size()) {
        settled_.store(true, std::memory_order_release);
        inbox_.wake();
    }
    open_more();
}

void Worker::load_phase() {
    while (!finishing_) {
        const std::int64_t now = now_ns();
        note_window(now);
        generator_->on_time(now);
        const bool pumped = spec_.max && generator_->pump(now);
        generator_->show_progress();
        idle_.store(generator_->is_idle() && generator_->next_due() == Generator::kNever,
                    std::memory_order_release);
        if (now >= next_tick_) tick(false);
        std::int64_t until = std::min({generator_->next_due(), next_tick_, now + kLongTurn});
        // Other workers' subscribers make room without a word to us.
        if (spec_.max && shared_.workers > 1) until = std::min(until, now + 200'000);
        wait_until(pumped || spec_.precise ? now : until);
        ++generator_->counters().turns;
    }
}

void Worker::wait_until(std::int64_t ns) {
    turn_wanted_ = false;
    loop_->run_until(to_time_point(ns));
}

// Ends the turn early, so that the load loop can send again.
void Worker::want_turn() {
    if (turn_wanted_) return;
    turn_wanted_ = true;
    loop_->stop();
}

void Worker::note_window(std::int64_t now) {
    if (window_step_ == 0 && now >= measure_from_) {
        cpu_at_from_ = own_thread_cpu_ns();
        waiting_at_from_ = own_thread_waiting_ns();
        window_step_ = 1;
    }
    if (window_step_ == 1 && now >= measure_until_) close_window();
}

void Worker::close_window() {
    generator_->counters().cpu_ns_in_window = own_thread_cpu_ns() - cpu_at_from_;
    generator_->counters().waiting_ns_in_window = own_thread_waiting_ns() - waiting_at_from_;
    window_step_ = 2;
}

std::uint64_t Worker::cpu_ns() const {
    timespec time{};
    const clockid_t clock = cpu_clock_.load();
    if (clock == -1 || clock_gettime(clock, &time) != 0) return ended_cpu_ns_.load();
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec);
}

void Worker::disconnect_phase() {
    if (window_step_ == 1) close_window();
    for (Client& client : clients_)
        client.close();
    const std::int64_t give_up = now_ns() + 2 * kSecond;
    while (connected_now_.load(std::memory_order_relaxed) > 0 && now_ns() < give_up) {
        wait_until(std::min(give_up, now_ns() + kLongTurn));
    }
}

void Worker::tick(bool last) {
    Report report;
    report.worker = number_;
    report.at_ns = now_ns();
    generator_->counters().cpu_ns = own_thread_cpu_ns();
    report.counters = generator_->counters();
    report.interval = inbox_.fresh_series();
    generator_->exchange_interval(report.interval);
    report.pending = generator_->pending();
    report.in_flight = generator_->in_flight();
    for (std::size_t p = 0; p < publishers_; ++p) {
        report.backlog_bytes += clients_[subscribers_ + p].backlog_bytes();
    }
    report.is_last = last;
    inbox_.push(std::move(report));
    next_tick_ = std::max(next_tick_ + kSecond, now_ns());
}

std::int64_t Worker::stamp(const Client& client) {
    // One clock read per read batch: a new turn, another connection, or many messages later.
    const TimePoint turn = loop_->now();
    if (turn != turn_ || &client != stamped_ || ++since_stamp_ >= kMessagesPerStamp) {
        turn_ = turn;
        stamped_ = &client;
        since_stamp_ = 0;
        stamp_ = now_ns();
        last_arrival_.store(stamp_, std::memory_order_relaxed);
    }
    return stamp_;
}

SendStatus Worker::publish(std::uint32_t publisher, const PublishRequest& request,
                           std::uint64_t token) {
    return clients_[subscribers_ + publisher].publish(request, token);
}

bool Worker::is_blocked(std::uint32_t publisher) {
    return clients_[subscribers_ + publisher].is_blocked();
}

void Worker::flush(std::uint32_t publisher) {
    clients_[subscribers_ + publisher].flush();
}

std::int64_t Worker::now_ns() {
    return monotonic_ns();
}

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
