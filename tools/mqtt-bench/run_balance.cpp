// The balance of a run: what was owed, what came, what is lost, and what its stages did.
#include "mqtt-bench/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
// Of this host's workers.
Balance Run::own_balance() {
    Balance balance;
    balance.sent.resize(plan_->streams());
    balance.shared.resize(plan_->stream_sets());
    for (const auto& worker : workers_) {
        Generator& generator = worker->generator();
        generator.give_up_in_flight();
        generator.add_sent(balance.sent);
        balance.uncertain.insert(balance.uncertain.end(), generator.uncertain().begin(),
                                 generator.uncertain().end());
        for (std::size_t set = 0; set < balance.shared.size(); ++set)
            balance.shared[set].merge(generator.shared_checks()[set]);
    }
    return balance;
}

void Run::fill_checks() {
    Result& r = result_;
    Balance balance = own_balance();
    if (team_ != nullptr && zero_ns_ != 0) team_->add_up(balance);
    double sum = 0;
    double squares = 0;
    std::vector<std::uint64_t> each;
    for (const auto& worker : workers_) {
        Generator& generator = worker->generator();
        generator.excuse(balance.uncertain);
        r.checks.add(generator.check_counts());
        r.lost += generator.lost(balance.sent);
        r.excused += generator.excused(balance.sent);
        for (const std::uint64_t count : generator.per_subscriber()) {
            sum += static_cast<double>(count);
            squares += static_cast<double>(count) * static_cast<double>(count);
            each.push_back(count);
        }
    }
    // Of all hosts' members together: told once.
    if (spec_.agent == 0) fill_shared(balance);
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
    if (squares > 0) r.fairness = sum * sum / (squares * static_cast<double>(each.size()));
    if (!each.empty()) {
        std::sort(each.begin(), each.end());
        r.deliveries_min = each.front();
        r.deliveries_median = each[each.size() / 2];
        r.deliveries_max = each.back();
    }
    if (team_ != nullptr) {
        r.clock_error_ns = static_cast<double>(team_->clock_error_ns());
        return;  // the rest is said of all hosts together
    }
    settle_balance(r, *plan_);
}

void settle_balance(Result& r, const Plan& plan) {
    const std::uint64_t refused_here = plan.subscribers() == 0 ? r.counters.owed : r.excused;
    r.expected = r.counters.owed - std::min(r.counters.owed, refused_here);
    if (!r.lossless && plan.subscribers() > 0 && !plan.is_foreign()) {
        // Nothing tells one message from another: what is missing in number.
        const std::uint64_t distinct =
            r.counters.received - r.counters.retained - r.counters.foreign;
        r.lost = r.expected > distinct ? r.expected - distinct : 0;
    }
    if (plan.subscribers() == 0 || plan.is_unexpected()) r.lost = 0;
    r.proof = proof_of(r, plan);
}

// Of a shared subscription's members together every message is owed once.
void Run::fill_shared(const Balance& balance) {
    Result& r = result_;
    for (std::uint32_t set = 0; set < balance.shared.size(); ++set) {
        const SharedCheck& shared = balance.shared[set];
        if (!plan_->is_shared_set(set)) continue;
        r.checks.add(shared.counts());
        for (const Plan::Range& range : plan_->ranges_of(set)) {
            for (std::uint32_t s = range.first; s < range.first + range.count; ++s) {
                const std::uint64_t seen = shared.distinct_of(s);
                r.lost += balance.sent[s] > seen ? balance.sent[s] - seen : 0;
            }
        }
        for (const Uncertain& one : balance.uncertain) {
            if (plan_->place_in(set, one.stream) == Plan::kNone) continue;
            for (std::uint64_t sequence = one.first; sequence < one.past; ++sequence) {
                if (shared.has(one.stream, sequence)) continue;
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
