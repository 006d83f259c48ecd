// The tester is tested: the generator against scripted brokers in memory, exactly. What it measures and
// verifies; when it sends is in bench_pacing_test.
#include <doctest/doctest.h>

#include <deque>

#include "mqtt-bench/payload_header.hpp"
#include "tools/bench_sim.hpp"

namespace mqtt::bench {

TEST_CASE(
    "generator: a broker that freezes one second in ten shows in the response time at any "
    "window, though service time with window 1 hides it") {
    for (const std::uint16_t inflight : std::initializer_list<std::uint16_t>{1, 10, 1000}) {
        CAPTURE(inflight);
        Spec spec = basic();
        spec.clients = 10;
        spec.qos = QoS::at_least_once;
        spec.inflight = inflight;
        Sim sim(spec);
        sim.freeze = 5 * kSecond;
        sim.thaw = 6 * kSecond;
        sim.generator->start(sim.now);
        sim.run(sim.now + 20 * kSecond);
        REQUIRE(sim.series(SeriesId::e2e).count() == 10'000);
        CHECK(ms(sim.series(SeriesId::e2e).at(0.99)) >= 850);
        CHECK(ms(sim.series(SeriesId::ack).at(0.99)) >= 850);
        if (inflight == 1) CHECK(ms(sim.series(SeriesId::service).at(0.99)) < 10);
        // What waits for the broker is not the generator's lateness.
        CHECK(sim.series(SeriesId::lag).max() == 0);
        CHECK(sim.generator->is_idle());
    }
}

TEST_CASE("generator: a broker that answers after 7 ms is measured as 7 ms") {
    Spec spec = basic();
    spec.clients = 5;
    Sim sim(spec);
    sim.latency = 7 * kMs;
    sim.generator->start(sim.now);
    sim.run(sim.now + 12 * kSecond);
    for (const double p : {0.01, 0.5, 0.99, 0.999}) {
        CHECK(ms(sim.series(SeriesId::e2e).at(p)) == doctest::Approx(7).epsilon(0.001));
    }
    CHECK(sim.series(SeriesId::e2e).count() == 10'000);
}

TEST_CASE(
    "generator: every 1,000th lost, every 1,500th twice, every 2,000th swapped is counted "
    "exactly") {
    Spec spec = basic();
    spec.rate = 10'000;
    Sim sim(spec);
    std::uint64_t n = 0;
    std::uint64_t lost = 0;
    std::uint64_t doubled = 0;
    std::uint64_t swapped = 0;
    std::deque<Sim::Message> held;
    sim.script = [&](const Sim::Message& message) {
        ++n;
        if (n % 2000 == 1) {  // comes after the next one
            held.push_back(message);
            return;
        }
        if (n % 1000 == 0) {
            ++lost;
        } else {
            sim.hand_over(message);
            if (n % 1500 == 750) {
                sim.hand_over(message);
                ++doubled;
            }
        }
        if (!held.empty()) {
            sim.hand_over(held.front());
            held.pop_front();
            ++swapped;
        }
    };
    sim.generator->start(sim.now);
    sim.run(sim.now + 12 * kSecond);
    REQUIRE(n == 100'000);
    CHECK(lost == 100);
    CHECK(sim.generator->lost(sim.sent_counts()) == lost);
    CHECK(sim.generator->check_counts().duplicates == doubled);
    CHECK(sim.generator->check_counts().reordered == swapped);
    // A duplicate is no second latency sample.
    CHECK(sim.series(SeriesId::e2e).count() == 100'000 - lost);
}

TEST_CASE("generator: redelivery marked DUP is not a duplicate of the broker's making") {
    Spec spec = basic();
    spec.qos = QoS::at_least_once;
    Sim sim(spec);
    sim.script = [&](const Sim::Message& message) {
        sim.hand_over(message);
        if (sim.arrivals % 100 == 0) sim.hand_over(message, true);
    };
    sim.generator->start(sim.now);
    sim.run(sim.now + 12 * kSecond);
    CHECK(sim.generator->check_counts().flagged_duplicates == 100);
    CHECK(sim.generator->check_counts().duplicates == 0);
}

TEST_CASE("generator: every shape delivers what it promises") {
    struct Row {
        Shape shape;
        std::uint32_t pubs, subs;
        std::uint64_t deliveries;
    };
    for (const Row& row : {Row{Shape::pair, 4, 4, 10'000}, Row{Shape::fanout, 2, 7, 70'000},
                           Row{Shape::fanin, 6, 1, 10'000}, Row{Shape::fanin, 6, 3, 30'000},
                           Row{Shape::share, 5, 3, 10'000}}) {
        CAPTURE(shape_name(row.shape));
        Spec spec = basic();
        spec.shape = row.shape;
        spec.publishers = row.pubs;
        spec.subscribers = row.subs;
        Sim sim(spec);
        sim.generator->start(sim.now);
        sim.run(sim.now + 12 * kSecond);
        CHECK(sim.generator->counters().measured_received == row.deliveries);
        CHECK(sim.generator->counters().measured_sent * sim.plan.fan_out() == row.deliveries);
        CHECK(sim.generator->lost(sim.sent_counts()) == 0);
        CHECK(sim.generator->check_counts().duplicates == 0);
        CHECK(sim.generator->check_counts().reordered == 0);
        CHECK(sim.generator->counters().foreign == 0);
    }
}

TEST_CASE("generator: messages of another run or of a stranger are told apart") {
    Spec spec = basic();
    spec.duration = std::chrono::seconds(1);
    Sim sim(spec);
    std::vector<std::uint8_t> other(64);
    write_payload_header(std::span<std::uint8_t, 32>(other.data(), 32), {kRunId + 1, 0, 0, 0, 0});
    sim.generator->start(sim.now);
    sim.events.emplace(sim.now + 100 * kMs, [&] {
        sim.generator->on_message(0, other, false, sim.now);
        sim.generator->on_message(0, as_bytes("hello"), false, sim.now);
    });
    sim.run(sim.now + 3 * kSecond);
    CHECK(sim.generator->counters().foreign == 2);
    CHECK(sim.generator->counters().measured_received == 1000);
    CHECK(sim.generator->check_counts().duplicates == 0);
}

TEST_CASE(
    "generator: payloads of 8 to 31 bytes are timed by the table, smaller ones only counted") {
    for (const std::uint32_t size : {8u, 31u, 7u, 0u}) {
        CAPTURE(size);
        Spec spec = basic();
        spec.payload_bytes = size;
        spec.clients = 3;
        Sim sim(spec);
        sim.latency = 3 * kMs;
        sim.script = [&](const Sim::Message& message) {
            if (sim.arrivals != 5000) sim.hand_over(message);
        };
        sim.generator->start(sim.now);
        sim.run(sim.now + 12 * kSecond);
        CHECK(sim.sent.front().payload.size() == size);
        CHECK(sim.generator->counters().received == 9999);
        if (size >= 8) {
            CHECK(sim.generator->counters().measured_received == 9999);
            CHECK(sim.generator->lost(sim.sent_counts()) == 1);
            CHECK(ms(sim.series(SeriesId::e2e).at(0.5)) == doctest::Approx(3).epsilon(0.001));
        } else {
            CHECK(sim.series(SeriesId::e2e).empty());
        }
    }
}

TEST_CASE("generator: one seed reproduces every byte, another one does not") {
    const auto payloads = [](std::uint64_t seed) {
        Spec spec = basic();
        spec.seed = seed;
        spec.clients = 3;
        spec.arrival = Arrival::poisson;
        spec.duration = std::chrono::seconds(1);
        Sim sim(spec);
        sim.generator->start(sim.now);
        sim.run(sim.now + 3 * kSecond);
        std::vector<std::uint8_t> all;
        for (const auto& message : sim.sent) {
            all.insert(all.end(), message.payload.begin(), message.payload.end());
        }
        return all;
    };
    CHECK(payloads(3) == payloads(3));
    CHECK(payloads(3) != payloads(4));
}

TEST_CASE("generator: two workers share the publishers and find no loss together") {
    Spec spec = basic();
    spec.threads = 2;
    spec.clients = 5;
    spec.shape = Shape::fanin;
    const Plan plan(spec, kRunId);
    Shared shared(plan, 2);
    struct Null final : Wire {
        SendStatus publish(std::uint32_t publisher, const PublishRequest& request,
                           std::uint64_t) override {
            (void)publisher;
            out->on_message(0, request.payload, false, 5);
            return SendStatus::sent;
        }
        bool is_blocked(std::uint32_t) override { return false; }
        void flush(std::uint32_t) override {}
        std::int64_t now_ns() override { return 0; }
        Generator* out = nullptr;
    } wire;
    Generator first(plan, spec, shared, 0, wire);
    Generator second(plan, spec, shared, 1, wire);
    wire.out = &first;  // the only subscriber is worker 0's
    CHECK(first.publishers() == 3);
    CHECK(second.publishers() == 2);
    std::vector<std::uint64_t> sent(5);
    for (Generator* g : {&first, &second}) {
        for (std::uint32_t p = 0; p < g->publishers(); ++p)
            g->on_connected(p, 100);
        g->start(0);
        while (g->next_due() != Generator::kNever)
            g->on_time(10 * kSecond);
    }
    for (std::uint32_t p = 0; p < 3; ++p)
        sent[2 * p] = first.sent_of(p);
    for (std::uint32_t p = 0; p < 2; ++p)
        sent[2 * p + 1] = second.sent_of(p);
    for (const std::uint64_t count : sent)
        CHECK(count == 2000);
    CHECK(first.lost(sent) == 0);
    CHECK(first.counters().received == 10'000);
}

}  // namespace mqtt::bench
