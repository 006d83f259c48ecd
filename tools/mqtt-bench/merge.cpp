// Adding up; see the header.
#include "mqtt-bench/merge.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "mqtt-bench/heat.hpp"

namespace mqtt::bench {
namespace {

void join_text(std::string& to, const std::string& from, std::string_view between) {
    if (from.empty() || to == from) return;
    if (to.find(from) != std::string::npos) return;
    if (!to.empty()) to += between;
    to += from;
}

void add_generator(GeneratorCost& to, const GeneratorCost& from) {
    to.threads += from.threads;
    to.polls = to.polls || from.polls;
    to.cpu_ns += from.cpu_ns;
    to.busiest_share = std::max(to.busiest_share, from.busiest_share);
    to.waiting_share = std::max(to.waiting_share, from.waiting_share);
    to.rss_before += from.rss_before;
    to.rss_connected += from.rss_connected;
    to.rss_bytes += from.rss_bytes;
}

void add_environment(Result& to, const Result& from) {
    for (const auto& [name, value] : from.environment) {
        const auto same =
            std::find_if(to.environment.begin(), to.environment.end(),
                         [&name = name](const auto& entry) { return entry.first == name; });
        if (same == to.environment.end()) {
            to.environment.emplace_back(name, value);
        } else {
            join_text(same->second, value, " | ");
        }
    }
}

void add_asked(Result& to, const Result& from) {
    join_text(to.description, from.description, " + ");
    join_text(to.command_line, from.command_line, " ; ");
    join_text(to.version, from.version, ", ");
    for (const std::string& target : from.targets) {
        if (std::find(to.targets.begin(), to.targets.end(), target) == to.targets.end()) {
            to.targets.push_back(target);
        }
    }
    to.qos = std::max(to.qos, from.qos);
    to.saturation = to.saturation || from.saturation;
    to.lossless = to.lossless && from.lossless;
    to.clients += from.clients;
    to.publishers += from.publishers;
    to.subscribers += from.subscribers;
    to.fan_out = std::max(to.fan_out, from.fan_out);
    to.payload_bytes = std::max(to.payload_bytes, from.payload_bytes);
    to.offered_rate += from.offered_rate;
    for (const AssertionResult& a : from.assertions) {
        const bool known = std::any_of(to.assertions.begin(), to.assertions.end(),
                                       [&](const AssertionResult& b) { return a.text == b.text; });
        if (!known) to.assertions.push_back(a);
    }
}

void add_found(Result& to, const Result& from) {
    to.connect_seconds = std::max(to.connect_seconds, from.connect_seconds);
    to.warmup_seconds = std::max(to.warmup_seconds, from.warmup_seconds);
    to.measured_seconds = std::max(to.measured_seconds, from.measured_seconds);
    to.drain_seconds = std::max(to.drain_seconds, from.drain_seconds);
    to.clock_error_ns = std::max(to.clock_error_ns, from.clock_error_ns);
    // Of subscribers, weighted by how many each of them had (from.subscribers are in to already).
    if (to.subscribers > 0) {
        const double share = from.subscribers / static_cast<double>(to.subscribers);
        to.fairness = to.fairness * (1 - share) + from.fairness * share;
    }
    // Of whom has any; the median is that of the host with the larger one.
    if (to.deliveries_max == 0 ||
        (from.deliveries_max > 0 && from.deliveries_min < to.deliveries_min))
        to.deliveries_min = from.deliveries_min;
    to.deliveries_median = std::max(to.deliveries_median, from.deliveries_median);
    to.deliveries_max = std::max(to.deliveries_max, from.deliveries_max);
    to.warmup_steady = to.warmup_steady && from.warmup_steady;
    to.impossible = to.impossible || from.impossible;
    to.counters.add(from.counters);
    to.checks.add(from.checks);
    to.lost += from.lost;
    to.expected += from.expected;
    to.excused += from.excused;
    to.stages.insert(to.stages.end(), from.stages.begin(), from.stages.end());
    to.series.merge(from.series);
    if (from.broker && !to.broker) {
        to.broker = from.broker;
    } else if (from.broker && from.broker->source != to.broker->source) {
        to.broker->source += " + " + from.broker->source;
        to.broker->cpu_ns += from.broker->cpu_ns;
        to.broker->rss_before += from.broker->rss_before;
        to.broker->rss_connected += from.broker->rss_connected;
        to.broker->rss_after += from.broker->rss_after;
        to.broker->switches += from.broker->switches;
    }
    if (from.sys && !to.sys) to.sys = from.sys;
    add_generator(to.generator, from.generator);
    to.partial = to.partial || from.partial;
    if (to.error.empty()) to.error = from.error;
}

// Key: whole seconds of the wall clock since the earliest start.
void lay_over(std::map<long, Second>& seconds, const Result& r, double base) {
    for (const Second& second : r.seconds) {
        const long key = std::lround(r.started_epoch - base + second.elapsed);
        const auto [entry, is_new] = seconds.try_emplace(key, second);
        if (!is_new) add_second(entry->second, second);
    }
}

}  // namespace

void add_second(Second& to, const Second& from) {
    to.at = std::max(to.at, from.at);
    to.elapsed = std::max(to.elapsed, from.elapsed);
    to.offered += from.offered;
    to.sent += from.sent;
    to.acked += from.acked;
    to.received += from.received;
    to.outstanding += from.outstanding;
    to.e2e_p50_ns = std::max(to.e2e_p50_ns, from.e2e_p50_ns);
    to.e2e_p99_ns = std::max(to.e2e_p99_ns, from.e2e_p99_ns);
    to.e2e_max_ns = std::max(to.e2e_max_ns, from.e2e_max_ns);
    to.ack_p99_ns = std::max(to.ack_p99_ns, from.ack_p99_ns);
    to.lag_p99_ns = std::max(to.lag_p99_ns, from.lag_p99_ns);
    // Several of them watched the same broker, or each its own: the largest is true of one.
    to.broker_cpu_share = std::max(to.broker_cpu_share, from.broker_cpu_share);
    to.broker_rss_bytes = std::max(to.broker_rss_bytes, from.broker_rss_bytes);
    to.generator_cpu_share += from.generator_cpu_share;
    to.connected += from.connected;
    add_heat(to.heat, from.heat);
}

void judge_together(Result& sum, std::span<const Result> results) {
    judge(sum);
    for (const Result& r : results) {
        if (r.verdict.valid || !sum.verdict.valid) continue;
        sum.verdict = r.verdict;
        if (sum.error.empty()) sum.exit_code = kExitInvalid;
    }
}

Result merge_results(std::span<const Result> results) {
    if (results.empty()) throw std::invalid_argument("merge needs results");
    Result sum = results.front();
    double base = sum.started_epoch;
    for (const Result& r : results)
        base = std::min(base, r.started_epoch);
    std::map<long, Second> seconds;
    for (const Result& r : results)
        lay_over(seconds, r, base);
    for (const Result& r : results.subspan(1)) {
        add_asked(sum, r);
        add_found(sum, r);
        add_environment(sum, r);
        if (r.command != sum.command) sum.command = "pubsub";
    }
    sum.started_epoch = base;
    sum.seconds.clear();
    for (auto& [key, second] : seconds)
        sum.seconds.push_back(std::move(second));
    judge_together(sum, results);
    return sum;
}

}  // namespace mqtt::bench
