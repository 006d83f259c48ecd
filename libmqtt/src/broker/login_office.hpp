// Threads that check passwords, so that hashing stalls no traffic: a bounded queue of login requests
// in, verdicts out. One per broker; used by the lobbies of all shards.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "mqtt/broker.hpp"

namespace mqtt::broker {

class LoginOffice {
public:
    explicit LoginOffice(const BrokerConfig& config) : config_(config) {}
    ~LoginOffice() { stop(); }
    LoginOffice(const LoginOffice&) = delete;
    LoginOffice& operator=(const LoginOffice&) = delete;

    void start();
    // Requests that wait get no verdict.
    void stop();

    // False: the queue is full. `done` is called on a thread of the office.
    bool submit(const LoginRequest& request, std::function<void(ReasonCode)> done);

private:
    // A request with bytes of its own.
    struct Job {
        Job(const LoginRequest& request, std::function<void(ReasonCode)> when_done);
        LoginRequest request() const;

        LoginRequest plain;  // its views are not used
        std::string client_id, user_name, address;
        std::vector<std::uint8_t> password;
        std::function<void(ReasonCode)> done;
    };
    void work();

    const BrokerConfig& config_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    std::vector<std::thread> threads_;
    bool stopping_ = false;
};

}  // namespace mqtt::broker
