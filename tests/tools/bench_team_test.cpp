// Several load hosts: clocks compared, texts over the control broker, and two generators whose clocks
// are an hour apart. On clocks of its own, without a network.
#include <doctest/doctest.h>

#include <random>

#include "mqtt-bench/clock_sync.hpp"
#include "mqtt-bench/coordinator_sum.hpp"
#include "mqtt-bench/hdr_log.hpp"
#include "mqtt-bench/payload_header.hpp"
#include "mqtt-bench/shapes.hpp"
#include "mqtt-bench/summary.hpp"
#include "mqtt-bench/team_messages.hpp"

namespace mqtt::bench {

namespace {

constexpr std::int64_t kUs = 1'000;
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMs;

// Two clocks and a network between them, whose delays are random and not alike in both directions.
struct TwoClocks {
    double drift = 0;
    std::int64_t offset = 0;
    std::int64_t least = 200 * kUs;  // of a packet, either way
    std::int64_t mean_extra_there = 300 * kUs;
    std::int64_t mean_extra_back = 3 * kMs;
    std::mt19937_64 random{42};

    std::int64_t theirs(std::int64_t own) const {
        return own + offset + static_cast<std::int64_t>(drift * static_cast<double>(own));
    }
    std::int64_t delay(std::int64_t mean_extra) {
        std::exponential_distribution<double> extra(1.0 / static_cast<double>(mean_extra));
        return least + static_cast<std::int64_t>(extra(random));
    }
    void exchange(ClockSync& sync, std::int64_t asked) {
        const std::int64_t arrived = asked + delay(mean_extra_there);
        const std::int64_t answered = arrived + 20 * kUs;
        const std::int64_t here = answered + delay(mean_extra_back);
        sync.add(asked, theirs(arrived), theirs(answered), here);
    }
};

}  // namespace

TEST_CASE("clock sync: the true offset lies within the told error, however lopsided the delays") {
    for (const double drift : {0.0, 30e-6, -80e-6}) {
        CAPTURE(drift);
        TwoClocks clocks;
        clocks.drift = drift;
        clocks.offset = 3'600 * kSecond;
        ClockSync sync;
        CHECK_FALSE(sync.estimate(0));
        std::int64_t now = 0;
        for (int i = 0; i < 600; ++i) {
            now += i < 50 ? 10 * kMs : 200 * kMs;
            clocks.exchange(sync, now);
            if (i < 20) continue;
            const auto estimate = sync.estimate(now);
            REQUIRE(estimate);
            const std::int64_t wrong = std::abs(clocks.theirs(now) - now - estimate->offset_ns);
            CHECK(wrong <= estimate->error_ns);
            CHECK(estimate->error_ns < 2 * kMs);
        }
        const auto last = sync.estimate(now);
        CHECK(std::abs(last->drift - drift) < 8e-6);
        CHECK(last->error_ns < 400 * kUs);  // the round trip takes 0.42 ms at least
        CHECK(sync.exchanges() == 600);
    }
}

TEST_CASE("clock sync: exchanges that contradict themselves are ignored") {
    ClockSync sync;
    sync.add(100, 50, 60, 90);
    sync.add(100, 60, 50, 110);
    CHECK(sync.exchanges() == 0);
    CHECK_FALSE(sync.estimate(1000));
    CHECK(own_clock_id() == own_clock_id());
    CHECK(own_clock_id().size() > 36);
}

TEST_CASE("team messages: what is written is read, what is garbled is not") {
    TeamPlan plan;
    plan.run = "0badcafe1";
    plan.clock = "boot time:[1]";
    plan.coordinator = "7-8";
    plan.agent = 1;
    plan.agents = 3;
    plan.run_id = 77;
    plan.seed = 5;
    plan.command = "run";
    plan.scenario = "a b.toml";
    plan.scenario_text = "[[group]]\nname = \"\u00e4\"\n";
    plan.variant = 2;
    plan.options = {{"max", {}}, {"rate", {"50k"}}, {"property", {"publish", "a", "", "\"x\""}}};
    plan.change.rate = 41'234.567890123;
    plan.change.warmup = std::chrono::milliseconds(500);
    plan.change.duration = std::chrono::nanoseconds(5'000'000'001);
    plan.change.url = "mqtt://b:1883";
    const auto again = read_plan(write_plan(plan));
    REQUIRE(again);
    CHECK(*again == plan);
    const std::string text = write_plan(plan);
    for (std::size_t cut = 0; cut < text.size(); ++cut)
        CHECK_FALSE(read_plan(text.substr(0, cut)));
    plan.agent = 3;
    CHECK_FALSE(read_plan(write_plan(plan)));
    plan.agent = 0;
    plan.run = "a/b";
    CHECK_FALSE(read_plan(write_plan(plan)));

    const auto card = read_card(write_card({"host-1", "clock", "0.1", 8}));
    REQUIRE(card);
    CHECK(card->host == "host-1");
    CHECK(card->cpus == 8);
    CHECK_FALSE(read_card(""));
    const auto progress = read_progress(write_progress({1, 2, 3, true}));
    REQUIRE(progress);
    CHECK(progress->received == 3);
    CHECK(progress->idle);
    CHECK_FALSE(read_progress("1 2 3"));
    CHECK_FALSE(read_progress("1 2 -3 0"));
    const auto clock = read_clock(write_clock({-5, 6, 7, "boot time:[1]"}));
    REQUIRE(clock);
    CHECK(clock->zero_ns == -5);
    CHECK(clock->clock == "boot time:[1]");
    CHECK_FALSE(read_clock("1 2 3"));

    const auto measure = read_measure(write_measure({123, false}));
    REQUIRE(measure);
    CHECK(measure->from_ns == 123);
    CHECK_FALSE(measure->steady);
    CHECK_FALSE(read_measure("5"));

    CHECK(is_for_agents("rate"));
    CHECK_FALSE(is_for_agents("slo"));
    CHECK_FALSE(is_for_agents("json"));
    CHECK_FALSE(is_for_agents("agents"));
    CHECK(is_refused_by_agents("spawn"));
    CHECK(is_refused_by_agents("password-command"));
}

TEST_CASE("changes of find and vs: the same whether made once or again by a load host") {
    Spec spec;
    spec.warmup_until_steady = true;
    apply_change(spec, {.rate = 0,
                        .warmup = std::chrono::milliseconds(500),
                        .duration = std::chrono::seconds(2),
                        .url = "mqtt://me:secret@b:1884"});
    CHECK(spec.max);
    CHECK_FALSE(spec.warmup_until_steady);
    apply_change(spec, {.rate = 500, .warmup_until_steady = true});
    Spec other;
    apply_change(other, spec.change);
    for (const Spec* s : {&spec, &other}) {
        CHECK_FALSE(s->max);
        CHECK(s->rate == 500);
        CHECK(s->duration == std::chrono::seconds(2));
        CHECK(s->warmup_until_steady);
        CHECK(s->targets.size() == 1);
        CHECK(s->connect.endpoint.port == 1884);
        CHECK(s->connect.user_name.value_or("") == "me");
        CHECK(s->connect.password.value_or("") == "secret");
    }
    CHECK(spec.change == other.change);
    CHECK_THROWS_AS(apply_change(spec, {.url = "nonsense://"}), std::invalid_argument);
    Spec conn;
    conn.command = Command::conn;
    apply_change(conn, {.rate = 70});
    CHECK(conn.connect_rate == 70);
    CHECK_FALSE(conn.max);
}

TEST_CASE("team messages: balances of several hosts add up, a garbled one changes nothing") {
    Balance sum;
    sum.sent.resize(3);
    sum.shared.resize(2);
    Balance other = sum;
    other.sent = {5, 0, 7};
    other.uncertain = {{2, 3, 6}};
    other.shared[1].on_message(0, 0, false);
    other.shared[1].on_message(0, 70, false);
    other.shared[1].on_message(2, 1, true);
    const std::string text = write_balance(other);
    REQUIRE(add_balance(text, sum));
    CHECK(sum.sent == other.sent);
    REQUIRE(sum.uncertain.size() == 1);
    CHECK(sum.uncertain[0].past == 6);
    CHECK(sum.shared[1].counts().received == 3);
    CHECK(sum.shared[1].distinct_of(0) == 2);
    CHECK(sum.shared[1].has(0, 70));
    CHECK_FALSE(sum.shared[1].has(0, 69));
    // A second host that has seen the same message: a duplicate of the group.
    Balance third;
    third.sent.resize(3);
    third.shared.resize(2);
    third.shared[1].on_message(0, 70, false);
    REQUIRE(add_balance(write_balance(third), sum));
    CHECK(sum.shared[1].counts().duplicates == 1);
    CHECK(sum.shared[1].distinct_of(0) == 2);
    for (const char* bad : {"s 3 1\n", "s 0\n", "u 0 5 4\n", "b 2 0 1\n", "b 0 3 1\n", "x 1 2\n",
                            "s 0 1\ns 9 9\n", "c 0 1 2 3\n", "s 0 zz\n", "\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(add_balance(bad, sum));
        CHECK(sum.sent[0] == 5);
    }
}

TEST_CASE(
    "generator: a message from another load host is measured on one clock, in its slot of the "
    "common schedule, and what that host sent is owed here") {
    Spec spec;
    spec.seed = 7;
    spec.warmup = std::chrono::seconds(1);
    spec.duration = std::chrono::seconds(2);
    spec.shape = Shape::fanout;
    spec.publishers = 2;
    spec.subscribers = 2;
    spec.rate = 200;
    spec.agents = 2;
    const Plan plan(spec, 99);
    CHECK(plan.crosses_hosts(2, 2));
    CHECK(plan.worker_of(0, 2) == 0);
    CHECK(plan.worker_of(1, 2) == 1);

    // Host 1's clock is an hour behind; both know the start to the nanosecond, the offset to 40 us.
    constexpr std::int64_t kHour = 3'600 * kSecond;
    constexpr std::int64_t kWrong = 40 * kUs;
    constexpr std::int64_t kLatency = 7 * kMs;
    struct Host final : Wire {
        Host(const Plan& p, const Spec& s, std::uint32_t number)
            : shared(p, 2, false, 2, number)
            , generator(p, s, shared, number, *this) {
            generator.on_connected(0, 100);
        }
        SendStatus publish(std::uint32_t, const PublishRequest& request, std::uint64_t) override {
            outbox.push_back({now, {request.payload.begin(), request.payload.end()}});
            return SendStatus::sent;
        }
        bool is_blocked(std::uint32_t) override { return false; }
        void flush(std::uint32_t) override {}
        std::int64_t now_ns() override { return now; }
        std::int64_t now = 0;
        std::vector<std::pair<std::int64_t, std::vector<std::uint8_t>>> outbox;
        Shared shared;
        Generator generator;
    };
    Host ahead(plan, spec, 0);
    Host behind(plan, spec, 1);
    const std::int64_t zero = 5 * kHour;
    behind.now = -kHour;
    ahead.shared.clocks[1].set(kHour + kWrong, kHour);
    behind.shared.clocks[0].set(-kHour - kWrong, -kHour);
    ahead.generator.start(zero);
    behind.generator.start(zero - kHour);
    for (std::int64_t at = zero; at < zero + 4 * kSecond; at += kMs / 2) {
        ahead.now = at;
        behind.now = at - kHour;
        ahead.generator.on_time(ahead.now);
        behind.generator.on_time(behind.now);
    }
    // Every message reaches both hosts' subscribers; one of host 0's never reaches host 1.
    std::size_t number = 0;
    for (Host* from : {&ahead, &behind}) {
        for (const auto& [sent, payload] : from->outbox) {
            const std::int64_t at = sent + (from == &behind ? kHour : 0) + kLatency;
            ahead.generator.on_message(0, payload, false, at);
            if (from == &behind || ++number != 17) {
                behind.generator.on_message(0, payload, false, at - kHour);
            }
        }
    }
    for (Host* host : {&ahead, &behind}) {
        CAPTURE(host == &behind);
        const Histogram& service = host->generator.interval()[SeriesId::service];
        CHECK(host->generator.counters().unmeasured == 0);
        CHECK(host->generator.counters().measured_owed == 400);
        CHECK(host->generator.counters().measured_received == 400);  // the lost one was warm-up
        CHECK(service.min() >= kLatency - kWrong - 10 * kUs);
        CHECK(service.max() <= kLatency + kWrong + 10 * kUs);
    }
    Balance balance;
    balance.sent.resize(plan.streams());
    balance.shared.resize(plan.stream_sets());
    Balance second = balance;
    ahead.generator.add_sent(balance.sent);
    behind.generator.add_sent(second.sent);
    REQUIRE(add_balance(write_balance(second), balance));
    CHECK(balance.sent == std::vector<std::uint64_t>{300, 300});
    CHECK(ahead.generator.lost(balance.sent) == 0);
    CHECK(behind.generator.lost(balance.sent) == 1);
}

TEST_CASE("generator: before another host's clock is known its messages are counted, not timed") {
    Spec spec;
    spec.shape = Shape::fanout;
    spec.publishers = 2;
    spec.subscribers = 2;
    spec.agents = 2;
    const Plan plan(spec, 99);
    struct Nowhere final : Wire {
        SendStatus publish(std::uint32_t, const PublishRequest&, std::uint64_t) override {
            return SendStatus::sent;
        }
        bool is_blocked(std::uint32_t) override { return false; }
        void flush(std::uint32_t) override {}
        std::int64_t now_ns() override { return 0; }
    } wire;
    Shared shared(plan, 2, false, 2, 0);
    Generator generator(plan, spec, shared, 0, wire);
    generator.start(0);
    std::vector<std::uint8_t> payload(64);
    write_payload_header(std::span(payload).first<kPayloadHeaderBytes>(), {99, 1, 0, 5, 0});
    generator.on_message(0, payload, false, 10);
    CHECK(generator.counters().unmeasured == 1);
    CHECK(generator.check_counts().received == 1);
}

TEST_CASE("coordinator: the same second of every host becomes one, with percentiles of all") {
    const auto tell = [](double at, std::uint64_t sent, std::int64_t latency) {
        Second second;
        second.at = at;
        second.elapsed = at + 3;
        second.sent = sent;
        Histogram histogram;
        histogram.record(latency, sent);
        return second_json(second) + hdr_log_line("e2e", at, 1, histogram);
    };
    SecondsOfAll seconds(2);
    CHECK(seconds.add(0, tell(1.0003, 900, kMs)));
    CHECK(seconds.add(0, tell(2.0001, 900, kMs)));
    CHECK(seconds.take().empty());
    CHECK(seconds.add(1, tell(0.9998, 100, 10 * kMs)));
    const auto first = seconds.take();
    REQUIRE(first.size() == 1);
    CHECK(first[0].second.sent == 1000);
    CHECK(first[0].second.e2e_p50_ns == doctest::Approx(1e6).epsilon(0.002));
    CHECK(first[0].second.e2e_p99_ns == doctest::Approx(1e7).epsilon(0.002));
    CHECK(seconds.take().empty());
    CHECK_FALSE(seconds.add(1, "nonsense"));
    CHECK_FALSE(seconds.add(1, ""));
    CHECK_FALSE(seconds.add(2, tell(3, 1, kMs)));
    // One host skips a second, the other is late with one: nobody waits, nothing is told twice.
    CHECK(seconds.add(1, tell(3.0, 100, kMs)));
    CHECK(seconds.add(0, tell(3.6, 900, kMs)));
    CHECK(seconds.add(0, tell(4.0, 900, kMs)));
    CHECK(seconds.take().size() == 2);  // the second one of one host, the third of the other
    CHECK(seconds.take(true).size() == 2);

    // --warmup auto: decided once, for all, by the seconds of all; told as an instant that is to come.
    Spec spec;
    spec.warmup_until_steady = true;
    make_groups(spec);
    const Plan plan(spec, 1);
    BrokerSide broker(spec);
    const Run::Observer observer;
    SumOfAll sum(spec, plan, broker, observer);
    CHECK_FALSE(sum.measure(90 * kSecond));  // nothing has begun
    sum.begin(10 * kSecond);
    for (int at = 1; at <= 13; ++at) {
        SecondOfAll all;
        all.second.at = at;
        all.second.received = at < 8 ? 100 * static_cast<std::uint64_t>(at) : 800;
        if (at <= 8) CHECK_FALSE(sum.measure((10 + at) * kSecond));
        sum.on_second(std::move(all));
    }
    const auto measure = sum.measure(23 * kSecond);
    REQUIRE(measure);
    CHECK(measure->steady);
    CHECK(measure->from_ns > 23 * kSecond);
    CHECK_FALSE(sum.measure(24 * kSecond));
    SumOfAll never(spec, plan, broker, observer);
    never.begin(10 * kSecond);
    CHECK_FALSE(never.measure(69 * kSecond));
    const auto given_up = never.measure(71 * kSecond);
    REQUIRE(given_up);
    CHECK_FALSE(given_up->steady);

    std::vector<StageResult> stages{
        {1, "drop", 3, 2, 0.5, 0, 0}, {2, "drop", 1, 1, 0.1, 0, 0}, {1, "drop", 2, 2, 0.7, 4, 0.2}};
    join_stages(stages);
    REQUIRE(stages.size() == 2);
    CHECK(stages[0].clients == 5);
    CHECK(stages[0].back == 4);
    CHECK(stages[0].back_seconds == 0.7);
    CHECK(stages[0].backlog == 4);
}

}  // namespace mqtt::bench
