// Waiting for the others, and keeping them informed.
#include "mqtt-bench/agent_team.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mqtt-bench/worker.hpp"

namespace mqtt::bench {
namespace {

// The offset is known well enough to begin after so many questions.
constexpr std::uint64_t kExchanges = 20;
constexpr std::chrono::seconds kForBalance{60};
constexpr int kPeriodsPerClock = 20;

std::uint32_t number_of(std::string_view topic) {
    const auto number = read_numbers(topic.substr(topic.rfind('/') + 1));
    const bool is_one = number && number->size() == 1 && number->front() >= 0;
    return is_one && number->front() < ~0u ? static_cast<std::uint32_t>(number->front()) : ~0u;
}

}  // namespace

AgentTeam::AgentTeam(TeamPlan plan, ControlLink& link, const ClockSync& clock,
                     std::mutex& clock_mutex)
    : plan_(std::move(plan))
    , link_(link)
    , clock_(clock)
    , clock_mutex_(clock_mutex) {
    for (std::uint32_t n = 0; n < plan_.agents; ++n) {
        if (n != plan_.agent) others_[n];
    }
}

std::string AgentTeam::topic(std::string_view what, bool numbered) const {
    return numbered ? fmt::format("{}run/{}/{}/{}", kTeamRoot, plan_.run, what, plan_.agent)
                    : fmt::format("{}run/{}/{}", kTeamRoot, plan_.run, what);
}

void AgentTeam::publish(std::string_view what, std::string payload) {
    link_.publish(topic(what), std::move(payload));
}

void AgentTeam::on_message(std::string_view full, std::string_view payload) {
    if (payload.empty() && full == fmt::format("{}plan/{}", kTeamRoot, plan_.coordinator)) {
        return on_lost();
    }
    const std::string root = topic("", false);
    if (!full.starts_with(root)) return;
    const std::string_view what = full.substr(root.size());
    const std::lock_guard lock(mutex_);
    if (what == "start") {
        if (const auto at = read_numbers(payload); at && at->size() == 1) start_ = at->front();
    } else if (what == "measure") {
        measure_ = read_measure(payload);
    } else if (what == "stop") {
        stopped_ = true;
    } else if (const auto other = others_.find(number_of(what)); other != others_.end()) {
        if (what.starts_with("progress/")) {
            const auto progress = read_progress(payload);
            if (!progress) return;
            if (progress->received != other->second.progress.received) {
                other->second.arrival_ns = monotonic_ns();
            }
            other->second.progress = *progress;
            if (shared_ != nullptr) {
                auto& slot = shared_->progress[other->first * shared_->workers / plan_.agents];
                slot.sent.store(progress->sent, std::memory_order_relaxed);
                slot.owed.store(progress->owed, std::memory_order_relaxed);
                slot.received.store(progress->received, std::memory_order_relaxed);
            }
        } else if (what.starts_with("clock/")) {
            if (auto clock = read_clock(payload)) other->second.clock = std::move(*clock);
            set_clocks();
        } else if (what.starts_with("balance/")) {
            other->second.balance = payload;
            other->second.has_balance = true;
        }
    }
    changed_.notify_all();
}

void AgentTeam::on_lost() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
}

void AgentTeam::on_period() {
    const std::lock_guard lock(mutex_);
    if (shared_ == nullptr || zero_ns_ == 0) return;
    tell_progress();
    if (++periods_ % kPeriodsPerClock == 0) {
        link_.publish(topic("clock"), write_clock(own_clock()), false, true);
        set_clocks();
    }
}

void AgentTeam::tell_progress() {
    TeamProgress sum;
    const std::uint32_t own = shared_->workers / plan_.agents;
    for (std::uint32_t w = plan_.agent * own; w < (plan_.agent + 1) * own; ++w) {
        sum.sent += shared_->progress[w].sent.load(std::memory_order_relaxed);
        sum.owed += shared_->progress[w].owed.load(std::memory_order_relaxed);
        sum.received += shared_->progress[w].received.load(std::memory_order_relaxed);
    }
    sum.idle = idle_;
    std::string text = write_progress(sum);
    if (text == told_) return;
    told_ = text;
    link_.publish(topic("progress"), std::move(text));
}

void AgentTeam::attach(Shared& shared) {
    const std::lock_guard lock(mutex_);
    shared_ = &shared;
}

void AgentTeam::detach() {
    const std::lock_guard lock(mutex_);
    shared_ = nullptr;
}

TeamClock AgentTeam::own_clock() const {
    TeamClock out;
    out.zero_ns = zero_ns_;
    out.clock = own_clock_id();
    if (is_own_clock(plan_.clock)) return out;
    const std::lock_guard lock(clock_mutex_);
    if (const auto estimate = clock_.estimate(monotonic_ns())) {
        out.offset_ns = estimate->offset_ns;
        out.error_ns = estimate->error_ns;
    }
    return out;
}

// What to add to the others' stamps. Slots of the schedule are told apart by their distance from its
// start, which both know exactly.
void AgentTeam::set_clocks() {
    if (shared_ == nullptr || !shared_->clocks || zero_ns_ == 0) return;
    const TeamClock own = own_clock();
    for (const auto& [number, other] : others_) {
        if (!other.clock || other.clock->zero_ns == 0) continue;
        const bool same = is_own_clock(other.clock->clock);
        shared_->clocks[number].set(same ? 0 : other.clock->offset_ns - own.offset_ns,
                                    zero_ns_ - other.clock->zero_ns);
    }
}

std::optional<std::int64_t> AgentTeam::start_together(const std::string& error) {
    const auto is_synced = [this] {
        const std::lock_guard lock(clock_mutex_);
        return is_own_clock(plan_.clock) || clock_.exchanges() >= kExchanges;
    };
    std::unique_lock lock(mutex_);
    while (!is_synced() && !stopped_)
        changed_.wait_for(lock, std::chrono::milliseconds(10));
    link_.publish(topic("ready"), error);
    changed_.wait(lock, [this] { return stopped_ || start_; });
    if (stopped_ || !error.empty()) return std::nullopt;
    zero_ns_ = *start_ - own_clock().offset_ns;
    link_.publish(topic("clock"), write_clock(own_clock()));
    set_clocks();
    return zero_ns_;
}

// By the start, whose instant is the same on all hosts: an offset that was corrected since shall not
// move the one against the other.
std::optional<Team::Measure> AgentTeam::measure() const {
    const std::lock_guard lock(mutex_);
    if (!measure_ || !start_) return std::nullopt;
    return Measure{zero_ns_ + (measure_->from_ns - *start_), measure_->steady};
}

bool AgentTeam::are_others_idle() const {
    const std::lock_guard lock(mutex_);
    return std::all_of(others_.begin(), others_.end(),
                       [](const auto& other) { return other.second.progress.idle; });
}

std::int64_t AgentTeam::last_arrival_ns() const {
    const std::lock_guard lock(mutex_);
    std::int64_t last = 0;
    for (const auto& [number, other] : others_)
        last = std::max(last, other.arrival_ns);
    return last;
}

void AgentTeam::add_up(Balance& balance) {
    link_.publish(topic("balance"), write_balance(balance));
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stopped_ ? std::chrono::seconds(0) : kForBalance, [this] {
        return stopped_ || std::all_of(others_.begin(), others_.end(),
                                       [](const auto& other) { return other.second.has_balance; });
    });
    for (const auto& [number, other] : others_)
        add_balance(other.balance, balance);
}

std::int64_t AgentTeam::clock_error_ns() const {
    const std::lock_guard lock(mutex_);
    const std::int64_t own = own_clock().error_ns;
    std::int64_t error = 0;
    for (const auto& [number, other] : others_) {
        if (!other.clock || is_own_clock(other.clock->clock)) continue;
        error = std::max(error, own + other.clock->error_ns);
    }
    return error;
}

}  // namespace mqtt::bench
