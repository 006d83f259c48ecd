// See figures.hpp. Names by Prometheus' conventions: base units, _total for counters.
#include "broker/http/figures.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "broker/http/gather.hpp"
#include "broker/http/json.hpp"

namespace mqtt::broker::http {
namespace {

enum class Kind : std::uint8_t { counter, gauge };

struct ShardRow {
    std::string_view name;   // without the prefix
    std::string_view label;  // reason="..." of a family that several rows make; empty: none
    Kind kind;
    std::string_view help;
    std::uint64_t (*value)(const ShardFigures&);
};

#define COUNT(member) [](const ShardFigures& f) -> std::uint64_t { return f.counters.member; }
#define FIGURE(member) [](const ShardFigures& f) -> std::uint64_t { return f.member; }

using enum Kind;
constexpr ShardRow kShardRows[] = {
    {"clients_connected", "", gauge, "Clients connected.", COUNT(clients_connected)},
    {"sessions", "", gauge, "Sessions, connected or kept.", FIGURE(sessions)},
    {"subscriptions", "", gauge, "Subscriptions.", FIGURE(subscriptions)},
    {"shared_subscriptions", "", gauge, "Shared subscriptions.", COUNT(shared_subscriptions)},
    {"queued_messages", "", gauge, "Messages that wait for clients.", COUNT(queued_messages)},
    {"queued_bytes", "", gauge, "Bytes of messages that wait for clients.", COUNT(queued_bytes)},
    {"queued_bytes_on_disk", "", gauge, "Bytes of these that are in the store only.",
     COUNT(queued_bytes_on_disk)},
    {"output_bytes", "", gauge, "Bytes staged for sockets that do not take them yet.",
     COUNT(output_bytes)},
    {"connects_total", "", counter, "CONNECT packets accepted.", COUNT(connects)},
    {"packets_received_total", "", counter, "Packets received.", COUNT(exchange.packets_received)},
    {"packets_sent_total", "", counter, "Packets sent.", COUNT(exchange.packets_sent)},
    {"publish_received_total", "", counter, "PUBLISH packets received.",
     COUNT(exchange.publishes_received)},
    {"publish_sent_total", "", counter, "PUBLISH packets sent.", COUNT(exchange.publishes_sent)},
    {"publish_received_bytes_total", "", counter, "Payload received.",
     COUNT(publish_bytes_received)},
    {"publish_sent_bytes_total", "", counter, "Payload sent.", COUNT(publish_bytes_sent)},
    {"received_bytes_total", "", counter, "Bytes received.", COUNT(bytes_received)},
    {"sent_bytes_total", "", counter, "Bytes sent.", COUNT(bytes_sent)},
    {"connections_accepted_total", "", counter, "Connections accepted.",
     COUNT(connections_accepted)},
    {"connections_refused_total", "", counter, "Connections and CONNECTs refused.",
     COUNT(connections_refused)},
    {"publish_refused_total", "", counter, "PUBLISH packets refused.", COUNT(publishes_refused)},
    {"messages_dropped_total", "output_full", counter, "Messages that limits cost a client.",
     COUNT(dropped_output_full)},
    {"messages_dropped_total", "queue_full", counter, "", COUNT(dropped_queue_full)},
    {"messages_dropped_total", "too_large", counter, "", COUNT(dropped_too_large)},
    {"messages_expired_total", "", counter, "Messages that expired while they waited.",
     COUNT(messages_expired)},
    {"sessions_expired_total", "", counter, "Sessions that expired.", COUNT(sessions_expired)},
};

#undef COUNT
#undef FIGURE

struct WholeRow {
    std::string_view name;
    Kind kind;
    std::string_view help;
    std::uint64_t (*value)(const BrokerStats&);
};

#define STAT(member) [](const BrokerStats& s) -> std::uint64_t { return s.member; }

constexpr WholeRow kWholeRows[] = {
    {"uptime_seconds", gauge, "Time since the start.",
     [](const BrokerStats& s) { return static_cast<std::uint64_t>(s.uptime.count()); }},
    {"connections", gauge, "Open connections, also before CONNECT.", STAT(sockets)},
    {"clients_connected_maximum", gauge, "Most clients connected at a time.",
     STAT(clients_maximum)},
    {"retained_messages", gauge, "Retained messages.", STAT(retained_messages)},
    {"retained_bytes", gauge, "Bytes of retained messages.", STAT(retained_bytes)},
    {"memory_bytes", gauge, "Memory of messages, queues, subscriptions and buffers.",
     STAT(memory_bytes)},
    {"store_failing", gauge, "1 while the store cannot be written and what needs it is refused.",
     STAT(store_is_failing)},
    {"store_commits_total", counter, "Transactions of the store.", STAT(store_commits)},
    {"store_failures_total", counter, "Tries to write the store, or to read it, that failed.",
     STAT(store_failures)},
    {"store_commit_microseconds", gauge, "How long its last transaction took.",
     STAT(store_commit_us)},
};

#undef STAT

std::string_view word(Kind kind) {
    return kind == counter ? "counter" : "gauge";
}

void append_head(std::string& out, std::string_view name, Kind kind, std::string_view help) {
    if (help.empty()) return;  // a further row of the same family
    out += fmt::format("# HELP mqtt_broker_{} {}\n# TYPE mqtt_broker_{} {}\n", name, help, name,
                       word(kind));
}

double seconds(std::chrono::microseconds time) {
    return std::chrono::duration<double>(time).count();
}

// \ " and line breaks, as label values want them.
std::string label_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

}  // namespace

std::uint64_t resident_bytes() {
    std::ifstream in("/proc/self/statm");
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    in >> total >> resident;
    return in ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

std::string as_metrics(const Figures& figures, const BrokerConfig& config) {
    std::string out;
    append_head(out, "build_info", gauge, "The program; always 1.");
    out += fmt::format("mqtt_broker_build_info{{version=\"{}\"}} 1\n",
                       label_text(config.version_text));
    for (const WholeRow& row : kWholeRows) {
        append_head(out, row.name, row.kind, row.help);
        out += fmt::format("mqtt_broker_{} {}\n", row.name, row.value(figures.whole));
    }
    out += fmt::format(
        "# HELP process_resident_memory_bytes Resident memory size in bytes.\n"
        "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {}\n",
        figures.resident_bytes);
    for (const ShardRow& row : kShardRows) {
        append_head(out, row.name, row.kind, row.help);
        for (std::size_t i = 0; i < figures.shards.size(); ++i) {
            const std::string reason =
                row.label.empty() ? "" : fmt::format(",reason=\"{}\"", row.label);
            out += fmt::format("mqtt_broker_{}{{shard=\"{}\"{}}} {}\n", row.name, i, reason,
                               row.value(figures.shards[i]));
        }
    }
    append_head(out, "cpu_seconds_total", counter, "Processor time of the shard's thread.");
    for (std::size_t i = 0; i < figures.shards.size(); ++i) {
        out += fmt::format("mqtt_broker_cpu_seconds_total{{shard=\"{}\"}} {:.6f}\n", i,
                           seconds(figures.shards[i].cpu));
    }
    append_head(out, "limit_hits_total", counter, "How often a limit acted on somebody.");
    for (std::size_t limit = 0; limit < kLimits; ++limit) {
        for (std::size_t i = 0; i < figures.shards.size(); ++i) {
            out += fmt::format("mqtt_broker_limit_hits_total{{shard=\"{}\",limit=\"{}\"}} {}\n", i,
                               info(static_cast<Limit>(limit)).name,
                               figures.shards[i].counters.limits.counts[limit]);
        }
    }
    return out;
}

std::string as_json(const Figures& figures, const BrokerConfig& config) {
    std::string out = "{";
    append_member(out, "version", config.version_text);
    for (const WholeRow& row : kWholeRows)
        append_member(out, row.name, row.value(figures.whole));
    append_member(out, "process_resident_memory_bytes", figures.resident_bytes);
    append_name(out, "limits");
    out += '{';
    for (std::size_t limit = 0; limit < kLimits; ++limit) {
        append_member(out, info(static_cast<Limit>(limit)).name,
                      figures.whole.limits.counts[limit]);
    }
    out += '}';
    append_name(out, "shards");
    out += '[';
    for (const ShardFigures& shard : figures.shards) {
        if (out.back() != '[') out += ',';
        out += '{';
        for (const ShardRow& row : kShardRows) {
            append_member(out,
                          row.label.empty() ? std::string(row.name)
                                            : fmt::format("dropped_{}_total", row.label),
                          row.value(shard));
        }
        append_name(out, "cpu_seconds_total");
        out += fmt::format("{:.6f}}}", seconds(shard.cpu));
    }
    out += "]}\n";
    return out;
}

void collect_figures(Shared& shared, std::function<void(const Figures&)> done) {
    auto figures = std::make_shared<Figures>();
    figures->whole = shared_figures(shared);
    const auto collect = [](Shard& shard, Figures& all) {
        all.shards.push_back(figures_of(shard));
        add(all.whole, all.shards.back());
    };
    gather(shared, std::move(figures), collect, [done = std::move(done)](Figures& all) {
        all.resident_bytes = resident_bytes();
        done(all);
    });
}

}  // namespace mqtt::broker::http
