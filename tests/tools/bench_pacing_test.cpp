// When the generator sends, what holds it back, and what is measured of it: against scripted brokers in
// memory, on a clock of its own.
#include <doctest/doctest.h>

#include "tools/bench_sim.hpp"

namespace mqtt::bench {

TEST_CASE("generator: warm-up and cool-down are sent and checked, but not measured") {
    Spec spec = basic();
    spec.warmup = std::chrono::seconds(2);
    spec.duration = std::chrono::seconds(3);
    spec.cooldown = std::chrono::seconds(1);
    Sim sim(spec);
    sim.generator->start(sim.now);
    sim.run(sim.now + 10 * kSecond);
    const Counters& c = sim.generator->counters();
    CHECK(c.sent == 6000);
    CHECK(c.measured_offered == 3000);
    CHECK(c.measured_sent == 3000);
    CHECK(c.measured_received == 3000);
    CHECK(sim.series(SeriesId::e2e).count() == 3000);
}

TEST_CASE("generator: a count ends the load, exactly, over publishers that wait") {
    Spec spec = basic();
    spec.limit = 12'345;
    spec.clients = 7;
    spec.qos = QoS::exactly_once;
    spec.inflight = 1;
    Sim sim(spec);
    sim.latency = 50 * kMs;  // slower than the rate: the window holds messages back
    sim.generator->start(sim.now);
    sim.run(sim.now + 300 * kSecond);
    CHECK(sim.generator->counters().sent == 12'345);
    CHECK(sim.generator->counters().acked == 12'345);
    CHECK(sim.generator->counters().waits_window > 10'000);
    CHECK(sim.generator->is_idle());
    CHECK(sim.generator->next_due() == Generator::kNever);
}

TEST_CASE("generator: the window is the smaller of --inflight and Receive Maximum, and is kept") {
    Spec spec = basic();
    spec.rate = 100'000;
    spec.duration = std::chrono::seconds(1);
    spec.qos = QoS::at_least_once;
    spec.inflight = 100;
    Sim sim(spec);
    sim.latency = 20 * kMs;
    sim.generator->on_connected(0, 20);
    sim.generator->start(sim.now);
    sim.run(sim.now + 2 * kSecond);
    CHECK(sim.most_in_broker == 20);
}

TEST_CASE("generator: a full socket holds messages back, and the wait is charged") {
    Spec spec = basic();
    spec.duration = std::chrono::seconds(2);
    Sim sim(spec);
    sim.generator->start(sim.now);
    sim.events.emplace(sim.now + 500 * kMs, [&] { sim.blocked = true; });
    sim.events.emplace(sim.now + 1500 * kMs, [&] {
        sim.blocked = false;
        sim.generator->on_room(0, sim.now);
    });
    sim.run(sim.now + 5 * kSecond);
    CHECK(sim.generator->counters().measured_received == 2000);
    CHECK(ms(sim.series(SeriesId::e2e).max()) == doctest::Approx(1001).epsilon(0.002));
    CHECK(ms(sim.series(SeriesId::service).max()) == doctest::Approx(1).epsilon(0.002));
    CHECK(sim.generator->counters().waits_socket >= 999);
}

TEST_CASE("generator: what was due while a publisher was away goes out when it is back") {
    Spec spec = basic();
    spec.duration = std::chrono::seconds(2);
    Sim sim(spec);
    sim.generator->start(sim.now);
    sim.events.emplace(sim.now + 500 * kMs, [&] { sim.generator->on_closed(0); });
    sim.events.emplace(sim.now + 700 * kMs, [&] { sim.generator->on_connected(0, 100); });
    sim.run(sim.now + 5 * kSecond);
    CHECK(sim.generator->counters().measured_received == 2000);
    CHECK(ms(sim.series(SeriesId::e2e).max()) == doctest::Approx(201).epsilon(0.01));
}

TEST_CASE("generator: refusals are counted and free the window") {
    Spec spec = basic();
    spec.duration = std::chrono::seconds(1);
    spec.qos = QoS::at_least_once;
    spec.inflight = 5;
    Sim sim(spec);
    sim.refuse_acks = true;
    sim.generator->start(sim.now);
    sim.run(sim.now + 3 * kSecond);
    CHECK(sim.generator->counters().refused == 1000);
    CHECK(sim.generator->counters().acked == 0);
    CHECK(sim.generator->is_idle());

    Sim too_large(spec);
    too_large.refuse_sending = true;
    too_large.generator->start(too_large.now);
    too_large.run(too_large.now + 3 * kSecond);
    CHECK(too_large.generator->counters().refused == 1000);
    CHECK(too_large.generator->counters().sent == 0);
    CHECK(too_large.generator->is_idle());
}

TEST_CASE("generator: saturation keeps the outstanding deliveries within their limit") {
    for (const std::uint32_t subs : {1u, 5u}) {
        Spec spec = basic();
        spec.duration = std::chrono::seconds(3);
        spec.max = true;
        spec.batch = 10;
        spec.max_outstanding = 200;
        spec.shape = Shape::fanout;
        spec.subscribers = subs;
        Sim sim(spec);
        sim.generator->start(sim.now);
        sim.run(sim.now + 4 * kSecond);
        CHECK(sim.most_in_broker * subs <= 200);
        CHECK(sim.most_in_broker * subs >= 190);
        CHECK(sim.sent.size() > 30'000);
        CHECK(sim.flushes * 10 == sim.sent.size());  // whole batches only
        CHECK(sim.generator->lost(sim.sent_counts()) == 0);
    }
}

TEST_CASE("generator: saturation goes on after a second when the broker drops messages") {
    Spec spec = basic();
    spec.max = true;
    spec.batch = 10;
    spec.max_outstanding = 100;
    Sim sim(spec);
    sim.script = [&](const Sim::Message& message) {
        if (sim.arrivals <= 100) return;
        sim.hand_over(message);
    };
    sim.generator->start(sim.now);
    // Somebody has to wake it: events keep the clock going.
    for (int i = 0; i < 4000; ++i)
        sim.events.emplace(sim.now + i * kMs, [] {});
    sim.run(sim.now + 4 * kSecond);
    sim.generator->end();
    sim.run(sim.now + kSecond);
    CHECK(sim.generator->counters().sent > 1000);
    CHECK(sim.generator->lost(sim.sent_counts()) == 100);
}

TEST_CASE("generator: the end cuts the schedule, but not what was due before it") {
    Spec spec = basic();
    Sim sim(spec);
    sim.generator->start(sim.now);
    sim.now += 5 * kSecond;  // the thread was away: 5,001 slots are due
    sim.generator->end();
    sim.run(sim.now + kSecond);
    CHECK(sim.generator->counters().sent == 5000);
    CHECK(sim.generator->next_due() == Generator::kNever);
}

}  // namespace mqtt::bench
