// What logins came to lately, so that a client that comes back, or a program that tries the same wrong password for ever,
// costs no hashing. Remembers no password: a keyed hash (HMAC-SHA-256, cut to 128 bits, with a random key) of
// listener, user name and password. Bounded; any thread. Used by LoginOffice.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "mqtt/broker.hpp"

namespace mqtt::broker {

class LoginMemory {
public:
    // As many right logins are remembered, and a few wrong ones. 0: none.
    explicit LoginMemory(std::size_t capacity);

    using Key = std::array<std::uint64_t, 2>;
    Key key_of(const LoginRequest& request) const;  // of one with a password

    // Success, not_authorized, or nothing: it must be asked.
    std::optional<ReasonCode> recall(const Key& key);
    // Of the time that began with `generation`; a verdict from before the last forget() is not taken.
    void remember(const Key& key, ReasonCode verdict, std::uint64_t generation);
    std::uint64_t generation() const;
    // Passwords have changed.
    void forget();

private:
    struct KeyHash {
        std::size_t operator()(const Key& key) const { return key[0]; }
    };
    // The last ones, between half of the capacity and all of it: when the younger half is full, the older is dropped.
    class Recent {
    public:
        explicit Recent(std::size_t capacity) : half_(capacity / 2) {}
        bool has(const Key& key);
        void add(const Key& key);
        void clear();

    private:
        using Set = std::unordered_set<Key, KeyHash>;
        std::size_t half_;
        Set young_;
        Set old_;
    };

    std::array<std::uint8_t, 32> secret_{};
    mutable std::mutex mutex_;
    Recent right_;
    Recent wrong_;  // apart: guesses do not displace those who are right
    std::uint64_t generation_ = 0;
};

}  // namespace mqtt::broker
