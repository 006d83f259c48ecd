// Which received messages count, beyond what filters and flags of the packet say: --where, --grep,
// --dedupe, --on-change, --throttle, asked in this order. Used by message_filter. Knows no output.
//
// Memory is bounded: what is kept per topic or message is forgotten, the oldest half first, when
// there are more than a million topics or 100,000 messages.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/expression.hpp"
#include "common/message_fields.hpp"
#include "common/regex.hpp"
#include "mqtt/packet.hpp"

namespace mqtt_sub {

enum class Dedupe : std::uint8_t {
    off,
    id,       // by the user property "message-id"; messages without one always count
    payload,  // by topic and payload
};

struct SelectionOptions {
    std::vector<std::string> where;  // all must hold
    std::vector<std::string> grep;   // one must match
    Dedupe dedupe = Dedupe::off;
    bool on_change = false;
    std::chrono::nanoseconds throttle{0};

    bool is_active() const {
        return !where.empty() || !grep.empty() || dedupe != Dedupe::off || on_change ||
               throttle.count() > 0;
    }
};

// A set that remembers at least the last half of its limit.
class RecentSet {
public:
    explicit RecentSet(std::size_t limit) : half_(limit / 2) {}
    // True when it was not there. Either way it is now.
    bool add(std::uint64_t value);

private:
    std::size_t half_;
    std::unordered_set<std::uint64_t> newer_, older_;
};

// A map from topics that remembers at least the last half of its limit.
template <class Value>
class RecentTopics {
public:
    explicit RecentTopics(std::size_t limit) : half_(limit / 2) {}
    // The topic's value, made new when it is not known.
    Value& operator[](std::string_view topic) {
        const std::uint64_t key = std::hash<std::string_view>()(topic);
        if (const auto found = newer_.find(key); found != newer_.end()) return found->second;
        if (newer_.size() >= half_) {
            older_ = std::move(newer_);
            newer_.clear();
        }
        const auto old = older_.find(key);
        return newer_.try_emplace(key, old == older_.end() ? Value{} : old->second).first->second;
    }

private:
    std::size_t half_;
    std::unordered_map<std::uint64_t, Value> newer_, older_;  // by a hash of 64 bits
};

class Selection {
public:
    // Throws tools::UsageError for what does not parse.
    explicit Selection(const SelectionOptions& options);

    using Clock = std::chrono::steady_clock;
    // Remembers the message when it counts: ask once per message.
    bool wants(const mqtt::Publish& message, Clock::time_point now);
    bool needs_clock() const { return throttle_.count() > 0; }

private:
    bool is_repeated(const mqtt::Publish& message);
    bool has_changed(const mqtt::Publish& message);
    bool is_due(std::string_view topic, Clock::time_point now);

    std::vector<tools::Expression> where_;
    std::vector<tools::Regex> grep_;
    Dedupe dedupe_;
    bool on_change_;
    std::chrono::nanoseconds throttle_;
    tools::MessageFields fields_;
    RecentSet seen_{100'000};
    struct Last {
        bool is_known = false;
        std::uint64_t payload = 0;
    };
    RecentTopics<Last> last_payloads_{1'000'000};
    RecentTopics<Clock::time_point> last_shown_{1'000'000};
};

}  // namespace mqtt_sub
