// $SYS/broker/...: the broker's figures as retained messages, under mosquitto's names, sent at the
// interval of the configuration and only when a value changed. Lives on shard 0.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/broker.hpp"
#include "net/timer_wheel.hpp"

namespace mqtt::broker {

class Shard;

class SysTopics final : private net::Timer {
public:
    explicit SysTopics(Shard& shard) : shard_(shard) {}
    ~SysTopics();
    SysTopics(const SysTopics&) = delete;
    SysTopics& operator=(const SysTopics&) = delete;
    void start();

private:
    // Exponential moving averages per minute over 1, 5 and 15 minutes.
    struct Load {
        std::uint64_t last = 0;
        double averages[3] = {};
    };

    // Of one shard's thread.
    struct ShardLoad {
        std::uint64_t clients = 0;
        std::uint64_t publishes_received = 0;
        std::uint64_t publishes_sent = 0;
        std::chrono::microseconds cpu{0};
    };
    struct Round;  // figures on their way from all shards

    void on_timer(TimePoint now) override;
    void collect();
    void publish_all(const BrokerStats& stats, const std::vector<ShardLoad>& shards);
    void publish_shards(const std::vector<ShardLoad>& shards);
    void publish_counts(const BrokerStats& stats);
    void publish_loads(const BrokerStats& stats);
    void publish_load(std::string_view name, std::uint64_t value);
    void publish(std::string_view name, std::uint64_t value);
    void publish(std::string_view name, std::string_view value);

    Shard& shard_;
    std::shared_ptr<Round> round_;
    std::map<std::string, std::string, std::less<>> last_;
    std::map<std::string, Load, std::less<>> loads_;
    std::vector<std::chrono::microseconds> cpu_;  // of each shard at the last round
    TimePoint last_round_{};
    std::uint64_t most_memory_ = 0;
};

}  // namespace mqtt::broker
