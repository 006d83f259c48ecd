// Collecting and publishing the figures.
#include "broker/sys_topics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "broker/shard.hpp"
#include "broker/stats.hpp"

namespace mqtt::broker {

void SysTopics::start() {
    if (shard_.config().sys_interval.count() == 0) return;
    publish("version", shard_.config().version_text);
    collect();
    shard_.loop().set_timer(*this, shard_.now() + shard_.config().sys_interval);
}

void SysTopics::on_timer(TimePoint now) {
    collect();
    shard_.loop().set_timer(*this, now + shard_.config().sys_interval);
}

// Goes from shard to shard: each adds its own figures on its thread, and after the last one the
// first publishes the sum.
struct SysTopics::Round {
    SysTopics* owner;  // shard 0 only; null: gone meanwhile
    Shared& shared;
    BrokerStats sum;
    std::vector<ShardLoad> loads;

    static void visit(const std::shared_ptr<Round>& round, std::size_t index) {
        const auto& shards = round->shared.shards;
        Shard& shard = *shards[index % shards.size()];
        shard.loop().post([round, &shard, index] {
            if (index < round->shared.shards.size()) {
                const ShardFigures figures = figures_of(shard);
                add(round->sum, figures);
                const Counters& c = figures.counters;
                round->loads.push_back({c.clients_connected, c.exchange.publishes_received,
                                        c.exchange.publishes_sent, figures.cpu});
                visit(round, index + 1);
            } else if (round->owner != nullptr) {
                round->owner->publish_all(round->sum, round->loads);
            }
        });
    }
};

SysTopics::~SysTopics() {
    if (round_) round_->owner = nullptr;
}

void SysTopics::collect() {
    if (round_) round_->owner = nullptr;
    round_ =
        std::make_shared<Round>(Round{this, shard_.shared(), shared_figures(shard_.shared()), {}});
    Round::visit(round_, 0);
}

void SysTopics::publish_all(const BrokerStats& stats, const std::vector<ShardLoad>& shards) {
    publish("uptime", fmt::format("{} seconds", stats.uptime.count()));
    publish_counts(stats);
    publish_loads(stats);
    publish_shards(shards);
}

// Counts since the start, and the part of a core that the thread has used since the last time, in percent.
void SysTopics::publish_shards(const std::vector<ShardLoad>& shards) {
    const TimePoint now = shard_.now();
    const std::chrono::duration<double> passed = now - last_round_;
    const bool has_past = cpu_.size() == shards.size() && passed.count() > 0;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const ShardLoad& load = shards[i];
        publish(fmt::format("shards/{}/clients/connected", i), load.clients);
        publish(fmt::format("shards/{}/publish/messages/received", i), load.publishes_received);
        publish(fmt::format("shards/{}/publish/messages/sent", i), load.publishes_sent);
        const std::chrono::duration<double> used = has_past ? load.cpu - cpu_[i] : load.cpu;
        const double percent = has_past ? used.count() / passed.count() * 100 : 0;
        publish(fmt::format("shards/{}/load/cpu", i), fmt::format("{:.1f}", percent));
    }
    cpu_.clear();
    for (const ShardLoad& load : shards)
        cpu_.push_back(load.cpu);
    last_round_ = now;
}

void SysTopics::publish_counts(const BrokerStats& s) {
    const std::uint64_t away = s.sessions - std::min(s.sessions, s.clients_connected);
    publish("clients/total", s.sessions);
    publish("clients/connected", s.clients_connected);
    publish("clients/active", s.clients_connected);
    publish("clients/disconnected", away);
    publish("clients/inactive", away);
    publish("clients/maximum", s.clients_maximum);
    publish("clients/expired", s.sessions_expired);
    publish("messages/received", s.packets_received);
    publish("messages/sent", s.packets_sent);
    publish("messages/stored", s.retained_messages + s.queued_messages);
    publish("store/messages/count", s.retained_messages + s.queued_messages);
    publish("store/messages/bytes", s.retained_bytes + s.queued_bytes);
    publish("store/messages/bytes_on_disk", s.queued_bytes_on_disk);
    publish("store/commits", s.store_commits);
    publish("store/failures", s.store_failures);
    publish("store/failing", s.store_is_failing);
    publish("subscriptions/count", s.subscriptions);
    publish("shared_subscriptions/count", s.shared_subscriptions);
    publish("retained messages/count", s.retained_messages);
    publish("bytes/received", s.bytes_received);
    publish("bytes/sent", s.bytes_sent);
    publish("publish/messages/received", s.publishes_received);
    publish("publish/messages/sent", s.publishes_sent);
    publish("publish/messages/dropped", s.messages_dropped);
    publish("publish/bytes/received", s.publish_bytes_received);
    publish("publish/bytes/sent", s.publish_bytes_sent);
    publish("connections/socket/count", s.sockets);
    publish("heap/current", s.memory_bytes);
    most_memory_ = std::max(most_memory_, s.memory_bytes);
    publish("heap/maximum", most_memory_);
    publish("packet/out/bytes", s.output_bytes);
    publish("packet/out/count", s.output_packets);
    publish("connections/refused", s.connections_refused);
    publish("publish/messages/refused", s.publishes_refused);
    publish("limits/max_queued", s.dropped_queue_full);
    publish("limits/output_budget", s.dropped_output_full);
    publish("limits/max_packet_size_of_client", s.dropped_too_large);
    for (std::size_t i = 0; i < kLimits; ++i) {
        const auto limit = static_cast<Limit>(i);
        publish(fmt::format("limits/{}", info(limit).name), s.limits[limit]);
    }
}

void SysTopics::publish_loads(const BrokerStats& s) {
    publish_load("messages/received", s.packets_received);
    publish_load("messages/sent", s.packets_sent);
    publish_load("publish/received", s.publishes_received);
    publish_load("publish/sent", s.publishes_sent);
    publish_load("publish/dropped", s.messages_dropped);
    publish_load("bytes/received", s.bytes_received);
    publish_load("bytes/sent", s.bytes_sent);
    publish_load("sockets", s.connections_accepted);
    publish_load("connections", s.connects);
}

void SysTopics::publish_load(std::string_view name, std::uint64_t value) {
    static constexpr struct {
        int minutes;
        const char* name;
    } kSpans[] = {{1, "1min"}, {5, "5min"}, {15, "15min"}};
    Load& load = loads_[std::string(name)];
    const double interval = static_cast<double>(shard_.config().sys_interval.count()) / 60.0;
    const double per_minute = static_cast<double>(value - load.last) / interval;
    load.last = value;
    for (int i = 0; i < 3; ++i) {
        const double keep = std::exp(-interval / kSpans[i].minutes);
        load.averages[i] = per_minute + keep * (load.averages[i] - per_minute);
        publish(fmt::format("load/{}/{}", name, kSpans[i].name),
                fmt::format("{:.2f}", load.averages[i]));
    }
}

void SysTopics::publish(std::string_view name, std::uint64_t value) {
    publish(name, fmt::format("{}", value));
}

void SysTopics::publish(std::string_view name, std::string_view value) {
    std::string& last = last_[std::string(name)];
    if (last == value) return;
    last = value;
    const std::string topic = fmt::format("$SYS/broker/{}", name);
    Publication publication;
    publication.topic = topic;
    publication.payload = as_bytes(value);
    publication.qos = QoS::exactly_once;
    publication.retain = true;
    shard_.publisher.publish(publication);
}

}  // namespace mqtt::broker
