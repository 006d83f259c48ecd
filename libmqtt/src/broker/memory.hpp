// The memory limit of the broker: what all threads' pools hold (messages, queues, subscriptions,
// buffers), the soft and the hard mark, and what is done at the hard one. One per shard; without a
// limit it costs a comparison.
#pragma once

#include <atomic>
#include <cstddef>

#include "mqtt/broker.hpp"
#include "net/timer_wheel.hpp"

namespace mqtt::broker {

class Peer;
class Shard;

class Memory final : private net::Timer {
public:
    explicit Memory(Shard& shard) : shard_(shard) {}

    // The soft mark was reached, and since then not so much given back that less than three quarters
    // are in use: nothing new is taken. Exact for this thread, at most 100 ms old for the others.
    bool is_short() { return limit() != 0 && look(); }
    // For each message: `config` is the one in force.
    bool is_short(const BrokerConfig& config) { return config.memory_limit != 0 && look(); }
    // Something arrived that may grow: looks at the figures until they stand still.
    void watch() {
        if (limit() != 0 && !is_watching_) start_watching();
    }
    // What this shard's thread holds, as last looked at. Any thread.
    std::ptrdiff_t used() const { return used_.load(std::memory_order_relaxed); }

private:
    std::size_t limit() const;
    std::size_t soft_mark() const { return limit() - limit() / 8; }
    std::size_t total();
    bool look();
    void start_watching();
    void on_timer(TimePoint now) override;
    void relieve(std::size_t excess);

    Shard& shard_;
    std::atomic<std::ptrdiff_t> used_ = 0;
    std::ptrdiff_t used_at_last_look_ = 0;
    bool is_watching_ = false;
    bool is_short_ = false;
};

}  // namespace mqtt::broker
