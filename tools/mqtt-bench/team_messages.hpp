// What load hosts and their coordinator say over the control broker: topics and texts. Numbers are in
// decimal, separated by blanks. Sans-I/O; every reader takes whatever bytes come.
//
//   mqtt-bench/agent/ID         an agent is there (retained; its will clears it): host, clock, version
//   mqtt-bench/plan/ID          the run that a coordinator wants agents for (retained, so that those who start later
//                               find it; cleared at its end and by its will)
//   mqtt-bench/ask/ID           agent: what time is it?      mqtt-bench/answer/ID   the coordinator's
//   mqtt-bench/run/RUN/...      join/ID: an agent is free to take part (its card); part/ID: its number N; then
//                               ready/N start measure stop clock/N progress/N balance/N second/N result/N; a
//                               second is a line of --jsonl and lines of --hdr, a result one of --json
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/flags.hpp"
#include "mqtt-bench/load_change.hpp"
#include "mqtt-bench/team.hpp"

namespace mqtt::bench {

inline constexpr std::string_view kTeamRoot = "mqtt-bench/";

struct AgentCard {
    std::string host, clock, version;
    std::uint32_t cpus = 1;
};
std::string write_card(const AgentCard& card);
std::optional<AgentCard> read_card(std::string_view text);

// One option of the command line: its long name, and its words.
struct PlanOption {
    std::string name;
    std::vector<std::string> words;
    friend bool operator==(const PlanOption&, const PlanOption&) = default;
};
struct TeamPlan {
    std::string run;    // names the run in topics
    std::string clock;  // the coordinator's
    std::string coordinator;
    std::uint32_t agent = 0;
    std::uint32_t agents = 1;
    std::uint32_t run_id = 0;
    std::uint64_t seed = 0;
    std::string command;        // "pubsub"
    std::string scenario;       // name; and of a file the text
    std::string scenario_text;  // TOML
    std::uint32_t variant = 0;  // of a sweep
    std::vector<PlanOption> options;
    LoadChange change;  // of find and vs
    friend bool operator==(const TeamPlan&, const TeamPlan&) = default;
};
std::string write_plan(const TeamPlan& plan);
std::optional<TeamPlan> read_plan(std::string_view text);
// Options that agents are told; the others are the coordinator's own (outputs, judging, watching).
bool is_for_agents(std::string_view option);
// Those that would let a coordinator run commands on an agent's host: refused there.
bool is_refused_by_agents(std::string_view option);

struct TeamProgress {
    std::uint64_t sent = 0, owed = 0, received = 0;
    bool idle = false;
};
std::string write_progress(const TeamProgress& progress);
std::optional<TeamProgress> read_progress(std::string_view text);

struct TeamClock {
    std::int64_t zero_ns = 0;    // the schedule's start on its own clock
    std::int64_t offset_ns = 0;  // the coordinator's clock - its own
    std::int64_t error_ns = 0;
    std::string clock;
};
std::string write_clock(const TeamClock& clock);
std::optional<TeamClock> read_clock(std::string_view text);

// --warmup auto: measured is from this instant of the coordinator's clock on.
struct TeamMeasure {
    std::int64_t from_ns = 0;
    bool steady = true;  // false: the load never became so
};
std::string write_measure(const TeamMeasure& measure);
std::optional<TeamMeasure> read_measure(std::string_view text);

// Without zeros; read adds to what is there. False: not a balance of this plan.
std::string write_balance(const Balance& balance);
bool add_balance(std::string_view text, Balance& balance);

// Whole decimal numbers; nothing when one is none.
std::optional<std::vector<std::int64_t>> read_numbers(std::string_view text);

}  // namespace mqtt::bench
