// One function per shape.
#include "mqtt-bench/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace mqtt::bench {
namespace {

[[noreturn]] void refuse_shape(std::string text) {
    throw std::invalid_argument(std::move(text));
}

std::uint32_t choose(std::uint32_t given, std::uint32_t otherwise) {
    return given != 0 ? given : std::max(1u, otherwise);
}

Group base_group(const Spec& spec, std::string name, Role role, std::uint32_t clients) {
    Group group;
    static_cast<Traffic&>(group) = spec;
    group.name = std::move(name);
    group.role = role;
    group.clients = clients;
    group.connect = spec.connect;
    group.targets = spec.targets;
    return group;
}

void add_group(Spec& spec, Group group) {
    for (const Group& before : spec.groups)
        group.id_base += before.clients;
    spec.groups.push_back(std::move(group));
}

struct Counts {
    std::uint32_t publishers;
    std::uint32_t subscribers;
};

// Subscribers first, so that they are there when the first message comes.
void add_two_sides(Spec& spec, Counts counts, std::string filter, bool shared = false) {
    const std::uint32_t topics = spec.topics != 0 ? spec.topics : counts.publishers;
    if (topics > counts.publishers) {
        refuse_shape("more --topics than --pubs: some would never be published to");
    }
    if (filter.empty()) filter = filter_for(spec.topic, topics == 1);
    if (shared) filter = fmt::format("$share/{}/{}", spec.share_group, filter);
    Group sub = base_group(spec, "sub", Role::sub, counts.subscribers);
    if (sub.filters.empty()) sub.filters = {filter};
    if (topics == 1) sub.topics = 1;
    Group pub = base_group(spec, "pub", Role::pub, counts.publishers);
    pub.topics = topics;
    add_group(spec, std::move(sub));
    add_group(spec, std::move(pub));
}

void add_pair(Spec& spec) {
    const std::uint32_t n = spec.subscribers != 0 ? spec.subscribers : spec.clients;
    const std::uint32_t publishers = choose(spec.publishers, n);
    const std::uint32_t subscribers = choose(spec.subscribers, publishers);
    const std::uint32_t topics = choose(spec.topics, publishers);
    if (subscribers != publishers || topics != publishers) {
        refuse_shape(
            fmt::format("--shape pair needs as many --subs and --topics as --pubs; {} {} {} "
                        "looks like --shape fanout or fanin",
                        publishers, subscribers, topics));
    }
    add_two_sides(spec, {publishers, subscribers}, filter_for(spec.topic, true));
}

// Clients that do both; `next`: each publishes to the topic of the next one.
void add_circle(Spec& spec, bool next) {
    const std::uint32_t n = choose(spec.clients, spec.publishers != 0 ? spec.publishers : 3);
    if ((spec.publishers != 0 && spec.publishers != n) ||
        (spec.subscribers != 0 && spec.subscribers != n)) {
        refuse_shape("--shape ring and mesh have clients that publish and subscribe: say -c N");
    }
    Group group = base_group(spec, next ? "ring" : "mesh", Role::both, n);
    group.filters = {filter_for(spec.topic, next)};
    if (next) {
        const auto at = group.topic.find("%i");
        if (at == std::string::npos) refuse_shape("--shape ring needs %i in --topic");
        group.topic.replace(at, 2, "%{i+1}");
    }
    add_group(spec, std::move(group));
}

void add_round_trips(Spec& spec) {
    const std::uint32_t askers = choose(spec.publishers, spec.clients);
    const std::uint32_t answerers = choose(spec.subscribers, 1);
    Group answer = base_group(spec, "answer", Role::answer, answerers);
    answer.filters = {filter_for(spec.topic, false)};
    // Several share the requests, so that each is answered once.
    if (answerers > 1) {
        answer.filters[0] = fmt::format("$share/{}/{}", spec.share_group, answer.filters[0]);
    }
    Group ask = base_group(spec, "ask", Role::both, askers);
    ask.filters = {filter_for(spec.topic, true) + "/reply"};
    ask.round_trip = true;
    add_group(spec, std::move(answer));
    add_group(spec, std::move(ask));
}

void add_pubsub(Spec& spec) {
    const std::uint32_t n = spec.clients;
    const std::uint32_t many = n != 0 ? n : 10;
    switch (spec.shape) {
    case Shape::pair: return add_pair(spec);
    case Shape::fanout:
        return add_two_sides(spec, {choose(spec.publishers, 1), choose(spec.subscribers, many)},
                             {});
    case Shape::fanin:
        return add_two_sides(spec, {choose(spec.publishers, many), choose(spec.subscribers, 1)},
                             {});
    case Shape::share:
        return add_two_sides(spec, {choose(spec.publishers, many), choose(spec.subscribers, 2)}, {},
                             true);
    case Shape::ring: return add_circle(spec, true);
    case Shape::mesh: return add_circle(spec, false);
    }
}

}  // namespace

namespace {

void add_groups(Spec& spec) {
    const std::uint32_t clients = std::max(1u, spec.clients);
    switch (spec.command) {
    case Command::conn: return add_group(spec, base_group(spec, "conn", Role::idle, clients));
    case Command::pub: {
        Group pub = base_group(spec, "pub", Role::pub, choose(spec.publishers, clients));
        return add_group(spec, std::move(pub));
    }
    case Command::sub: {
        Group sub = base_group(spec, "sub", Role::sub, choose(spec.subscribers, clients));
        if (sub.filters.empty()) sub.filters = {spec.topic};
        return add_group(spec, std::move(sub));
    }
    case Command::pubsub: return add_pubsub(spec);
    case Command::rtt: return add_round_trips(spec);
    case Command::run: refuse_shape("the scenario has no [[group]]");
    }
}

}  // namespace

void make_groups(Spec& spec) {
    if (spec.groups.empty()) add_groups(spec);
    for (Group& group : spec.groups) {
        if (!group.subscribe_qos_given) group.subscribe_qos = group.qos;
    }
}

std::uint32_t client_count(const Spec& spec) {
    std::uint32_t sum = 0;
    for (const Group& group : spec.groups)
        sum += group.clients;
    return sum;
}

void set_endpoint(Spec& spec, const Endpoint& endpoint) {
    spec.connect.endpoint = endpoint;
    spec.targets = {endpoint};
    for (Group& group : spec.groups) {
        group.connect.endpoint = endpoint;
        group.targets = {endpoint};
    }
}

double group_rate(const Group& group, std::uint32_t publishers) {
    if (!group.recorded_times.empty()) {
        return static_cast<double>(group.recorded_times.size()) / group.recorded_period;
    }
    if (!group.steps.empty()) return group.steps.back().to;
    if (group.burst_period > 0) return publishers * group.burst_size / group.burst_period;
    if (group.client_interval_ms > 0) return publishers * 1000.0 / group.client_interval_ms;
    return group.rate;
}

void set_connect_rate(Spec& spec, double per_second) {
    spec.connect_rate = per_second;
    for (Group& group : spec.groups)
        group.connect_rate = per_second;
}

void set_total_rate(Spec& spec, double messages_per_second) {
    const auto set = [](Traffic& traffic, double rate) {
        traffic.rate = rate;
        traffic.client_interval_ms = 0;
        traffic.burst_period = 0;
        traffic.steps.clear();
        traffic.recorded_times.clear();
    };
    double total = 0;
    const auto rate_of = [](const Group& group) {
        const bool publishes = group.role == Role::pub || group.role == Role::both;
        return publishes ? group_rate(group, group.clients) : 0;
    };
    for (const Group& group : spec.groups)
        total += rate_of(group);
    for (Group& group : spec.groups) {
        if (const double rate = rate_of(group); rate > 0) {
            set(group, messages_per_second * rate / total);
        }
    }
    set(spec, messages_per_second);
}

std::string filter_for(std::string_view topic, bool keep_number) {
    std::string filter;
    std::string level;
    bool wild = false;
    const auto end_level = [&] {
        filter += wild ? "+" : level;
        level.clear();
        wild = false;
    };
    for (std::size_t i = 0; i < topic.size(); ++i) {
        const char next = topic[i] == '%' && i + 1 < topic.size() ? topic[i + 1] : '\0';
        if (topic[i] == '/') {
            end_level();
            filter += '/';
        } else if (next == '{') {
            const auto close = std::min(topic.find('}', i), topic.size() - 1);
            // Of any number of levels.
            if (topic.substr(i, close - i + 1) == "%{topic}") {
                return filter + (level.empty() ? "#" : "+/#");
            }
            const bool of_number = i + 2 < topic.size() && topic[i + 2] == 'i';
            if (!of_number || !keep_number) wild = true;
            level += topic.substr(i, close - i + 1);
            i = close;
        } else {
            if (next == 'n' || (!keep_number && (next == 'i' || next == 'c' || next == 'u'))) {
                wild = true;
            }
            level += topic[i];
            if (next != '\0') level += topic[++i];
        }
    }
    end_level();
    return filter;
}

}  // namespace mqtt::bench
