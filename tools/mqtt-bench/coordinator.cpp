// The control broker and the phases of a run, as the coordinator sees them. Adding up is in
// coordinator_sum.
#include "mqtt-bench/coordinator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>

#include "common/app.hpp"
#include "mqtt-bench/clock_sync.hpp"
#include "mqtt-bench/control_link.hpp"
#include "mqtt-bench/coordinator_sum.hpp"
#include "mqtt-bench/embedded_broker.hpp"
#include "mqtt-bench/payload_header.hpp"
#include "mqtt-bench/shapes.hpp"
#include "mqtt/broker.hpp"

namespace mqtt::bench {
namespace {

using std::chrono::milliseconds;
// For the word to reach every agent.
constexpr std::int64_t kStartIn = 500'000'000;
// Agents that are there and free answer a plan at once.
constexpr milliseconds kForAnswers{500};
// After the end of the load and the drain.
constexpr std::chrono::seconds kForResults{90};

std::string_view last_level(std::string_view topic) {
    return topic.substr(topic.rfind('/') + 1);
}

bool is_everywhere(const std::string& host) {
    return host.empty() || host == "0.0.0.0" || host == "::";
}

}  // namespace

ParsedUrl parse_control(const std::string& url) {
    const auto parsed = parse_url(url);
    if (!parsed.ok()) {
        throw std::invalid_argument(fmt::format("'{}': {}", url, parsed.error().detail));
    }
    return *parsed;
}

ConnectOptions control_options(const ParsedUrl& control) {
    ConnectOptions connect;
    connect.endpoint = control.endpoint;
    if (is_everywhere(connect.endpoint.host) && control.endpoint.transport == Transport::tcp) {
        connect.endpoint.host = "127.0.0.1";
    }
    if (control.has_user_name) connect.user_name = control.user_name;
    if (control.has_password) connect.password = control.password;
    connect.keep_alive = std::chrono::seconds(5);
    return connect;
}

class Coordinator::Impl {
public:
    Impl(ParsedUrl control, std::uint32_t agents, Say say)
        : control_(std::move(control))
        , wanted_(agents)
        , say_(std::move(say)) {
        serve();
        ControlLink::Setup setup;
        setup.connect = control_options(control_);
        // Agents of a run under way would wait for us for ever, later ones would take part in it.
        setup.connect.will = Will{plan_topic(), "", QoS::at_least_once, true, {}};
        for (const std::string_view filter : {"agent/+", "ask/+", "run/+/join/+", "run/+/ready/+",
                                              "run/+/second/+", "run/+/result/+"})
            setup.filters.push_back(fmt::format("{}{}", kTeamRoot, filter));
        setup.on_message = [this](ControlLink& link, std::string_view topic,
                                  std::string_view payload) { on_message(link, topic, payload); };
        link_ = std::make_unique<ControlLink>(std::move(setup));
    }
    ~Impl() {
        link_->publish(plan_topic(), "", true);
        link_.reset();
        if (broker_) broker_->stop();
    }

    Result run(Spec spec, TeamPlan order, const Run::Observer& observer);

private:
    struct Member {
        std::string id;
        AgentCard card;
        std::optional<std::string> ready;  // empty: all its connections stand
        std::optional<std::string> result;
        bool gone = false;
    };

    void serve();
    void on_message(ControlLink& link, std::string_view topic, std::string_view payload);
    void on_gone(const std::string& agent);
    void on_member(std::uint32_t number, std::string_view what, std::string_view payload);
    void publish_plan(const Spec& spec, TeamPlan order);
    void choose_members(const Run::Observer& observer);
    void deal_parts();
    bool wait_ready(const Run::Observer& observer);
    std::string plan_topic() const { return fmt::format("{}plan/{}", kTeamRoot, id_); }
    std::string topic(std::string_view what) const {
        return fmt::format("{}run/{}/{}", kTeamRoot, run_, what);
    }
    // True: `done`; false: cancelled, or a member is gone.
    template <class Done>
    bool wait(std::unique_lock<std::mutex>& lock, const Run::Observer& observer, Done done) {
        while (!done()) {
            if ((observer.is_cancelled && observer.is_cancelled()) || is_broken()) return false;
            changed_.wait_for(lock, milliseconds(50));
        }
        return true;
    }
    bool is_broken() const {
        return link_->is_lost() || std::any_of(members_.begin(), members_.end(),
                                               [](const Member& m) { return m.gone; });
    }
    bool has_results() const {
        return std::all_of(members_.begin(), members_.end(),
                           [](const Member& m) { return m.result || m.gone; });
    }
    std::string first_trouble() const;
    std::vector<MemberResult> take_results();

    const std::string id_ = fmt::format("{:x}-{:x}", getpid(), monotonic_ns());
    ParsedUrl control_;
    std::uint32_t wanted_;
    Say say_;
    std::unique_ptr<Broker> broker_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, AgentCard> free_;  // that answered the plan, by id
    std::vector<Member> members_;            // of the present run
    std::string run_;
    std::unique_ptr<SecondsOfAll> seconds_;
    std::unique_ptr<ControlLink> link_;
};

// Our own broker, when the address is this host's and free.
void Coordinator::Impl::serve() {
    if (control_.endpoint.transport != Transport::tcp) return;
    BrokerConfig config = embedded_config();
    config.listeners.front().endpoint = control_.endpoint;
    config.maximum_queued_bytes = 0;
    config.drain_timeout = milliseconds(2'000);
    if (control_.has_user_name) {
        config.authenticate = [user = control_.user_name,
                               password = control_.password](const LoginRequest& login) {
            const bool known = login.user_name == user && login.password &&
                               std::equal(password.begin(), password.end(), login.password->begin(),
                                          login.password->end(), [](char a, std::uint8_t b) {
                                              return static_cast<std::uint8_t>(a) == b;
                                          });
            return known ? ReasonCode::success : ReasonCode::not_authorized;
        };
    }
    auto broker = std::make_unique<Broker>(std::move(config));
    if (!broker->start().ok()) return;  // a broker is there, or on another host
    control_.endpoint.port = broker->bound().front().endpoint.port;
    broker_ = std::move(broker);
}

void Coordinator::Impl::on_message(ControlLink& link, std::string_view full,
                                   std::string_view payload) {
    const std::int64_t arrived = monotonic_ns();
    if (!full.starts_with(kTeamRoot)) return;
    const std::string_view what = full.substr(kTeamRoot.size());
    if (what.starts_with("ask/")) {
        // Four stamps: asked, arrived, answered, and there the fourth.
        link.publish(fmt::format("{}answer/{}", kTeamRoot, last_level(what)),
                     fmt::format("{} {} {}", payload, arrived, monotonic_ns()), false, true);
        return;
    }
    const std::lock_guard lock(mutex_);
    if (what.starts_with("agent/")) {
        if (payload.empty()) on_gone(std::string(last_level(what)));
    } else if (const std::string root = topic(""); full.starts_with(root)) {
        if (full.substr(root.size()).starts_with("join/")) {
            if (auto card = read_card(payload)) free_[std::string(last_level(full))] = *card;
            return changed_.notify_all();
        }
        const auto number = read_numbers(last_level(full));
        if (!number || number->size() != 1) return;
        if (number->front() < 0 || number->front() >= static_cast<int>(members_.size())) return;
        on_member(static_cast<std::uint32_t>(number->front()), full.substr(root.size()), payload);
    }
    changed_.notify_all();
}

void Coordinator::Impl::on_gone(const std::string& agent) {
    free_.erase(agent);
    for (Member& member : members_)
        member.gone = member.gone || (member.id == agent && !member.result);
}

void Coordinator::Impl::on_member(std::uint32_t number, std::string_view what,
                                  std::string_view payload) {
    Member& member = members_[number];
    if (what.starts_with("ready/")) member.ready = payload;
    if (what.starts_with("result/")) member.result = payload;
    if (what.starts_with("second/") && seconds_) seconds_->add(number, payload);
}

// Retained: who starts later finds it, too.
void Coordinator::Impl::publish_plan(const Spec& spec, TeamPlan order) {
    order.clock = own_clock_id();
    order.coordinator = id_;
    order.agents = wanted_;
    order.run_id = spec.run_id;
    order.seed = spec.seed;
    order.change = spec.change;
    const std::lock_guard lock(mutex_);
    members_.clear();
    free_.clear();
    run_ = order.run = fmt::format("{:08x}{:x}", spec.run_id, monotonic_ns());
    link_->publish(plan_topic(), write_plan(order), true);
}

// Those that answer: a card that an agent has left behind is no agent.
void Coordinator::Impl::choose_members(const Run::Observer& observer) {
    std::unique_lock lock(mutex_);
    const auto enough = [this] { return free_.size() >= wanted_; };
    if (!changed_.wait_for(lock, kForAnswers, enough)) {
        say_(fmt::format("waiting for {} agent{}: mqtt-bench agent --join {}", wanted_,
                         wanted_ == 1 ? "" : "s", to_url(control_.endpoint)));
    }
    if (!wait(lock, observer, enough)) {
        throw std::runtime_error(link_->is_lost() ? "the control broker went away" : "cancelled");
    }
    for (const auto& [id, card] : free_) {
        if (members_.size() == wanted_) break;
        // They would make something else of the same words.
        if (card.version != tools::kVersion) {
            throw std::runtime_error(
                fmt::format("the agent on {} is of version {}, this is {}: let all be the same",
                            card.host, card.version, tools::kVersion));
        }
        members_.push_back({id, card, {}, {}, false});
    }
}

void Coordinator::Impl::deal_parts() {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < members_.size(); ++i)
        link_->publish(topic("part/" + members_[i].id), fmt::format("{}", i));
}

bool Coordinator::Impl::wait_ready(const Run::Observer& observer) {
    std::unique_lock lock(mutex_);
    const auto told = [this] {
        return std::all_of(members_.begin(), members_.end(),
                           [](const Member& m) { return m.ready.has_value(); });
    };
    const auto failed = [this] {
        return std::any_of(members_.begin(), members_.end(),
                           [](const Member& m) { return m.ready && !m.ready->empty(); });
    };
    return wait(lock, observer, [&] { return told() || failed(); }) && !failed();
}

std::string Coordinator::Impl::first_trouble() const {
    if (link_->is_lost()) return "the control broker went away";
    for (const Member& member : members_) {
        if (member.gone) return fmt::format("load host {} went away", member.card.host);
    }
    return {};
}

std::vector<MemberResult> Coordinator::Impl::take_results() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kForResults, [this] { return has_results() || link_->is_lost(); });
    std::vector<MemberResult> out;
    for (Member& member : members_)
        out.push_back({member.card.host, std::move(member.result)});
    return out;
}

Result Coordinator::Impl::run(Spec spec, TeamPlan order, const Run::Observer& observer) {
    if (spec.seed == 0) spec.seed = static_cast<std::uint64_t>(monotonic_ns()) % 1'000'000 + 1;
    spec.agents = wanted_;
    spec.run_id =
        make_common_run_id(Random(spec.seed).next() ^ static_cast<std::uint64_t>(monotonic_ns()));
    make_groups(spec);
    const Plan plan(spec, spec.run_id);
    if (plan.has_outages() && plan.crosses_hosts(spec.agents, spec.workers())) {
        throw std::invalid_argument(
            "--agents: when connections come and go, what a subscriber is owed is only known where "
            "the publishers are on its own host, as in --shape pair");
    }
    for (const std::string& text : spec.assertions)
        check_metrics(text, is_metric);
    BrokerSide broker(spec);
    std::unique_ptr<SysWatch> sys;
    publish_plan(spec, std::move(order));
    choose_members(observer);
    if (spec.sys_version || spec.sys_counters) {
        ConnectOptions connect = spec.connect;
        connect.endpoint = spec.targets.front();
        sys = std::make_unique<SysWatch>(connect, spec.sys_counters, kSysInterval);
    }
    SumOfAll sum(spec, plan, broker, observer);
    {
        const std::lock_guard lock(mutex_);
        seconds_ = std::make_unique<SecondsOfAll>(spec.agents);
    }
    deal_parts();
    bool running = wait_ready(observer);
    if (running) {
        const std::int64_t zero = monotonic_ns() + kStartIn;
        sum.begin(zero);
        link_->publish(topic("start"), fmt::format("{}", zero));
    }
    std::unique_lock lock(mutex_);
    while (running && !has_results()) {
        changed_.wait_for(lock, milliseconds(20));
        const bool cancelled = observer.is_cancelled && observer.is_cancelled();
        for (SecondOfAll& second : seconds_->take()) {
            lock.unlock();
            sum.on_second(std::move(second));
            lock.lock();
        }
        sum.on_time(monotonic_ns());
        if (const auto measure = sum.measure(monotonic_ns())) {
            link_->publish(topic("measure"), write_measure(*measure));
        }
        running = !cancelled && !is_broken() && !sum.is_stopped();
    }
    const std::string trouble = first_trouble();
    lock.unlock();
    if (!running) link_->publish(topic("stop"), "");
    const std::vector<MemberResult> results = take_results();
    lock.lock();
    std::vector<SecondOfAll> last = seconds_->take(true);
    lock.unlock();
    for (SecondOfAll& second : last)
        sum.on_second(std::move(second));
    Result result = sum.finish(results, trouble, sys.get());
    lock.lock();
    members_.clear();
    run_.clear();
    return result;
}

Coordinator::Coordinator(const ParsedUrl& control, std::uint32_t agents, Say say)
    : impl_(std::make_unique<Impl>(control, agents, std::move(say))) {}

Coordinator::~Coordinator() = default;

Result Coordinator::run(Spec spec, TeamPlan order, const Run::Observer& observer) {
    return impl_->run(std::move(spec), std::move(order), observer);
}

}  // namespace mqtt::bench
