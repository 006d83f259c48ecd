// Figures of the whole broker: each shard is asked for its own on its thread, then they are added.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "broker/shard.hpp"
#include "mqtt/broker.hpp"

namespace mqtt::broker {

// Runs `f(Shard&)` on the shard's thread and waits for it. Not from a loop's thread.
template <class F>
void ask(Shard& shard, F f) {
    std::mutex mutex;
    std::condition_variable answered;
    bool done = false;
    shard.loop().post([&] {
        f(shard);
        const std::lock_guard lock(mutex);
        done = true;
        answered.notify_one();
    });
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return done; });
}

// What one shard has to say, on its thread.
struct ShardFigures {
    Counters counters;
    std::size_t sessions = 0;
    std::size_t subscriptions = 0;
    std::chrono::microseconds cpu{0};  // of its thread, since the start
};
ShardFigures figures_of(const Shard& shard);
void add(BrokerStats& sum, const ShardFigures& figures);
// The part that belongs to no shard.
BrokerStats shared_figures(const Shared& shared);

// Not from a loop's thread.
BrokerStats collect_stats(const Shared& shared);

}  // namespace mqtt::broker
