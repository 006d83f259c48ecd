// Login requests whose password is yet to be checked, and the order among those that come from where many were wrong:
// addresses take turns, and the users that one address tries take turns among themselves. So neither many guesses nor
// many names put an address before another one. Used by LoginOffice, under its lock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/login_guard.hpp"
#include "broker/login_memory.hpp"
#include "mqtt/broker.hpp"

namespace mqtt::broker {

// A request with bytes of its own.
struct LoginJob {
    LoginJob(const LoginRequest& request, std::function<void(ReasonCode)> when_done);
    LoginRequest request() const;

    LoginRequest plain;  // its views are not used
    std::string client_id, user_name, address;
    std::vector<std::uint8_t> password;
    std::function<void(ReasonCode)> done;
    LoginGuard::Source source;
    LoginMemory::Key key{};
    TimePoint expires;
};

class LoginLanes {
public:
    bool empty() const { return turns_.empty(); }
    std::size_t size() const { return size_; }
    // That wait from this address.
    std::size_t size_of(std::uint64_t address) const;
    void add(LoginJob job);
    LoginJob take();  // whose turn it is; not when empty
    // Those that nobody waits for any more.
    std::vector<LoginJob> take_expired(TimePoint now);
    void clear();

private:
    struct Address {
        std::unordered_map<std::uint64_t, std::deque<LoginJob>> users;
        std::deque<std::uint64_t> turns;
        std::size_t size = 0;
    };
    std::unordered_map<std::uint64_t, Address> addresses_;
    std::deque<std::uint64_t> turns_;
    std::size_t size_ = 0;
};

}  // namespace mqtt::broker
