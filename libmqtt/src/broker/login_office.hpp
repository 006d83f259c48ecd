// Threads that check passwords, so that hashing stalls no traffic: a bounded queue of login requests in, verdicts out.
// What it knows already it says at once (LoginMemory). Sources that have failed before (LoginGuard) share a small part of
// one core, in turn, so that guessing passwords takes no time from the clients that are there. One per broker; used by
// the lobbies of all shards and by HTTP.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "broker/login_guard.hpp"
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

    enum class Taken : std::uint8_t { known, waits, full };
    // known: `verdict` is set. waits: `done` is called on a thread of the office, after `deadline` with
    // server_busy.
    Taken submit(const LoginRequest& request, TimePoint deadline, ReasonCode& verdict,
                 std::function<void(ReasonCode)> done);
    // Passwords have changed.
    void forget() { memory_.forget(); }

    LoginGuard guard;

private:
    // A request with bytes of its own.
    struct Job {
        Job(const LoginRequest& request, std::function<void(ReasonCode)> when_done);
        LoginRequest request() const;

        LoginRequest plain;  // its views are not used
        std::string client_id, user_name, address;
        std::vector<std::uint8_t> password;
        std::function<void(ReasonCode)> done;
        LoginGuard::Source source;
        LoginMemory::Key key{};
        TimePoint expires;
    };
    // Jobs of suspects: a queue for each source and user, which take turns.
    class Lanes {
    public:
        bool empty() const { return turns_.empty(); }
        std::size_t size() const { return size_; }
        void add(Job job);
        Job take();
        void clear();

    private:
        std::unordered_map<std::uint64_t, std::deque<Job>> lanes_;
        std::deque<std::uint64_t> turns_;
        std::size_t size_ = 0;
    };
    void work();
    std::optional<Job> next(TimePoint now, bool& is_suspect);
    ReasonCode check(const Job& job);
    void charge(Duration cpu);

    const BrokerConfig& config_;
    LoginMemory memory_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    Lanes suspects_;
    bool checks_suspect_ = false;  // one thread at a time
    TimePoint paid_until_{};       // what failed logins have cost is paid for by waiting until then
    std::vector<std::thread> threads_;
    bool stopping_ = false;
};

}  // namespace mqtt::broker
