// An agent's end of a run that several load hosts do together: the line to the control broker, the
// coordinator's clock, the others' progress. Made for one run by the agent command.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mqtt-bench/clock_sync.hpp"
#include "mqtt-bench/control_link.hpp"
#include "mqtt-bench/team.hpp"
#include "mqtt-bench/team_messages.hpp"

namespace mqtt::bench {

class AgentTeam final : public Team {
public:
    // `id`: the agent's, for its questions about the time. `link` must outlive it.
    AgentTeam(TeamPlan plan, ControlLink& link, const ClockSync& clock, std::mutex& clock_mutex);

    // From the link's thread: what comes under run/RUN/ and the timer.
    void on_message(std::string_view topic, std::string_view payload);
    void on_period();
    void on_lost();

    void attach(Shared& shared) override;
    void detach() override;
    std::optional<std::int64_t> start_together(const std::string& error) override;
    std::optional<Measure> measure() const override;
    void set_idle(bool idle) override { idle_ = idle; }
    bool are_others_idle() const override;
    std::int64_t last_arrival_ns() const override;
    bool is_cancelled() const override { return stopped_; }
    void add_up(Balance& balance) override;
    std::int64_t clock_error_ns() const override;

    void publish(std::string_view what, std::string payload);

private:
    struct Other {
        TeamProgress progress;
        std::int64_t arrival_ns = 0;
        std::optional<TeamClock> clock;
        std::string balance;
        bool has_balance = false;
    };
    bool is_own_clock(const std::string& clock) const { return clock == own_clock_id(); }
    TeamClock own_clock() const;
    void set_clocks();
    void tell_progress();
    std::string topic(std::string_view what, bool numbered = true) const;

    const TeamPlan plan_;
    ControlLink& link_;
    const ClockSync& clock_;
    std::mutex& clock_mutex_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::uint32_t, Other> others_;  // by number of the agent
    std::optional<std::int64_t> start_;      // the coordinator's clock
    std::optional<TeamMeasure> measure_;     // the same
    std::int64_t zero_ns_ = 0;               // own clock
    Shared* shared_ = nullptr;
    std::string told_;  // the last progress
    int periods_ = 0;
    std::atomic<bool> idle_{false};
    std::atomic<bool> stopped_{false};
};

}  // namespace mqtt::bench
