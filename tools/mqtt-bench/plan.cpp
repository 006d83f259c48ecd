// Numbering the groups and matching filters with topics. The words for it are in plan_text.
#include "mqtt-bench/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "mqtt-bench/payload_header.hpp"
#include "mqtt-bench/shapes.hpp"
#include "mqtt-bench/stream_map.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::bench {
namespace {

[[noreturn]] void refuse(std::string text) {
    throw std::invalid_argument(std::move(text));
}

bool publishes(const Group& group) {
    return group.role == Role::pub || group.role == Role::both;
}

bool subscribes(const Group& group) {
    return group.role == Role::sub || group.role == Role::both;
}

constexpr std::uint32_t kMaxStreams = 50'000'000;

}  // namespace

Plan::Plan(const Spec& spec, std::uint32_t run_id) : spec_(spec), run_id_(run_id) {
    make_groups(spec_);
    check();
    for (const Group& group : spec_.groups)
        add(group);
    foreign_ = publishers_ == 0 && subscribers_ > 0;
    match();
    add_stages();
}

void Plan::add_stages() {
    const auto add = [&](const Stage& stage, std::uint32_t occurrence) {
        timeline_.push_back({stage.at + occurrence * stage.every, stage, occurrence});
    };
    for (const Stage& stage : spec_.stages) {
        for (std::uint32_t k = 0; k < stage.repeat; ++k)
            add(stage, k);
    }
    for (const PlannedGroup& group : groups_) {
        outages_ |= group.spec.on_close != OnClose::fail;
        if (group.spec.start.count() == 0) continue;
        Stage stage;
        stage.at = group.spec.start;
        stage.action = Stage::Action::connect;
        stage.group = group.spec.name;
        add(stage, 0);
    }
    std::stable_sort(timeline_.begin(), timeline_.end(),
                     [](const PlannedStage& a, const PlannedStage& b) { return a.at < b.at; });
    outages_ |= spec_.churn > 0;
    for (const PlannedStage& planned : timeline_)
        outages_ |= planned.stage.action != Stage::Action::rate;
}

void Plan::check() const {
    if (spec_.max && (spec_.batch == 0 || spec_.max_outstanding == 0)) {
        refuse("--batch and --max-outstanding must be above 0");
    }
    if (spec_.threads == 0) refuse("-j must be above 0");
    for (const Group& group : spec_.groups) {
        if (group.rate <= 0 && !spec_.max && publishes(group)) refuse("-R must be above 0");
        if (group.start >= spec_.warmup + spec_.duration && spec_.command == Command::run) {
            refuse(fmt::format("group '{}' starts after the end of the run", group.name));
        }
    }
    for (const Stage& stage : spec_.stages) {
        const auto is_named = [&](const Group& group) { return group.name == stage.group; };
        if (!stage.group.empty() &&
            std::none_of(spec_.groups.begin(), spec_.groups.end(), is_named)) {
            refuse(fmt::format("a stage names the group '{}', which does not exist", stage.group));
        }
    }
}

// Stages that change a group's rate are pieces of its schedule, which so stays absolute.
void Plan::set_rates(Group& group) const {
    std::vector<const Stage*> changes;
    for (const Stage& stage : spec_.stages) {
        const bool its = stage.group.empty() || stage.group == group.name;
        if (its && stage.action == Stage::Action::rate) changes.push_back(&stage);
    }
    if (changes.empty() || !publishes(group)) return;
    if (spec_.max) refuse("a stage changes a rate, which a run with --max does not have");
    std::stable_sort(changes.begin(), changes.end(),
                     [](const Stage* a, const Stage* b) { return a->at < b->at; });
    if (!group.steps.empty() || !group.recorded_times.empty() || group.burst_period > 0) {
        refuse(
            fmt::format("group '{}': stages change a rate, not --vary-rate, a recording or bursts "
                        "with a period",
                        group.name));
    }
    const auto seconds = [](std::chrono::nanoseconds time) {
        return std::chrono::duration<double>(time).count();
    };
    double rate = group_rate(group, group.clients);
    double at = seconds(group.ramp);
    std::vector<RateProfile::Piece> pieces{{at, 0, rate}};
    for (const Stage* change : changes) {
        const double begin = seconds(change->at - group.start);
        if (begin < at) {
            refuse(
                fmt::format("group '{}': the rate changes at {:g} s, before the change before it "
                            "is over",
                            group.name, seconds(change->at)));
        }
        const double next = change->rate * (change->rate_each ? group.clients : 1);
        pieces.push_back({begin - at, rate, rate});
        pieces.push_back({seconds(change->over), rate, next});
        at = begin + seconds(change->over);
        rate = next;
    }
    pieces.push_back({0, rate, rate});
    group.steps = std::move(pieces);
    group.ramp = {};
}

void Plan::add(const Group& given_group) {
    Group given = given_group;
    set_rates(given);
    PlannedGroup group;
    group.spec = given;
    group.first_client = clients_;
    group.topic = Pattern(given.topic, given.recorded_topics);
    group.client_id = Pattern(given.client_id);
    group.number_modulo = given.topics != 0 ? given.topics : std::max(1u, given.clients);
    if (publishes(given)) {
        group.publishers = given.clients;
        group.first_publisher = publishers_;
        group.first_stream = streams_;
        if (group.topic.choices() > 1) {
            refuse(fmt::format("'{}': one of seq, rand, zipf and topic at most in a topic",
                               given.topic));
        }
        if (const Status valid = validate_topic_name(group.topic.expand(values(group, 0)));
            !valid) {
            refuse(fmt::format("'{}' is no topic to publish on: {}", given.topic,
                               valid.error().detail));
        }
        group.topics_each = group.topic.variants();
        group.fixed_topic = !group.topic.varies();
        if (std::uint64_t{group.topics_each} * given.clients + streams_ > kMaxStreams) {
            refuse("more than 50 million topics of publishers");
        }
        streams_ += group.topics_each * given.clients;
        publishers_ += given.clients;
        std::uint32_t smallest = given.payload_bytes;
        for (const SizeShare& share : given.sizes)
            smallest = std::min(smallest, share.from);
        for (const std::uint32_t size : given.recorded_sizes)
            smallest = std::min(smallest, size);
        const bool made_up =
            given.content.empty() && given.recorded.empty() && given.verify >= Verify::order;
        group.has_header = made_up && smallest >= kPayloadHeaderBytes;
        group.has_short_header = made_up && !group.has_header && smallest >= kShortHeaderBytes;
        header_ |= group.has_header;
        short_header_ |= group.has_short_header;
        plain_ |= !group.has_header && !group.has_short_header;
        unexpected_ |= given.verify == Verify::off;
        if (given.verify == Verify::exact && !group.has_header && !group.has_short_header) {
            refuse(
                "--verify exact needs payloads that can be told apart: made up (no -m, no "
                "--replay) and of 8 bytes at least");
        }
    }
    if (subscribes(given)) {
        group.subscribers = given.clients;
        group.first_subscriber = subscribers_;
        subscribers_ += given.clients;
    }
    if (subscribes(given) || given.role == Role::answer) {
        if (given.filters.empty()) refuse(fmt::format("group '{}' has no filter", given.name));
        for (const std::string& filter : given.filters)
            group.filters.emplace_back(filter);
        std::size_t shared = 0;
        for (const std::string& filter : given.filters)
            shared += filter.starts_with("$share/") ? 1 : 0;
        if (shared != 0 && shared != given.filters.size()) {
            refuse(fmt::format("group '{}' mixes shared and other filters", given.name));
        }
        group.shared = shared != 0;
        shared_ |= group.shared && subscribes(given);
    }
    clients_ += given.clients;
    groups_.push_back(std::move(group));
}

Pattern::Values Plan::values(const PlannedGroup& group, std::uint32_t number) const {
    Pattern::Values out;
    out.number = number;
    out.clients = group.spec.clients;
    out.run_id = run_id_;
    out.seed = spec_.seed;
    return out;
}

std::string Plan::client_id_of(const PlannedGroup& group, std::uint32_t number) const {
    Pattern::Values v = values(group, number + group.spec.id_base + group.spec.start_number);
    v.clients = ~0u;
    if (group.spec.connect.user_name) v.user_name = *group.spec.connect.user_name;
    return group.client_id.expand(v);
}

void Plan::append_topic(const PlannedGroup& group, std::uint32_t number, std::uint64_t message,
                        std::uint32_t choice, std::string& out) const {
    Pattern::Values v = values(group, number % group.number_modulo + group.spec.start_number);
    v.message = message;
    v.choice = choice;
    const std::string id = client_id_of(group, number);
    v.client_id = id;
    if (group.spec.connect.user_name) v.user_name = *group.spec.connect.user_name;
    group.topic.append(out, v);
}

std::vector<std::string> Plan::filters_of(const PlannedGroup& group, std::uint32_t number) const {
    Pattern::Values v = values(group, number % group.number_modulo + group.spec.start_number);
    const std::string id = client_id_of(group, number);
    v.client_id = id;
    if (group.spec.connect.user_name) v.user_name = *group.spec.connect.user_name;
    std::vector<std::string> out;
    for (const Pattern& filter : group.filters)
        out.push_back(filter.expand(v));
    return out;
}

void Plan::match() {
    sets_of_.resize(subscribers_);
    if (foreign_) {
        add_set({}, false);
        return;
    }
    if (subscribers_ == 0) return;
    StreamMap map;
    for (const PlannedGroup& group : groups_) {
        for (std::uint32_t p = 0; p < group.publishers; ++p) {
            for (std::uint32_t k = 0; k < group.topics_each; ++k) {
                std::string topic;
                append_topic(group, p, 0, k, topic);
                map.add(topic, group.first_stream + p * group.topics_each + k);
            }
        }
    }
    std::unordered_map<std::string, std::uint32_t> known;
    for (const PlannedGroup& group : groups_) {
        for (std::uint32_t s = 0; s < group.subscribers; ++s) {
            std::string key = group.spec.round_trip ? fmt::format("/{}", s) : std::string();
            const std::vector<std::string> filters = filters_of(group, s);
            for (const std::string& filter : filters)
                key += filter + '\n';
            const auto [entry, is_new] = known.try_emplace(key, stream_sets());
            sets_of_[group.first_subscriber + s] = entry->second;
            if (is_new) {
                std::vector<std::uint32_t> streams;
                if (group.spec.round_trip) {
                    // Gets its own messages back, on another topic.
                    for (std::uint32_t k = 0; k < group.topics_each; ++k)
                        streams.push_back(group.first_stream + s * group.topics_each + k);
                } else {
                    for (const std::string& filter : filters) {
                        const auto shared = parse_shared_filter(filter);
                        const auto found = map.matches(shared ? shared->filter : filter);
                        streams.insert(streams.end(), found.begin(), found.end());
                    }
                    std::sort(streams.begin(), streams.end());
                    streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
                }
                add_set(streams, group.shared);
            }
            ++sets_[entry->second].members;
        }
    }
    fan_outs_.resize(streams_);
    for (const Set& set : sets_) {
        for (std::uint32_t r = 0; r < set.ranges; ++r) {
            const Range& range = ranges_[set.first_range + r];
            for (std::uint32_t i = 0; i < range.count; ++i)
                fan_outs_[range.first + i] += set.shared ? 1 : set.members;
        }
    }
}

void Plan::add_set(const std::vector<std::uint32_t>& streams, bool shared) {
    Set set;
    set.first_range = static_cast<std::uint32_t>(ranges_.size());
    set.streams = static_cast<std::uint32_t>(streams.size());
    set.shared = shared;
    for (std::size_t i = 0; i < streams.size(); ++i) {
        if (i > 0 && streams[i] == streams[i - 1] + 1) {
            ++ranges_.back().count;
        } else {
            ranges_.push_back({streams[i], 1});
            ++set.ranges;
        }
    }
    sets_.push_back(set);
}

std::span<const Plan::Range> Plan::ranges_of(std::uint32_t set) const {
    return std::span(ranges_).subspan(sets_[set].first_range, sets_[set].ranges);
}

std::uint32_t Plan::search(const Set& set, std::uint32_t stream) const {
    // Places before each range are added up: sets of many ranges are rare and short.
    std::uint32_t before = 0;
    for (std::uint32_t r = 0; r < set.ranges; ++r) {
        const Range& range = ranges_[set.first_range + r];
        if (stream - range.first < range.count) return before + (stream - range.first);
        before += range.count;
    }
    return kNone;
}

std::uint32_t Plan::fan_out() const {
    double deliveries = 0;
    double messages = 0;
    for (const PlannedGroup& group : groups_) {
        if (group.publishers == 0) continue;
        const std::uint32_t streams = group.publishers * group.topics_each;
        const double each =
            (spec_.max ? group.publishers : group_rate(group.spec, group.publishers)) /
            static_cast<double>(streams);
        for (std::uint32_t s = 0; s < streams; ++s) {
            deliveries += each * fan_out_of(group.first_stream + s);
            messages += each;
        }
    }
    if (messages <= 0 || subscribers_ == 0) return 1;
    return static_cast<std::uint32_t>(deliveries / messages + 0.5);
}

ScheduleSpec Plan::schedule(const PlannedGroup& group, std::uint64_t seed) const {
    const Group& g = group.spec;
    ScheduleSpec out;
    out.arrival = g.arrival;
    out.phase = g.phase;
    out.burst_size = g.burst_size;
    out.seed = seed;
    const double rate = group_rate(g, group.publishers);
    if (!g.recorded_times.empty()) {
        out.profile = RateProfile::recorded(g.recorded_times, g.recorded_period);
    } else if (!g.steps.empty()) {
        out.profile = RateProfile(g.steps);
    } else if (g.ramp.count() > 0) {
        out.profile = RateProfile::ramp(std::chrono::duration<double>(g.ramp).count(), rate);
    } else {
        out.profile = RateProfile::constant(rate > 0 ? rate : 1);
    }
    return out;
}

double Plan::offered_rate() const {
    if (spec_.max) return 0;
    double sum = 0;
    for (const PlannedGroup& group : groups_) {
        if (group.publishers > 0) sum += group_rate(group.spec, group.publishers);
    }
    return sum;
}

}  // namespace mqtt::bench
