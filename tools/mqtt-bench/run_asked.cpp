// What a run was asked, in the words of its result; and what its balance proves. Functions of plain data,
// used by a run of this host and by the coordinator of several.
#include <fmt/format.h>

#include "mqtt-bench/run.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {

void fill_asked(Result& r, const Spec& spec, const Plan& plan) {
    r.command = command_name(spec.command);
    r.shape = spec.command == Command::pubsub ? shape_name(spec.shape) : "";
    r.description = plan.describe();
    r.command_line = spec.command_line;
    for (const Endpoint& target : spec.targets)
        r.targets.push_back(to_url(target));
    r.version = spec.connect.version == ProtocolVersion::v5       ? "5"
                : spec.connect.version == ProtocolVersion::v3_1_1 ? "3.1.1"
                                                                  : "3.1";
    for (const PlannedGroup& group : plan.groups()) {
        if (group.publishers == 0) continue;
        r.qos = std::max(r.qos, static_cast<int>(group.spec.qos));
        r.payload_bytes = std::max(r.payload_bytes, group.spec.payload_bytes);
    }
    r.saturation = spec.max;
    r.max_lag_seconds = std::chrono::duration<double>(spec.max_lag).count();
    r.lossless = plan.has_header() || plan.has_short_header() || plan.is_foreign();
    r.seed = spec.seed;
    r.run_id = plan.run_id();
    r.clients = plan.clients();
    r.publishers = plan.publishers();
    r.subscribers = plan.subscribers();
    r.fan_out = plan.fan_out();
    r.offered_rate = plan.offered_rate();
}

// What was acknowledged must have arrived: at least once, or exactly once. Judged when publishers and
// subscribers are all of one QoS and every message can be told from the others.
std::string proof_of(const Result& r, const Plan& plan) {
    if (r.qos == 0 || !r.lossless || plan.is_foreign() || r.subscribers == 0 || r.partial) {
        return {};
    }
    for (const PlannedGroup& group : plan.groups()) {
        const bool mixed = group.publishers > 0 && (!group.spec.qos_mix.empty() ||
                                                    static_cast<int>(group.spec.qos) != r.qos);
        const bool lower =
            group.subscribers > 0 && static_cast<int>(group.spec.subscribe_qos) < r.qos;
        if (mixed || lower) return {};
    }
    if (r.counters.unkept_deliveries > 0) {
        return fmt::format(
            "QoS {}: not provable, {} acknowledgements went down with their connections or were "
            "refusals: too many to keep",
            r.qos,
            with_commas(static_cast<std::int64_t>(r.counters.unproven + r.counters.refused)));
    }
    const std::uint64_t twice = r.checks.duplicates + r.checks.flagged_duplicates;
    const auto number = [](std::uint64_t n) { return with_commas(static_cast<std::int64_t>(n)); };
    const std::string acked = number(r.counters.acked);
    if (r.qos == 1 && r.lost == 0) {
        return fmt::format("QoS 1: all {} acknowledged arrived at least once", acked);
    }
    if (r.qos == 1) {
        return fmt::format("QoS 1 broken: {} deliveries of {} acknowledged never arrived",
                           number(r.lost), acked);
    }
    if (r.lost == 0 && twice == 0) {
        return fmt::format("QoS 2: all {} acknowledged arrived exactly once", acked);
    }
    return fmt::format("QoS 2 broken: of {} acknowledged {} never arrived, {} came twice", acked,
                       number(r.lost), number(twice));
}

}  // namespace mqtt::bench
