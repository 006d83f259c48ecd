// What happens to connections in the middle of a run: stages, churn, groups that come later, slow
// subscribers. Every worker does it to its own clients; which ones is the same for any number of
// workers.
#include <algorithm>
#include <cmath>

#include "mqtt-bench/worker_client.hpp"

namespace mqtt::bench {

void Worker::run_stages(std::int64_t now) {
    if (!slow_.empty()) resume_slow(now);  // after the end of the load, too
    if (!started_ || load_ended_) return;
    const auto& timeline = plan_.timeline();
    while (next_stage_ < timeline.size() && now >= zero_ + timeline[next_stage_].at.count()) {
        outcomes_.push_back({.at_ns = now});
        generator_->mark(now);
        run_stage(timeline[next_stage_++]);
    }
    if (spec_.churn > 0) churn(now);
}

void Worker::run_stage(const PlannedStage& planned) {
    const Stage& stage = planned.stage;
    for (Client& client : clients_) {
        const PlannedGroup& group = plan_.groups()[client.group];
        if (!stage.group.empty() && stage.group != group.spec.name) continue;
        const double share =
            stage.count > 0 ? std::min(1.0, stage.count / static_cast<double>(group.spec.clients))
                            : stage.fraction;
        // Every 1 / share-th client, others each time.
        const double n = client.number + planned.occurrence * 7.0;
        if (std::floor((n + 1) * share + 1e-9) <= std::floor(n * share + 1e-9)) continue;
        if (!act(stage, client)) continue;
        ++outcomes_.back().hit;
        if (stage.action == Stage::Action::rate) continue;  // nobody goes, nobody comes back
        client.stage = static_cast<std::uint16_t>(outcomes_.size());
    }
}

bool Worker::act(const Stage& stage, Client& client) {
    switch (stage.action) {
    case Stage::Action::drop: return client.drop(stage.ending, true);
    case Stage::Action::disconnect: return client.drop(stage.ending, false);
    case Stage::Action::connect:
        if (!client.is_away()) return false;
        reopen(client, now_ns());
        return true;
    case Stage::Action::subscribe: return client.subscribe();
    case Stage::Action::unsubscribe: return client.unsubscribe();
    case Stage::Action::rate: return client.publisher != Client::kNone;  // the schedule does it
    }
    return false;
}

// So many clients per second lose their connection and come back, evenly, one after the other.
void Worker::churn(std::int64_t now) {
    if (now < zero_ || clients_.empty()) return;
    const double due =
        static_cast<double>(now - zero_) / 1e9 * spec_.churn * static_cast<double>(clients_.size());
    for (; churned_ + 1 <= due; ++churned_) {
        churn_cursor_ = (churn_cursor_ + 1) % clients_.size();
        clients_[churn_cursor_].drop(spec_.churn_ending, true);
    }
}

void Worker::note_back(std::uint16_t stage) {
    StageOutcome& outcome = outcomes_[stage - 1u];
    ++outcome.back;
    outcome.back_ns = now_ns();
}

void Worker::resume_slow(std::int64_t now) {
    std::erase_if(slow_, [now](Client* client) { return client->resume_if_allowed(now); });
}

}  // namespace mqtt::bench
