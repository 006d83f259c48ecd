// The balance of a run: what was owed, what came, what is lost, and what its stages did.
#include "mqtt-bench/run.hpp"

#include <fmt/format.h>

#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

double seconds_between(std::int64_t from, std::int64_t to) {
    return static_cast<double>(to - from) / 1e9;
}

}  // namespace

void Run::fill_checks() {
    Result& r = result_;
    std::vector<std::uint64_t> sent(plan_->streams());
    std::vector<Uncertain> uncertain;
    for (const auto& worker : workers_) {
        Generator& generator = worker->generator();
        generator.give_up_in_flight();
        generator.add_sent(sent);
        uncertain.insert(uncertain.end(), generator.uncertain().begin(),
                         generator.uncertain().end());
    }
    std::vector<SharedCheck> shared(plan_->stream_sets());
    double sum = 0;
    double squares = 0;
    for (const auto& worker : workers_) {
        Generator& generator = worker->generator();
        generator.excuse(uncertain);
        r.checks.add(generator.check_counts());
        r.lost += generator.lost(sent);
        r.excused += generator.excused(sent);
        for (std::size_t set = 0; set < shared.size(); ++set)
            shared[set].merge(generator.shared_checks()[set]);
        for (const std::uint64_t count : generator.per_subscriber()) {
            sum += static_cast<double>(count);
            squares += static_cast<double>(count) * static_cast<double>(count);
        }
    }
    fill_shared(shared, sent, uncertain);
    // Which of them arrived is not known any more: the benefit of the doubt, and no proof.
    r.counters.unproven = r.counters.unkept_deliveries = 0;
    for (const auto& worker : workers_) {
        const Counters& final = worker->generator().counters();
        r.counters.unproven += final.unproven;
        r.counters.unkept_deliveries += final.unkept_deliveries;
    }
    const std::uint64_t doubtful = std::min(r.lost, r.counters.unkept_deliveries);
    r.lost -= doubtful;
    r.excused += doubtful;
    if (squares > 0) r.fairness = sum * sum / (squares * plan_->subscribers());
    const std::uint64_t refused_here = plan_->subscribers() == 0 ? r.counters.owed : r.excused;
    r.expected = r.counters.owed - std::min(r.counters.owed, refused_here);
    if (!r.lossless && plan_->subscribers() > 0 && !plan_->is_foreign()) {
        // Nothing tells one message from another: what is missing in number.
        const std::uint64_t distinct = delivered();
        r.lost = r.expected > distinct ? r.expected - distinct : 0;
    }
    if (plan_->subscribers() == 0 || plan_->is_unexpected()) r.lost = 0;
    fill_proof();
}

// What was acknowledged must have arrived: at least once, or exactly once. Judged when publishers and
// subscribers are all of one QoS and every message can be told from the others.
void Run::fill_proof() {
    Result& r = result_;
    if (r.qos == 0 || !r.lossless || plan_->is_foreign() || r.subscribers == 0 || r.partial) return;
    for (const PlannedGroup& group : plan_->groups()) {
        const bool mixed = group.publishers > 0 && (!group.spec.qos_mix.empty() ||
                                                    static_cast<int>(group.spec.qos) != r.qos);
        const bool lower =
            group.subscribers > 0 && static_cast<int>(group.spec.subscribe_qos) < r.qos;
        if (mixed || lower) return;
    }
    if (r.counters.unkept_deliveries > 0) {
        r.proof = fmt::format(
            "QoS {}: not provable, {} acknowledgements went down with their connections or were "
            "refusals: too many to keep",
            r.qos,
            with_commas(static_cast<std::int64_t>(r.counters.unproven + r.counters.refused)));
        return;
    }
    const std::uint64_t twice = r.checks.duplicates + r.checks.flagged_duplicates;
    const auto number = [](std::uint64_t n) { return with_commas(static_cast<std::int64_t>(n)); };
    const std::string acked = number(r.counters.acked);
    if (r.qos == 1) {
        r.proof = r.lost == 0
                      ? fmt::format("QoS 1: all {} acknowledged arrived at least once", acked)
                      : fmt::format("QoS 1 broken: {} deliveries of {} acknowledged never arrived",
                                    number(r.lost), acked);
    } else if (r.lost == 0 && twice == 0) {
        r.proof = fmt::format("QoS 2: all {} acknowledged arrived exactly once", acked);
    } else {
        r.proof = fmt::format("QoS 2 broken: of {} acknowledged {} never arrived, {} came twice",
                              acked, number(r.lost), number(twice));
    }
}

// Of a shared subscription's members together every message is owed once.
void Run::fill_shared(const std::vector<SharedCheck>& shared,
                      const std::vector<std::uint64_t>& sent,
                      const std::vector<Uncertain>& uncertain) {
    Result& r = result_;
    for (std::uint32_t set = 0; set < shared.size(); ++set) {
        if (!plan_->is_shared_set(set)) continue;
        r.checks.add(shared[set].counts());
        for (const Plan::Range& range : plan_->ranges_of(set)) {
            for (std::uint32_t s = range.first; s < range.first + range.count; ++s) {
                const std::uint64_t seen = shared[set].distinct_of(s);
                r.lost += sent[s] > seen ? sent[s] - seen : 0;
            }
        }
        for (const Uncertain& one : uncertain) {
            if (plan_->place_in(set, one.stream) == Plan::kNone) continue;
            for (std::uint64_t sequence = one.first; sequence < one.past; ++sequence) {
                if (shared[set].has(one.stream, sequence)) continue;
                ++r.excused;
                if (r.lost > 0) --r.lost;
            }
        }
    }
}

void Run::fill_stages() {
    for (std::size_t i = 0; i < plan_->timeline().size(); ++i) {
        const PlannedStage& planned = plan_->timeline()[i];
        StageResult stage;
        stage.at = std::chrono::duration<double>(planned.at).count();
        stage.text = planned.describe();
        std::int64_t back = 0;
        std::int64_t last = 0;
        std::int64_t begun = 0;
        for (const auto& worker : workers_) {
            if (i >= worker->stage_outcomes().size()) continue;
            const StageOutcome& outcome = worker->stage_outcomes()[i];
            const Generator::Backlog& backlog = worker->generator().backlogs()[i];
            begun = begun == 0 ? outcome.at_ns : std::min(begun, outcome.at_ns);
            stage.clients += outcome.hit;
            stage.back += outcome.back;
            if (planned.stage.action != Stage::Action::rate) stage.backlog += backlog.messages;
            back = std::max(back, outcome.back_ns);
            if (backlog.messages > 0) last = std::max(last, backlog.last_ns);
        }
        if (begun == 0) return;  // the run ended before it
        if (back != 0) stage.back_seconds = seconds_between(begun, back);
        if (last != 0 && stage.backlog > 0) stage.backlog_seconds = seconds_between(begun, last);
        result_.stages.push_back(std::move(stage));
    }
}

}  // namespace mqtt::bench
