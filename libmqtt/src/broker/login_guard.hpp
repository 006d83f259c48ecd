// Who has failed to log in lately, by address and by user name: from this come the delay of the next refusal, and which
// passwords are checked out of a small budget only (LoginOffice). A right password is never delayed by it. One per
// broker; asked by the lobbies of all shards and by the office's threads. Reads no clock.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "mqtt/broker.hpp"

namespace mqtt::broker {

class LoginGuard {
public:
    // Where a login comes from. Of IPv6 it is the network (/64) that counts: a host has all of its addresses.
    struct Source {
        std::uint64_t address = 0;
        std::uint64_t user = 0;
    };
    static Source source_of(std::string_view peer_address, std::string_view user_name);

    // A login has failed. How long its answer shall wait: not at all for the first few, then twice as long each
    // time, at most `most`.
    Duration failed(const Source& source, TimePoint now, Duration most);
    // Has used up the failures that cost nothing.
    bool is_suspect(const Source& source, TimePoint now) const;

    // Failures that cost nothing, and how soon one of them is forgotten.
    static constexpr int kFree = 5;
    static constexpr std::chrono::seconds kForgotten{5};
    static constexpr std::chrono::milliseconds kFirstDelay{200};
    // Sources that are remembered. When that many have failed lately, unknown addresses are suspect, too.
    static constexpr std::size_t kMostSources = 10'000;

private:
    // A bucket that leaks: a failure adds one, time takes one away every kForgotten.
    struct Failures {
        double count = 0;
        TimePoint at{};
        double now(TimePoint time) const;
    };
    using Table = std::unordered_map<std::uint64_t, Failures>;
    static double add(Table& table, std::uint64_t key, TimePoint now);
    static bool is_over(const Table& table, std::uint64_t key, TimePoint now, bool when_full);

    mutable std::mutex mutex_;
    Table addresses_;
    Table users_;
};

}  // namespace mqtt::broker
