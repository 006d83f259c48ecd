// The worker's thread: connect, wait for the start, send and receive, drain, disconnect.
#include "mqtt-bench/worker.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>

#include "mqtt-bench/process_stats.hpp"
#include "mqtt-bench/worker_client.hpp"
#include "mqtt/tls_sessions.hpp"

namespace mqtt::bench {
namespace {

constexpr std::size_t kOpeningAtOnce = 64;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLongTurn = 50'000'000;
constexpr std::uint32_t kMessagesPerStamp = 64;
constexpr std::int64_t kCoalesceNs = std::chrono::nanoseconds(kCoalesceFor).count();

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
    make_options();
    generator_ = std::make_unique<Generator>(plan, spec, shared, number, *this);
    loop_ = std::make_unique<ConnectionLoop>();
    if (spec_.resume_tls) resume_tls_sessions(*loop_);
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
        zero_ = zero_ns;
        if (!spec_.warmup_until_steady) {
            measure_from_ = zero_ns + spec_.warmup.count();
            measure_until_ = measure_from_ + spec_.duration.count();
        }
        next_tick_ = zero_ns + kSecond;
        started_ = true;
        loop_->stop();
    });
}

void Worker::measure(std::int64_t from_ns) {
    loop_->post([this, from_ns] {
        generator_->measure(from_ns);
        measure_from_ = from_ns;
        measure_until_ = from_ns + spec_.duration.count();
        loop_->stop();
    });
}

void Worker::end_load() {
    loop_->post([this] {
        generator_->end();
        load_ended_ = true;
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

void Worker::fail(std::string_view message, bool impossible) {
    const std::lock_guard lock(error_mutex_);
    if (!first_error_.empty()) return;
    first_error_ = message;
    impossible_.store(impossible, std::memory_order_relaxed);
}

void Worker::main() {
    if (!spec_.cpus.empty()) pin_thread(spec_.cpus[number_ % spec_.threads % spec_.cpus.size()]);
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

void Worker::make_options() {
    for (const Group& spec : spec_.groups) {
        std::vector<ConnectOptions>& all = options_.emplace_back();
        for (std::size_t t = 0; t < std::max<std::size_t>(1, spec.targets.size()); ++t) {
            for (std::size_t s = 0; s < std::max<std::size_t>(1, spec_.sources.size()); ++s) {
                all.push_back(spec.connect);
                if (!spec.targets.empty()) all.back().endpoint = spec.targets[t];
                if (!spec_.sources.empty()) all.back().bind_address = spec_.sources[s];
            }
        }
    }
}

// Client i of every group is at target i modulo their number: the two of a pair meet at one broker.
const ConnectOptions& Worker::options_of(std::uint32_t group, std::uint32_t number) const {
    const std::size_t sources = std::max<std::size_t>(1, spec_.sources.size());
    const std::size_t targets = options_[group].size() / sources;
    return options_[group][number % targets * sources + number / targets % sources];
}

void Worker::make_clients() {
    std::uint32_t subscriber = 0;
    std::uint32_t publisher = 0;
    for (std::uint32_t g = 0; g < plan_.groups().size(); ++g) {
        const PlannedGroup& group = plan_.groups()[g];
        for (std::uint32_t n = number_; n < group.spec.clients; n += shared_.workers) {
            Client& client = clients_.emplace_back(*this, g, n);
            if (group.subscribers > 0) client.subscriber = subscriber++;
            if (group.publishers > 0) {
                client.publisher = publisher++;
                publishers_.push_back(&client);
            }
            if (group.spec.start.count() == 0) ++initial_;
        }
    }
}

void Worker::connect_phase() {
    connect_start_ = now_ns();
    next_tick_ = connect_start_ + kSecond;
    if (initial_ == 0) settled_.store(true, std::memory_order_release);
    while (!finishing_ && !started_) {
        open_more();
        std::int64_t until = std::min(now_ns() + kLongTurn, next_tick_);
        if (opening_ < kOpeningAtOnce && (next_to_open_ < clients_.size() || !reopens_.empty())) {
            until = std::min(until, now_ns() + 1'000'000);
        }
        wait_until(until);
        if (now_ns() >= next_tick_) tick(false);
    }
}

// One connection of a group with a rate every 1 / rate; others up to 64 at a time.
bool Worker::may_open(const Client& client, std::int64_t now) const {
    const double rate = plan_.groups()[client.group].spec.connect_rate;
    return rate > 0 ? now >= next_open_ns_ : opening_ < kOpeningAtOnce;
}

void Worker::open_more() {
    const std::int64_t now = now_ns();
    for (;;) {
        const bool again = !reopens_.empty() && reopens_.top().at <= now;
        while (next_to_open_ < clients_.size() && !clients_[next_to_open_].is_initial())
            ++next_to_open_;
        if (!again && next_to_open_ == clients_.size()) return;
        Client& client = again ? *reopens_.top().client : clients_[next_to_open_];
        if (!may_open(client, now)) return;
        if (const double rate = plan_.groups()[client.group].spec.connect_rate; rate > 0) {
            if (next_open_ns_ < now - kSecond) next_open_ns_ = now;
            next_open_ns_ += static_cast<std::int64_t>(1e9 * shared_.workers / rate);
        }
        if (again) {
            reopens_.pop();
        } else {
            ++next_to_open_;
        }
        ++opening_;
        client.open();
    }
}

void Worker::reopen(Client& client, std::int64_t at) {
    if (finishing_) return;
    reopens_.push({at, &client});
    want_turn();
}

void Worker::on_settled_one(bool initial) {
    --opening_;
    if (initial && ++settled_count_ == initial_) {
        settled_.store(true, std::memory_order_release);
        inbox_.wake();
    }
    open_more();
}

void Worker::load_phase() {
    while (!finishing_) {
        const std::int64_t now = now_ns();
        note_window(now);
        run_stages(now);
        if (!reopens_.empty()) open_more();
        hope_.store(!reopens_.empty() || opening_ > 0 ||
                        (!load_ended_ && next_stage_ < plan_.timeline().size()),
                    std::memory_order_relaxed);
        if (spec_.coalesce != Coalesce::on || now >= woke_ + kCoalesceNs) {
            woke_ = now;
            generator_->on_time(now);
        }
        const bool pumped = spec_.max && generator_->pump(now);
        generator_->show_progress();
        idle_.store(is_done(), std::memory_order_release);
        if (now >= next_tick_) tick(false);
        wait_until(pumped || spec_.precise ? now : next_wake(now));
        sample_queues(now);
        ++generator_->counters().turns;
    }
}

bool Worker::is_done() const {
    if (!generator_->is_idle() || generator_->next_due() != Generator::kNever) return false;
    return !spec_.max || spec_.limit == 0 || load_ended_ || generator_->is_all_offered();
}

std::int64_t Worker::next_wake(std::int64_t now) const {
    std::int64_t due = generator_->next_due();
    if (spec_.coalesce == Coalesce::on) due = std::max(due, woke_ + kCoalesceNs);
    std::int64_t until = std::min({due, next_tick_, now + kLongTurn});
    if (spec_.max && started_ && now < zero_) until = std::min(until, zero_);
    // Other workers' subscribers make room without a word to us.
    if (spec_.max && shared_.workers > 1) until = std::min(until, now + 200'000);
    if (started_ && !load_ended_ && next_stage_ < plan_.timeline().size()) {
        until = std::min(until, zero_ + plan_.timeline()[next_stage_].at.count());
    }
    if (!reopens_.empty()) until = std::min(until, std::max(reopens_.top().at, now + 500'000));
    if (!slow_.empty() || spec_.churn > 0) until = std::min(until, now + 1'000'000);
    return until;
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
        moved_at_from_ = moved();
        window_step_ = 1;
    }
    if (window_step_ == 1 && now >= measure_until_) close_window();
}

void Worker::close_window() {
    generator_->counters().cpu_ns_in_window = own_thread_cpu_ns() - cpu_at_from_;
    generator_->counters().waiting_ns_in_window = own_thread_waiting_ns() - waiting_at_from_;
    window_step_ = 2;
    const Moved now = moved();
    Counters& c = generator_->counters();
    c.wire_received_in_window = now.received - std::min(now.received, moved_at_from_.received);
    c.wire_sent_in_window = now.sent - std::min(now.sent, moved_at_from_.sent);
    ask_tcp();
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
    if (last) end_read();
    if (spec_.resume_tls) {
        const TlsSessionCounts counts = tls_session_counts(*loop_);
        generator_->counters().tls_full = counts.full;
        generator_->counters().tls_resumed = counts.resumed;
    }
    report.counters = generator_->counters();
    report.interval = inbox_.fresh_series();
    generator_->exchange_interval(report.interval);
    report.pending = generator_->pending();
    report.in_flight = generator_->in_flight();
    for (const Client* publisher : publishers_)
        report.backlog_bytes += publisher->backlog_bytes();
    report.is_last = last;
    inbox_.push(std::move(report));
    next_tick_ = std::max(next_tick_ + kSecond, now_ns());
}

std::int64_t Worker::stamp(const Client& client) {
    // One clock read per read batch: a new turn, another connection, or many messages later.
    const TimePoint turn = loop_->now();
    const bool new_read = turn != turn_ || &client != stamped_;
    if (new_read) end_read();
    ++in_read_;
    if (new_read || ++since_stamp_ >= kMessagesPerStamp) {
        turn_ = turn;
        stamped_ = &client;
        since_stamp_ = 0;
        stamp_ = now_ns();
        last_arrival_.store(stamp_, std::memory_order_relaxed);
    }
    return stamp_;
}

void Worker::end_read() {
    if (in_read_ > 0) generator_->interval().per_read.record(in_read_);
    in_read_ = 0;
}

SendStatus Worker::publish(std::uint32_t publisher, const PublishRequest& request,
                           std::uint64_t token) {
    return publishers_[publisher]->publish(request, token);
}

bool Worker::is_blocked(std::uint32_t publisher) {
    return publishers_[publisher]->is_blocked();
}

void Worker::flush(std::uint32_t publisher) {
    publishers_[publisher]->flush();
}

std::int64_t Worker::now_ns() {
    return monotonic_ns();
}

}  // namespace mqtt::bench
