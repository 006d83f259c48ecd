// From a spec to topology and names; and the refusals of what contradicts itself.
#include <doctest/doctest.h>

#include <stdexcept>

#include "mqtt-bench/plan.hpp"
#include "mqtt-bench/sources.hpp"

namespace mqtt::bench {

namespace {

const PlannedGroup& group_of(const Plan& plan, Role role) {
    for (const PlannedGroup& group : plan.groups()) {
        if (group.spec.role == role) return group;
    }
    throw std::logic_error("no such group");
}

std::string topic_of(const Plan& plan, std::uint32_t publisher, Role role = Role::pub) {
    std::string out;
    plan.append_topic(group_of(plan, role), publisher, 0, 0, out);
    return out;
}

std::string filter_of(const Plan& plan, std::uint32_t subscriber, Role role = Role::sub) {
    return plan.filters_of(group_of(plan, role), subscriber).front();
}

std::uint32_t first_stream(const Plan& plan, std::uint32_t subscriber) {
    return plan.ranges_of(plan.set_of(subscriber)).front().first;
}

std::uint32_t streams(const Plan& plan, std::uint32_t subscriber) {
    return plan.streams_in(plan.set_of(subscriber));
}

Plan plan_of(Shape shape, std::uint32_t clients, std::uint32_t pubs = 0, std::uint32_t subs = 0,
             std::uint32_t topics = 0) {
    Spec spec;
    spec.shape = shape;
    spec.clients = clients;
    spec.publishers = pubs;
    spec.subscribers = subs;
    spec.topics = topics;
    return Plan(spec, 0x12345678);
}

}  // namespace

TEST_CASE("plan: pairs have a topic each") {
    const Plan plan = plan_of(Shape::pair, 10);
    CHECK(plan.publishers() == 10);
    CHECK(plan.subscribers() == 10);
    CHECK(plan.fan_out() == 1);
    CHECK(topic_of(plan, 3) == "bench/3");
    CHECK(filter_of(plan, 3) == "bench/3");
    CHECK(first_stream(plan, 3) == 3);
    CHECK(streams(plan, 3) == 1);
}

TEST_CASE("plan: fan-out subscribes everybody to everything") {
    const Plan one = plan_of(Shape::fanout, 50);
    CHECK(one.publishers() == 1);
    CHECK(one.subscribers() == 50);
    CHECK(one.fan_out() == 50);
    CHECK(filter_of(one, 7) == "bench/0");
    const Plan several = plan_of(Shape::fanout, 0, 4, 3);
    CHECK(filter_of(several, 0) == "bench/+");
    CHECK(topic_of(several, 3) == "bench/3");
    CHECK(streams(several, 2) == 4);
}

TEST_CASE("plan: fan-in may share topics between publishers") {
    const Plan plan = plan_of(Shape::fanin, 0, 6, 1, 2);
    CHECK(topic_of(plan, 5) == "bench/1");
    CHECK(filter_of(plan, 0) == "bench/+");
    CHECK(streams(plan, 0) == 6);
}

TEST_CASE("plan: a shared subscription is one set of messages") {
    const Plan plan = plan_of(Shape::share, 0, 8, 3);
    CHECK(plan.is_shared());
    CHECK(plan.fan_out() == 1);
    CHECK(filter_of(plan, 1) == "$share/bench/bench/+");
}

TEST_CASE("plan: the level with the number becomes the wildcard, whatever stands around it") {
    Spec spec;
    spec.shape = Shape::fanin;
    spec.publishers = 3;
    spec.topic = "site/dev-%i/%r/temperature";
    const Plan plan(spec, 0xAB);
    CHECK(topic_of(plan, 2) == "site/dev-2/000000ab/temperature");
    CHECK(filter_of(plan, 0) == "site/+/000000ab/temperature");
}

TEST_CASE("plan: client ids are numbered and carry the run") {
    const Plan plan = plan_of(Shape::pair, 2);
    CHECK(plan.client_id_of(group_of(plan, Role::sub), 1) == "bench-12345678-1");
    CHECK(plan.client_id_of(group_of(plan, Role::pub), 1) == "bench-12345678-3");
}

TEST_CASE("plan: rates may be given per client, in bursts or in steps") {
    Spec spec;
    spec.clients = 20;
    spec.client_interval_ms = 10;
    CHECK(Plan(spec, 1).offered_rate() == doctest::Approx(2000));
    spec.burst_size = 25;
    spec.burst_period = 5;
    CHECK(Plan(spec, 1).offered_rate() == doctest::Approx(100));
    spec.steps = {{3, 10, 10}, {3, 20, 30}};
    CHECK(Plan(spec, 1).offered_rate() == doctest::Approx(30));
}

TEST_CASE("plan: what contradicts itself is refused with a reason") {
    CHECK_THROWS_AS(plan_of(Shape::pair, 0, 3, 4), std::invalid_argument);
    CHECK_THROWS_AS(plan_of(Shape::fanin, 0, 2, 1, 5), std::invalid_argument);
    Spec spec;
    spec.rate = 0;
    CHECK_THROWS_AS(Plan(spec, 1), std::invalid_argument);
    spec.rate = 1;
    spec.threads = 0;
    CHECK_THROWS_AS(Plan(spec, 1), std::invalid_argument);
}

TEST_CASE("plan: the description names what was run") {
    Spec spec;
    spec.shape = Shape::fanout;
    spec.subscribers = 1000;
    spec.rate = 250;
    spec.qos = mqtt::QoS::at_least_once;
    spec.duration = std::chrono::seconds(30);
    CHECK(Plan(spec, 1).describe() ==
          "pubsub --shape fanout --pubs 1 --subs 1000 -R 250/s -s 64 -q 1 -d 30s");
}

TEST_CASE("plan: in a ring everybody publishes to the next one's topic") {
    const Plan plan = plan_of(Shape::ring, 3);
    CHECK(plan.clients() == 3);
    CHECK(plan.fan_out() == 1);
    CHECK(topic_of(plan, 2, Role::both) == "bench/0");
    CHECK(filter_of(plan, 2, Role::both) == "bench/2");
    CHECK(first_stream(plan, 0) == 2);
    CHECK(streams(plan, 0) == 1);
}

TEST_CASE("plan: in a mesh everybody gets everything, also from itself") {
    const Plan plan = plan_of(Shape::mesh, 4);
    CHECK(plan.clients() == 4);
    CHECK(plan.fan_out() == 4);
    CHECK(streams(plan, 3) == 4);
}

TEST_CASE("plan: a round trip owes every asker its own messages") {
    Spec spec;
    spec.command = Command::rtt;
    spec.clients = 3;
    spec.subscribers = 2;
    const Plan plan(spec, 1);
    CHECK(plan.clients() == 5);
    CHECK(plan.subscribers() == 3);
    CHECK(filter_of(plan, 0, Role::answer) == "$share/bench/bench/+");
    CHECK(filter_of(plan, 1, Role::both) == "bench/1/reply");
    CHECK(first_stream(plan, 2) == 2);
    CHECK(plan.fan_out() == 1);
    CHECK_FALSE(plan.is_shared());
}

TEST_CASE("plan: groups with several topics each, matched by any filter") {
    Spec spec;
    spec.command = Command::run;
    Group pub;
    pub.name = "pub";
    pub.role = Role::pub;
    pub.clients = 4;
    pub.topic = "site/%{i/2}/%i/%{seq:0-2}";
    Group all;
    all.name = "all";
    all.role = Role::sub;
    all.clients = 2;
    all.filters = {"site/#"};
    Group half = all;
    half.name = "half";
    half.filters = {"site/1/+/1", "site/0/0/2"};
    Group shared = all;
    shared.name = "shared";
    shared.filters = {"$share/g/site/0/#"};
    spec.groups = {pub, all, half, shared};
    const Plan plan(spec, 1);
    CHECK(plan.streams() == 12);
    CHECK(streams(plan, 0) == 12);
    CHECK(plan.set_of(0) == plan.set_of(1));
    CHECK(streams(plan, 2) == 3);
    CHECK(plan.place_in(plan.set_of(2), 2) == 0);
    CHECK(plan.place_in(plan.set_of(2), 7) == 1);
    CHECK(plan.place_in(plan.set_of(2), 10) == 2);
    CHECK(plan.place_in(plan.set_of(2), 9) == Plan::kNone);
    CHECK(streams(plan, 4) == 6);
    // two of "all"; both of "half" for three streams; the shared group once for the first six
    CHECK(plan.fan_out_of(0) == 3);
    CHECK(plan.fan_out_of(2) == 5);
    CHECK(plan.fan_out_of(10) == 4);
    CHECK(plan.fan_out_of(11) == 2);
}

TEST_CASE("plan: contradictions within a group are refused") {
    Spec spec;
    spec.command = Command::run;
    Group sub;
    sub.name = "s";
    sub.role = Role::sub;
    spec.groups = {sub};
    CHECK_THROWS_AS(Plan(spec, 1), std::invalid_argument);  // no filter
    spec.groups[0].filters = {"a", "$share/g/b"};
    CHECK_THROWS_AS(Plan(spec, 1), std::invalid_argument);
    spec.groups[0].filters = {"a"};
    spec.stages.push_back({});
    spec.stages[0].group = "nobody";
    CHECK_THROWS_AS(Plan(spec, 1), std::invalid_argument);
    spec.stages.clear();
    spec.groups[0].role = Role::pub;
    spec.groups[0].topic = "a/%{seq:0-1}/%{rand:0-1}";
    CHECK_THROWS_AS(Plan(spec, 1), std::invalid_argument);
}

TEST_CASE("sources: on loopback more addresses are taken before ports become scarce") {
    mqtt::Endpoint near;
    near.host = "127.0.0.1";
    mqtt::Endpoint far;
    far.host = "192.0.2.1";
    const std::uint32_t ports = local_ports();
    REQUIRE(ports >= 1000);
    CHECK(choose_sources({near}, ports / 4).empty());
    const auto two = choose_sources({near}, ports * 6 / 10);
    CHECK(two == std::vector<std::string>{"127.0.0.1", "127.0.0.2"});
    CHECK(choose_sources({near}, ports * 10).size() >= 20);
    CHECK(choose_sources({far}, ports * 6 / 10).empty());
    // Two targets have twice the ports.
    CHECK(choose_sources({near, near}, ports * 6 / 10).empty());
}

}  // namespace mqtt::bench
