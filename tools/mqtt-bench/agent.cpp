// Joining, running, reporting. What an agent is told, it takes from whoever has the control broker's
// credentials: it connects where they say, but runs no command of theirs.
#include "mqtt-bench/agent.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <random>
#include <stdexcept>
#include <thread>

#include "common/app.hpp"
#include "common/flags.hpp"
#include "common/standard_streams.hpp"
#include "mqtt-bench/agent_team.hpp"
#include "mqtt-bench/commands.hpp"
#include "mqtt-bench/coordinator.hpp"
#include "mqtt-bench/hdr_log.hpp"
#include "mqtt-bench/scenario.hpp"
#include "mqtt-bench/summary.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPeriod{10};
constexpr std::string_view kPlans = "mqtt-bench/plan/";
constexpr int kQuickQuestions = 50;  // one per period at first, then one in 20
constexpr int kPeriodsPerQuestion = 20;

std::string host_name() {
    char name[256] = {};
    gethostname(name, sizeof name - 1);
    return name[0] == '\0' ? "localhost" : name;
}

std::string make_id() {
    std::random_device device;
    return fmt::format("{:08x}{:08x}", device(), device());
}

// Options back to what the parser would have read.
std::vector<tools::FlagUse> to_uses(const std::vector<PlanOption>& options) {
    std::vector<tools::FlagUse> uses;
    for (const PlanOption& option : options) {
        const auto& flags = bench_flags();
        const auto flag = std::find_if(flags.begin(), flags.end(), [&](const tools::Flag* f) {
            return f->long_name == option.name;
        });
        if (flag == flags.end()) {
            throw std::invalid_argument(fmt::format(
                "option '--{}' is not known to this agent: it is of another version", option.name));
        }
        if (is_refused_by_agents(option.name)) {
            throw std::invalid_argument(
                fmt::format("option '--{}' is not for agents", option.name));
        }
        const std::size_t wanted = (*flag)->takes == tools::Takes::nothing    ? 0
                                   : (*flag)->takes == tools::Takes::property ? 4
                                                                              : 1;
        if (option.words.size() != wanted) {
            throw std::invalid_argument(
                fmt::format("option '--{}' does not come with {} words", option.name, wanted));
        }
        uses.push_back({.flag = *flag, .words = option.words, .from_file = false});
    }
    return uses;
}

Spec to_spec(const TeamPlan& plan) {
    CommandWords what;
    std::string word = plan.command;
    char* words[] = {word.data()};
    if (read_command(words, what) != 1 || what.mode != Mode::once) {
        throw std::invalid_argument(fmt::format("no command '{}' for agents", plan.command));
    }
    const auto uses = to_uses(plan.options);
    Spec spec;
    if (what.load == Command::run) {
        const auto runs = make_runs(parse_toml(plan.scenario, plan.scenario_text), uses, "");
        if (plan.variant >= runs.size()) throw std::invalid_argument("no such run of the sweep");
        spec = runs[plan.variant].settings.spec;
    } else {
        spec = make_settings(what.load, uses, "").spec;
    }
    apply_change(spec, plan.change);
    spec.run_id = plan.run_id;
    spec.seed = plan.seed;
    spec.agents = plan.agents;
    spec.agent = plan.agent;
    spec.assertions.clear();  // of a scenario; the coordinator judges
    spec.sys_version = spec.sys_counters = false;
    spec.spawn.clear();
    spec.embedded = false;
    return spec;
}

class Agent {
public:
    explicit Agent(const ParsedUrl& control) : id_(make_id()) {
        ControlLink::Setup setup;
        setup.connect = control_options(control);
        setup.connect.will =
            Will{std::string(kTeamRoot) + "agent/" + id_, "", QoS::at_least_once, true, {}};
        for (const std::string& filter :
             {"answer/" + id_, "run/+/part/" + id_, std::string("plan/+"),
              std::string("run/+/start"), std::string("run/+/measure"), std::string("run/+/stop"),
              std::string("run/+/clock/+"), std::string("run/+/progress/+"),
              std::string("run/+/balance/+")})
            setup.filters.push_back(std::string(kTeamRoot) + filter);
        setup.on_message = [this](ControlLink& link, std::string_view topic,
                                  std::string_view payload) { on_message(link, topic, payload); };
        setup.period = kPeriod;
        setup.on_period = [this](ControlLink& link) { on_period(link); };
        setup.on_lost = [this] { on_lost(); };
        link_ = std::make_unique<ControlLink>(std::move(setup));
        link_->publish(own_topic("agent"), own_card(), true);
    }
    ~Agent() {
        // Gone on purpose: nobody shall count on us.
        link_->publish(own_topic("agent"), "", true);
        link_.reset();
    }

    // The next run that a part of is ours; nothing: the control broker is gone, or we shall end.
    std::optional<TeamPlan> wait_for_plan() {
        std::unique_lock lock(mutex_);
        is_free_ = true;
        offer_ourselves(*link_);
        while (parts_.empty() && !link_->is_lost() && !is_run_cancelled())
            changed_.wait_for(lock, milliseconds(50));
        is_free_ = false;
        if (parts_.empty() || link_->is_lost()) return std::nullopt;
        const TeamPlan plan = parts_.front();
        parts_.pop_front();
        return plan;
    }
    void take_part(const TeamPlan& plan);

private:
    // A run that a coordinator wants agents for.
    struct Wanted {
        TeamPlan plan;
        bool answered = false;
    };
    std::string own_topic(std::string_view what) const {
        return fmt::format("{}{}/{}", kTeamRoot, what, id_);
    }
    static std::string own_card() {
        return write_card({host_name(), own_clock_id(), std::string(tools::kVersion),
                           std::thread::hardware_concurrency()});
    }
    void on_message(ControlLink& link, std::string_view topic, std::string_view payload);
    void on_wanted(ControlLink& link, const std::string& coordinator, std::string_view payload);
    void on_part(std::string_view topic, std::string_view payload);
    void offer_ourselves(ControlLink& link);
    void on_period(ControlLink& link);
    void on_lost();
    Result run(const TeamPlan& plan, AgentTeam& team);

    std::string id_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_free_ = false;
    std::map<std::string, Wanted> wanted_;  // by coordinator
    std::deque<TeamPlan> parts_;            // to be taken, one after the other
    AgentTeam* team_ = nullptr;
    std::mutex clock_mutex_;
    ClockSync clock_;
    int periods_ = 0;
    std::unique_ptr<ControlLink> link_;
};

// mutex_ is held, as in the two below.
void Agent::on_wanted(ControlLink& link, const std::string& coordinator, std::string_view payload) {
    if (auto plan = read_plan(payload)) {
        wanted_[coordinator] = {std::move(*plan), false};
        if (is_free_) offer_ourselves(link);
        return;
    }
    wanted_.erase(coordinator);
    std::erase_if(parts_, [&](const TeamPlan& part) { return part.coordinator == coordinator; });
}

void Agent::on_part(std::string_view topic, std::string_view payload) {
    const auto number = read_numbers(payload);
    if (!number || number->size() != 1) return;
    for (const auto& [coordinator, wanted] : wanted_) {
        if (topic != fmt::format("{}run/{}/part/{}", kTeamRoot, wanted.plan.run, id_)) continue;
        if (number->front() < 0 || number->front() >= wanted.plan.agents) continue;
        parts_.push_back(wanted.plan);
        parts_.back().agent = static_cast<std::uint32_t>(number->front());
    }
}

void Agent::offer_ourselves(ControlLink& link) {
    for (auto& [coordinator, wanted] : wanted_) {
        if (std::exchange(wanted.answered, true)) continue;
        link.publish(fmt::format("{}run/{}/join/{}", kTeamRoot, wanted.plan.run, id_), own_card());
    }
}

void Agent::on_message(ControlLink& link, std::string_view topic, std::string_view payload) {
    if (topic == own_topic("answer")) {
        const std::int64_t here = monotonic_ns();
        const auto n = read_numbers(payload);
        if (!n || n->size() != 3) return;
        const std::lock_guard lock(clock_mutex_);
        clock_.add((*n)[0], (*n)[1], (*n)[2], here);
        return;
    }
    const std::lock_guard lock(mutex_);
    if (topic.starts_with(kPlans)) {
        on_wanted(link, std::string(topic.substr(kPlans.size())), payload);
    } else if (topic.ends_with("/part/" + id_)) {
        on_part(topic, payload);
    }
    if (team_ != nullptr) team_->on_message(topic, payload);
    changed_.notify_all();
}

void Agent::on_period(ControlLink& link) {
    ++periods_;
    if (periods_ <= kQuickQuestions || periods_ % kPeriodsPerQuestion == 0) {
        link.publish(own_topic("ask"), fmt::format("{}", monotonic_ns()), false, true);
    }
    const std::lock_guard lock(mutex_);
    if (team_ == nullptr) return;
    if (is_run_cancelled()) team_->on_lost();
    team_->on_period();
}

void Agent::on_lost() {
    const std::lock_guard lock(mutex_);
    if (team_ != nullptr) team_->on_lost();
    changed_.notify_all();
}

// Seconds with their histograms go to the coordinator as they come.
Run::Observer tell_seconds(AgentTeam& team) {
    auto lines = std::make_shared<std::string>();
    Run::Observer observer;
    observer.is_cancelled = [] { return is_run_cancelled(); };
    observer.on_interval = [lines](SeriesId id, double start, double length,
                                   const Histogram& histogram) {
        *lines += hdr_log_line(kSeriesTags[static_cast<std::size_t>(id)], start, length, histogram);
    };
    observer.on_second = [lines, &team](const Result&, const Second& second) {
        team.publish("second", second_json(second) + std::exchange(*lines, {}));
    };
    return observer;
}

Result Agent::run(const TeamPlan& plan, AgentTeam& team) {
    try {
        Run run(to_spec(plan), tell_seconds(team), &team);
        return run.execute();
    } catch (const std::exception& error) {
        team.publish("ready", error.what());
        Result failed;
        failed.error = error.what();
        failed.partial = true;
        return failed;
    }
}

void Agent::take_part(const TeamPlan& plan) {
    AgentTeam team(plan, *link_, clock_, clock_mutex_);
    {
        const std::lock_guard lock(mutex_);
        team_ = &team;
    }
    tools::print_error("{}{}{}: part {} of {}\n", plan.command, plan.scenario.empty() ? "" : " ",
                       plan.scenario, plan.agent + 1, plan.agents);
    const Result result = run(plan, team);
    {
        const std::lock_guard lock(mutex_);
        team_ = nullptr;
    }
    team.publish("result", result_json(result));
    tools::print_error("done: sent {}, received {}{}{}\n",
                       with_commas(static_cast<std::int64_t>(result.counters.sent)),
                       with_commas(static_cast<std::int64_t>(result.counters.received)),
                       result.error.empty() ? "" : "; ", result.error);
}

}  // namespace

int run_agent(const BenchSettings& settings) {
    if (settings.join.empty()) {
        throw std::invalid_argument(
            "agent needs --join URL: where the coordinator waits (--agents N --control URL)");
    }
    const ParsedUrl control = parse_control(settings.join);
    bool said = false;
    while (!is_run_cancelled()) {
        try {
            Agent agent(control);
            tools::print_error("joined {}\n", to_url(control.endpoint));
            said = false;
            while (const auto plan = agent.wait_for_plan()) {
                agent.take_part(*plan);
                if (settings.once) return kExitOk;
            }
        } catch (const std::runtime_error& error) {
            if (!said) tools::print_error("waiting: {}\n", error.what());
            said = true;
        }
        for (int i = 0; i < 10 && !is_run_cancelled(); ++i)
            std::this_thread::sleep_for(milliseconds(50));
    }
    return kExitOk;
}

}  // namespace mqtt::bench
