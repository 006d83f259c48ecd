// What --top and --stat know about topics: counts, rates, the last message. Plain data and arithmetic;
// time is an argument. Used by top_view, topic_tree and stat_lines.
//
// Bounded: at most 100,000 topics (messages on others are counted in the totals), and 64 MiB of
// payloads; beyond that, and of a payload above 64 KiB, the first 256 bytes are kept.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "mqtt/packet.hpp"

namespace mqtt_sub {

using TopClock = std::chrono::steady_clock;

inline constexpr std::size_t kHistorySeconds = 60;
inline constexpr std::size_t kRateSeconds = 5;  // over which a rate is an average

// Events per second over the last minute.
class RateHistory {
public:
    void add(std::uint64_t n) { current_ += n; }
    void tick();  // a second is over
    double rate() const;
    // The count of the second that ended `ago` + 1 ticks ago.
    std::uint32_t at(std::size_t ago) const;
    std::size_t seconds() const { return filled_; }

private:
    std::uint64_t current_ = 0;
    std::array<std::uint32_t, kHistorySeconds> ring_{};
    std::uint8_t next_ = 0;
    std::uint8_t filled_ = 0;
};

struct TopicStats {
    std::string topic;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    RateHistory history;
    // Of the last message:
    TopClock::time_point last_seen;
    std::string payload;            // perhaps only its beginning
    std::size_t payload_bytes = 0;  // all of it
    mqtt::PropertyList properties;
    mqtt::QoS qos = mqtt::QoS::at_most_once;
    bool retain = false;
};

struct Totals {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    RateHistory rate;
    RateHistory byte_rate;
    std::uint64_t topics_left_out = 0;  // messages on topics beyond the limit
};

class TopicTable {
public:
    void add(const mqtt::Publish& message, TopClock::time_point now);
    // A second is over: histories move on.
    void tick();
    void clear();

    const std::deque<TopicStats>& topics() const { return topics_; }  // in order of appearance
    const Totals& totals() const { return totals_; }
    void set_limits(std::size_t topics, std::size_t payload_bytes);  // for tests

private:
    TopicStats* find_or_add(std::string_view topic);
    void keep_payload(TopicStats& stats, std::string_view payload);

    std::deque<TopicStats> topics_;
    std::unordered_map<std::string, std::size_t> index_;
    std::string key_;  // no allocation for a look-up
    Totals totals_;
    std::size_t kept_bytes_ = 0;
    std::size_t maximum_topics_ = 100'000;
    std::size_t maximum_bytes_ = 64 * 1024 * 1024;
};

}  // namespace mqtt_sub
