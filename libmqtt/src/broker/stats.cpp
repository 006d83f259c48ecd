// Adding up.
#include "broker/stats.hpp"

#include <ctime>

namespace mqtt::broker {

ShardFigures figures_of(const Shard& shard) {
    timespec cpu{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return {shard.snapshot(), shard.sessions.count(), shard.subscriptions.count(),
            std::chrono::microseconds(std::int64_t{cpu.tv_sec} * 1'000'000 + cpu.tv_nsec / 1'000)};
}

void add(BrokerStats& sum, const ShardFigures& figures) {
    const Counters& c = figures.counters;
    sum.connections_accepted += c.connections_accepted;
    sum.connections_refused += c.connections_refused;
    sum.bytes_received += c.bytes_received;
    sum.bytes_sent += c.bytes_sent;
    sum.packets_received += c.exchange.packets_received;
    sum.packets_sent += c.exchange.packets_sent;
    sum.publishes_received += c.exchange.publishes_received;
    sum.publishes_sent += c.exchange.publishes_sent;
    sum.publish_bytes_received += c.publish_bytes_received;
    sum.publish_bytes_sent += c.publish_bytes_sent;
    sum.dropped_output_full += c.dropped_output_full;
    sum.dropped_queue_full += c.dropped_queue_full;
    sum.dropped_too_large += c.dropped_too_large;
    sum.messages_dropped += c.dropped_output_full + c.dropped_queue_full + c.dropped_too_large;
    sum.messages_expired += c.messages_expired;
    sum.publishes_refused += c.publishes_refused;
    sum.sessions_expired += c.sessions_expired;
    sum.connects += c.connects;
    sum.output_bytes += c.output_bytes;
    sum.output_packets += c.output_packets;
    for (std::size_t i = 0; i < kLimits; ++i)
        sum.limits.counts[i] += c.limits.counts[i];
    sum.clients_connected += c.clients_connected;
    sum.sessions += figures.sessions;
    sum.subscriptions += figures.subscriptions;
    sum.shared_subscriptions += c.shared_subscriptions;
    sum.queued_messages += c.queued_messages;
    sum.queued_bytes += c.queued_bytes;
    sum.queued_bytes_on_disk += c.queued_bytes_on_disk;
}

BrokerStats shared_figures(const Shared& shared) {
    BrokerStats stats;
    stats.uptime = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - shared.started);
    stats.sockets = shared.admission.open();
    stats.clients_maximum = shared.clients_maximum.load(std::memory_order_relaxed);
    stats.retained_messages = shared.retained.count();
    stats.memory_bytes = shared.memory_used();
    stats.retained_bytes = shared.retained.size_bytes();
    if (shared.writer) {
        const store::Writer::Figures store = shared.writer->figures();
        stats.store_commits = store.commits;
        stats.store_failures = store.failures;
        stats.store_commit_us = store.last_commit_us;
        stats.store_is_failing = shared.writer->is_failing() ? 1 : 0;
    }
    return stats;
}

BrokerStats collect_stats(const Shared& shared) {
    BrokerStats sum = shared_figures(shared);
    for (const auto& shard : shared.shards) {
        ShardFigures figures;
        ask(*shard, [&](const Shard& s) { figures = figures_of(s); });
        add(sum, figures);
    }
    return sum;
}

}  // namespace mqtt::broker
