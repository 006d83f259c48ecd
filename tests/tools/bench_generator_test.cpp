// The tester is tested: the generator against scripted brokers in memory, exactly, on a clock of
// its own. Nothing here reads a real clock or opens a socket.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "mqtt-bench/generator.hpp"
#include "mqtt-bench/payload_header.hpp"

using namespace mqtt;
using namespace mqtt::bench;

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMs;
constexpr std::uint32_t kRunId = 0xABCD0001;

// A broker that delivers to every subscriber that should get a message, `latency` after it was
// sent, unless `script` says otherwise. Acknowledges when it delivers.
class Sim final : public Wire {
public:
    explicit Sim(const Spec& s) : spec(s), plan(spec, kRunId), shared(plan, 1) {
        generator = std::make_unique<Generator>(plan, spec, shared, 0, *this);
        for (std::uint32_t p = 0; p < plan.publishers(); ++p)
            generator->on_connected(p, window);
    }

    struct Message {
        std::uint32_t publisher = 0;
        std::vector<std::uint8_t> payload;
    };

    SendStatus publish(std::uint32_t publisher, const PublishRequest& request,
                       std::uint64_t token) override {
        if (refuse_sending) return SendStatus::too_large;
        Message message{publisher, {request.payload.begin(), request.payload.end()}};
        sent.push_back(message);
        ++in_broker;
        most_in_broker = std::max(most_in_broker, in_broker);
        // Frozen: nothing happens between these instants.
        std::int64_t at = now + latency;
        if (now < thaw && at >= freeze) at = std::max(at, thaw);
        events.emplace(at, [this, message = std::move(message), token, request_qos = request.qos] {
            --in_broker;
            deliver(message);
            if (request_qos != QoS::at_most_once) generator->on_delivered(token, refuse_acks, now);
        });
        return SendStatus::sent;
    }
    bool is_blocked(std::uint32_t) override { return blocked; }
    void flush(std::uint32_t) override { ++flushes; }
    std::int64_t now_ns() override { return now; }

    void deliver(const Message& message) {
        ++arrivals;
        if (script) return script(message);
        hand_over(message);
    }
    void hand_over(const Message& message, bool dup = false) {
        for (std::uint32_t s = 0; s < plan.subscribers(); ++s) {
            if (plan.is_shared() && s != arrivals % plan.subscribers()) continue;
            if (plan.place_in(plan.set_of(s), message.publisher) == Plan::kNone) continue;
            generator->on_message(s, message.payload, dup, now);
        }
        generator->show_progress();
    }

    // Runs the clock to `until`.
    void run(std::int64_t until) {
        while (spec.max && generator->pump(now)) {
        }
        for (;;) {
            std::int64_t next = std::min(generator->next_due(), until);
            if (!events.empty()) next = std::min(next, events.begin()->first);
            now = std::max(now, next);
            if (now >= until) return;
            while (!events.empty() && events.begin()->first <= now) {
                const auto event = std::move(events.begin()->second);
                events.erase(events.begin());
                event();
            }
            generator->on_time(now);
            while (spec.max && generator->pump(now)) {
            }
        }
    }
    std::vector<std::uint64_t> sent_counts() const {
        std::vector<std::uint64_t> out;
        for (std::uint32_t p = 0; p < plan.publishers(); ++p)
            out.push_back(generator->sent_of(p));  // one topic each: streams are publishers
        return out;
    }
    const Histogram& series(SeriesId id) { return generator->interval()[id]; }

    Spec spec;
    Plan plan;
    Shared shared;
    std::unique_ptr<Generator> generator;
    std::multimap<std::int64_t, std::function<void()>> events;
    std::function<void(const Message&)> script;
    std::vector<Message> sent;
    std::int64_t now = kSecond;
    std::int64_t latency = kMs;
    std::int64_t freeze = Generator::kNever;
    std::int64_t thaw = 0;
    std::uint64_t arrivals = 0;
    std::uint64_t in_broker = 0;
    std::uint64_t most_in_broker = 0;
    std::uint64_t flushes = 0;
    std::uint16_t window = 65'535;
    bool blocked = false;
    bool refuse_sending = false;
    bool refuse_acks = false;
};

Spec basic() {
    Spec spec;
    spec.seed = 7;
    spec.warmup = std::chrono::seconds(0);
    spec.duration = std::chrono::seconds(10);
    return spec;
}

double ms(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e6;
}

}  // namespace

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
        spec.max = true;
        spec.batch = 10;
        spec.max_outstanding = 200;
        spec.shape = Shape::fanout;
        spec.subscribers = subs;
        Sim sim(spec);
        sim.generator->start(sim.now);
        sim.run(sim.now + 12 * kSecond);
        CHECK(sim.most_in_broker * subs <= 200);
        CHECK(sim.most_in_broker * subs >= 190);
        CHECK(sim.sent.size() > 100'000);
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
