// From a spec to topology and names; and the refusals of what contradicts itself.
#include <doctest/doctest.h>

#include <stdexcept>

#include "mqtt-bench/plan.hpp"

using namespace mqtt::bench;

namespace {

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
    CHECK(plan.topic_of(3) == "bench/3");
    CHECK(plan.filter_of(3) == "bench/3");
    CHECK(plan.streams_of(3).first == 3);
    CHECK(plan.streams_of(3).count == 1);
}

TEST_CASE("plan: fan-out subscribes everybody to everything") {
    const Plan one = plan_of(Shape::fanout, 50);
    CHECK(one.publishers() == 1);
    CHECK(one.subscribers() == 50);
    CHECK(one.fan_out() == 50);
    CHECK(one.filter_of(7) == "bench/0");
    const Plan several = plan_of(Shape::fanout, 0, 4, 3);
    CHECK(several.filter_of(0) == "bench/+");
    CHECK(several.topic_of(3) == "bench/3");
    CHECK(several.streams_of(2).count == 4);
}

TEST_CASE("plan: fan-in may share topics between publishers") {
    const Plan plan = plan_of(Shape::fanin, 0, 6, 1, 2);
    CHECK(plan.topic_of(5) == "bench/1");
    CHECK(plan.filter_of(0) == "bench/+");
    CHECK(plan.streams_of(0).count == 6);
}

TEST_CASE("plan: a shared subscription is one set of messages") {
    const Plan plan = plan_of(Shape::share, 0, 8, 3);
    CHECK(plan.is_shared());
    CHECK(plan.fan_out() == 1);
    CHECK(plan.filter_of(1) == "$share/bench/bench/+");
}

TEST_CASE("plan: the level with the number becomes the wildcard, whatever stands around it") {
    Spec spec;
    spec.shape = Shape::fanin;
    spec.publishers = 3;
    spec.topic = "site/dev-%i/%r/temperature";
    const Plan plan(spec, 0xAB);
    CHECK(plan.topic_of(2) == "site/dev-2/000000ab/temperature");
    CHECK(plan.filter_of(0) == "site/+/000000ab/temperature");
}

TEST_CASE("plan: client ids are numbered and carry the run") {
    CHECK(plan_of(Shape::pair, 2).client_id_of(3) == "bench-12345678-3");
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
