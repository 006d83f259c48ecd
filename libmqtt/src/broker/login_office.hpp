// Threads that check passwords, so that hashing stalls no traffic: a bounded queue of login requests in, verdicts out.
// What it knows already it says at once (LoginMemory). Sources that have failed before (LoginGuard) share a small part of
// one core, in turn, so that guessing passwords takes no time from the clients that are there. One per broker; used by
// the lobbies of all shards and by HTTP.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "broker/login_budget.hpp"
#include "broker/login_guard.hpp"
#include "broker/login_lanes.hpp"
#include "broker/login_memory.hpp"
#include "mqtt/broker.hpp"

namespace mqtt::broker {

class LoginOffice {
public:
    explicit LoginOffice(const BrokerConfig& config)
        : config_(config)
        , memory_(config.remembered_logins) {}
    ~LoginOffice() { stop(); }
    LoginOffice(const LoginOffice&) = delete;
    LoginOffice& operator=(const LoginOffice&) = delete;

    void start();
    // Requests that wait get no verdict.
    void stop();

    enum class Taken : std::uint8_t { known, waits, waits_for_turn, full };
    // known: `verdict` is set. waits: `done` is called on a thread of the office, soon after `deadline` with
    // server_busy; for_turn: not before failed ones are paid for. full: too many wait, or too many from an address that has had many wrong ones.
    Taken submit(const LoginRequest& request, TimePoint deadline, ReasonCode& verdict,
                 std::function<void(ReasonCode)> done);
    // Passwords have changed.
    void forget() { memory_.forget(); }

    LoginGuard guard;

private:
    void work();
    bool is_clean(const LoginJob& job, TimePoint now) const;
    std::optional<LoginJob> next(TimePoint now, bool& is_suspect);
    void wait(std::unique_lock<std::mutex>& lock, TimePoint next_look);
    void tell_expired(TimePoint now, std::unique_lock<std::mutex>& lock);
    ReasonCode check(const LoginJob& job);

    const BrokerConfig& config_;
    LoginMemory memory_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<LoginJob> jobs_;  // of the others: as they came
    LoginLanes suspects_;
    bool checks_suspect_ = false;  // one thread at a time
    LoginBudget budget_;
    std::vector<std::thread> threads_;
    bool stopping_ = false;
};

}  // namespace mqtt::broker
