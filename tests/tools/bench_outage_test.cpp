// What is owed when connections come and go, and that one seed gives the same messages on any number
// of threads. Exact, on a clock of its own, without a socket.
#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "mqtt-bench/generator.hpp"
#include "mqtt-bench/payload_header.hpp"
#include "mqtt-bench/shapes.hpp"

namespace mqtt::bench {

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

// Sends everything at once when asked and keeps it; deliveries and acknowledgements are the test's.
class Line final : public Wire {
public:
    explicit Line(Spec s) : spec(std::move(s)), plan(prepared(spec), 0xAB), shared(plan, 1, true) {
        generator = std::make_unique<Generator>(plan, spec, shared, 0, *this);
        for (std::uint32_t p = 0; p < plan.publishers(); ++p)
            generator->on_connected(p, 1000);
        for (std::uint32_t s2 = 0; s2 < plan.subscribers(); ++s2)
            generator->on_subscribed(s2, false);
        generator->start(0);
    }
    static Spec& prepared(Spec& spec) {
        make_groups(spec);
        return spec;
    }
    SendStatus publish(std::uint32_t, const PublishRequest& request, std::uint64_t token) override {
        sent.emplace_back(request.payload.begin(), request.payload.end());
        qos.push_back(request.qos);
        topics.emplace_back(request.topic);
        tokens.push_back(token);
        return SendStatus::sent;
    }
    bool is_blocked(std::uint32_t) override { return false; }
    void flush(std::uint32_t) override {}
    std::int64_t now_ns() override { return now; }

    // One message every millisecond.
    void send(int count) {
        for (int i = 0; i < count; ++i) {
            now += 1'000'000;
            generator->on_time(now);
        }
    }
    void deliver(std::size_t first, std::size_t past, std::size_t except = ~std::size_t{0}) {
        for (std::size_t i = first; i < past; ++i) {
            if (i != except) generator->on_message(0, sent[i], false, now);
        }
    }
    void acknowledge(std::size_t first, std::size_t past) {
        for (std::size_t i = first; i < past; ++i)
            generator->on_delivered(tokens[i], false, now);
    }
    std::uint64_t lost() {
        std::vector<std::uint64_t> counts(plan.streams());
        generator->give_up_in_flight();
        generator->add_sent(counts);
        generator->excuse(generator->uncertain());
        excused = generator->excused(counts);
        return generator->lost(counts);
    }

    Spec spec;
    Plan plan;
    Shared shared;
    std::unique_ptr<Generator> generator;
    std::vector<std::vector<std::uint8_t>> sent;
    std::vector<std::string> topics;
    std::vector<QoS> qos;
    std::vector<std::uint64_t> tokens;
    std::int64_t now = -1'000'000;
    std::uint64_t excused = 0;
};

Spec pair_of(QoS qos) {
    Spec spec;
    spec.seed = 7;
    spec.warmup = std::chrono::seconds(0);
    spec.qos = qos;
    return spec;
}

}  // namespace

TEST_CASE("generator: a trace has the recording's topics, sizes and instants, and is verified") {
    RecordedTopics topics{{"a", "b/c"}, {0, 1, 1}};
    Spec spec = pair_of(QoS::at_most_once);
    spec.topic = "x/%{topic}";
    spec.recorded_topics = std::make_shared<RecordedTopics>(topics);
    spec.recorded_sizes = {32, 40, 1000};
    spec.payload_bytes = 1000;
    spec.recorded_times = {0, 0.5, 0.6};
    spec.recorded_period = 1;
    Line line(spec);
    std::vector<std::int64_t> instants;
    for (int ms = 0; ms < 2200; ++ms) {
        line.send(1);
        while (instants.size() < line.sent.size())
            instants.push_back(line.now / 1'000'000);
    }
    CHECK(instants == std::vector<std::int64_t>{0, 500, 600, 1000, 1500, 1600, 2000});
    REQUIRE(line.sent.size() == 7);
    for (std::size_t i = 0; i < line.sent.size(); ++i) {
        CHECK(line.topics[i] == "x/" + topics.names[topics.of_message[i % 3]]);
        CHECK(line.sent[i].size() == spec.recorded_sizes[i % 3]);
    }
    line.deliver(0, 7, 4);
    line.send(1);
    CHECK(line.generator->counters().received == 6);
    CHECK(line.generator->counters().foreign == 0);
    CHECK(line.lost() == 1);
    CHECK(filter_for("x/%{topic}", true) == "x/#");
    CHECK(filter_for("%i/y%{topic}", false) == "+/+/#");
}

TEST_CASE("generator: messages that nobody acknowledged are kept as runs, and a bounded number") {
    Line line(pair_of(QoS::at_least_once));
    line.send(1000);
    // Every second one is acknowledged, the connection ends.
    for (std::size_t i = 0; i < 1000; i += 2) {
        line.acknowledge(i, i + 1);
        line.deliver(i, i + 1);
    }
    CHECK(line.lost() == 0);
    CHECK(line.generator->uncertain().size() == 500);
    CHECK(line.generator->counters().unproven == 500);
    CHECK(line.excused == 500);
}

TEST_CASE("generator: what a broker refuses without end takes bounded memory and is told") {
    Spec spec = pair_of(QoS::at_least_once);
    spec.duration = std::chrono::hours(1);
    Line line(spec);
    const std::size_t count = 2 * Generator::kMaxUncertain + 2'000;
    for (std::size_t i = 0; i < count; ++i) {
        line.send(1);
        // Runs of one message each.
        line.generator->on_delivered(line.tokens[i], i % 2 == 0, line.now);
        if (i % 2 == 1) line.generator->on_message(0, line.sent[i], false, line.now);
        line.sent[i] = {};
    }
    CHECK(line.generator->uncertain().size() == Generator::kMaxUncertain);
    CHECK(line.generator->counters().refused == count / 2);
    CHECK(line.generator->counters().unkept_deliveries == 1'000);
    CHECK(line.lost() == 1'000);  // the controller gives these the benefit of the doubt
}

TEST_CASE("stream check: excuses take bounded memory; old ones are settled") {
    StreamChecks checks;
    checks.add_streams(1);
    // Of the first ten outages one message each never comes.
    constexpr std::uint64_t kOutages = StreamChecks::kMaxRanges + 100;
    for (std::uint64_t i = 0; i < kOutages; ++i) {
        checks.on_message(0, 2 * i, false);
        checks.excuse(0, 2 * i + 1, 2 * i + 2);
        if (i >= 10) checks.on_message(0, 2 * i + 1, false);
    }
    CHECK(checks.excused_of(0, 2 * kOutages) == 10);
    CHECK(checks.lost_of(0, 2 * kOutages) == 0);
}

TEST_CASE("stream check: excused numbers are not lost, whether they come late or never") {
    StreamChecks checks;
    checks.add_streams(1);
    for (std::uint64_t i = 0; i < 10; ++i)
        checks.on_message(0, i, false);
    checks.excuse(0, 10, 200);
    checks.excuse(0, 150, 250);
    checks.excuse(0, 5, 6);  // came already
    CHECK(checks.lost_of(0, 250) == 0);
    CHECK(checks.excused_of(0, 250) == 240);
    CHECK(checks.on_message(0, 300, false) == StreamChecks::Kind::after_gap);
    CHECK(checks.lost_of(0, 301) == 50);
    CHECK(checks.on_message(0, 20, false) == StreamChecks::Kind::reordered);
    CHECK(checks.on_message(0, 280, false) == StreamChecks::Kind::reordered);
    CHECK(checks.lost_of(0, 301) == 49);
    CHECK(checks.excused_of(0, 301) == 239);
    CHECK(checks.counts().duplicates == 0);
}

TEST_CASE("stream check: ranges that are excused in any order are counted once") {
    StreamChecks checks;
    checks.add_streams(1);
    for (const std::uint64_t at : {30u, 10u, 20u, 15u, 5u, 40u})
        checks.excuse(0, at, at + 6);
    // 5..26, 30..36, 40..46
    CHECK(checks.excused_of(0, 100) == 21 + 6 + 6);
    checks.excuse(0, 0, 100);
    CHECK(checks.excused_of(0, 50) == 50);
}

TEST_CASE(
    "generator: what goes while a subscriber is away is not owed, what goes before and after is") {
    Line line(pair_of(QoS::at_most_once));
    line.send(10);
    line.deliver(0, 10);
    line.generator->on_absent(0);
    line.send(10);
    line.generator->on_subscribed(0, false);
    line.send(10);
    line.deliver(20, 30, 25);
    CHECK(line.lost() == 1);
    CHECK(line.excused == 10);
}

TEST_CASE("generator: a message that comes before SUBACK makes nobody owe what went before it") {
    Line line(pair_of(QoS::at_most_once));
    line.send(10);
    line.deliver(0, 10);
    line.generator->on_absent(0);
    line.send(5);
    line.generator->on_subscribing(0);
    line.send(5);
    line.deliver(17, 18);
    line.generator->on_subscribed(0, false);
    line.send(10);
    line.deliver(20, 30, 25);
    CHECK(line.lost() == 1);
    CHECK(line.excused == 9);
}

TEST_CASE("generator: a resumed session owes QoS 1 from the outage, QoS 0 not") {
    for (const QoS qos : {QoS::at_least_once, QoS::at_most_once}) {
        CAPTURE(static_cast<int>(qos));
        Line line(pair_of(qos));
        line.send(10);
        line.deliver(0, 10);
        line.generator->on_absent(0);
        line.send(10);
        line.generator->on_subscribed(0, true);
        line.deliver(10, 20, 15);
        line.send(10);
        line.deliver(20, 30);
        if (qos != QoS::at_most_once) line.acknowledge(0, 30);
        CHECK(line.lost() == (qos == QoS::at_most_once ? 0 : 1));
        CHECK(line.generator->check_counts().reordered == 0);
    }
}

TEST_CASE("generator: a subscriber that is away at the end is not owed the rest") {
    Line line(pair_of(QoS::at_most_once));
    line.send(10);
    line.deliver(0, 10, 4);
    line.generator->on_absent(0);
    line.send(10);
    CHECK(line.lost() == 1);
    CHECK(line.excused == 10);
}

TEST_CASE(
    "generator: a message whose acknowledgement was lost with its connection proves nothing") {
    Line line(pair_of(QoS::at_least_once));
    line.send(10);
    line.acknowledge(0, 8);
    line.deliver(0, 9, 3);  // 3 was acknowledged; 8 arrived without, 9 neither
    line.generator->on_closed(0);
    CHECK(line.generator->in_flight() == 0);
    line.generator->on_connected(0, 1000);
    line.send(10);
    line.acknowledge(10, 20);
    line.deliver(10, 20);
    CHECK(line.lost() == 1);
    CHECK(line.excused == 1);
}

TEST_CASE("generator: a session that is resumed keeps what is in flight") {
    Line line(pair_of(QoS::exactly_once));
    line.send(10);
    line.generator->on_closed(0, true);
    CHECK(line.generator->in_flight() == 10);
    line.generator->on_connected(0, 1000, true);
    line.acknowledge(0, 10);
    CHECK(line.generator->in_flight() == 0);
    CHECK(line.generator->counters().acked == 10);
    line.deliver(0, 10);
    CHECK(line.lost() == 0);
}

TEST_CASE("generator: messages from before a mark are a backlog, retained ones too") {
    Line line(pair_of(QoS::at_least_once));
    line.send(5);
    line.generator->mark(line.now + 1);
    line.send(5);
    line.deliver(0, 10);
    line.generator->on_message(0, line.sent[0], false, line.now, true);
    REQUIRE(line.generator->backlogs().size() == 1);
    CHECK(line.generator->backlogs()[0].messages == 6);
    CHECK(line.generator->counters().retained == 1);
    CHECK(line.generator->check_counts().duplicates == 0);
}

TEST_CASE(
    "generator: one seed gives the same topics, sizes, QoS and bytes on any number of threads") {
    Spec spec = pair_of(QoS::exactly_once);
    spec.command = Command::pub;
    spec.clients = 6;
    spec.topic = "a/%i/%{zipf:20,1.1}";
    spec.payload_bytes = 500;
    spec.sizes = {{40, 60, 3}, {500, 500, 1}};
    spec.qos_mix = {{QoS::at_most_once, 1}, {QoS::at_least_once, 2}, {QoS::exactly_once, 1}};
    spec.limit = 3000;
    make_groups(spec);
    using Messages = std::map<std::string, int>;
    const auto messages_of = [&](std::uint32_t workers) {
        const Plan plan(spec, 0xAB);
        Shared shared(plan, workers);
        Messages out;
        std::uint64_t total = 0;
        for (std::uint32_t w = 0; w < workers; ++w) {
            struct Keep final : Wire {
                SendStatus publish(std::uint32_t, const PublishRequest& r, std::uint64_t) override {
                    // Times of the header left out.
                    std::string text(r.topic);
                    text += static_cast<char>('0' + static_cast<int>(r.qos));
                    text.append(r.payload.begin() + 4, r.payload.begin() + 16);
                    text.append(r.payload.begin() + 32, r.payload.end());
                    ++(*out)[text];
                    return SendStatus::sent;
                }
                bool is_blocked(std::uint32_t) override { return false; }
                void flush(std::uint32_t) override {}
                std::int64_t now_ns() override { return 100 * kSecondNs; }
                Messages* out = nullptr;
            } wire;
            wire.out = &out;
            Generator generator(plan, spec, shared, w, wire);
            for (std::uint32_t p = 0; p < generator.publishers(); ++p)
                generator.on_connected(p, 65'535);
            generator.start(0);
            while (generator.next_due() != Generator::kNever)
                generator.on_time(100 * kSecondNs);
            total += generator.counters().sent;
            CHECK(generator.is_all_offered());
        }
        CHECK(total == 3000);
        return out;
    };
    spec.groups[0].inflight = 65'535;
    const Messages one = messages_of(1);
    CHECK(messages_of(2) == one);
    CHECK(messages_of(4) == one);
    std::size_t large = 0;
    for (const auto& [text, count] : one) {
        CHECK(count == 1);
        if (text.size() > 400) ++large;
    }
    CHECK(large > 600);  // a quarter of 3,000
    CHECK(large < 900);
}

TEST_CASE("generator: a limit is kept by workers that own no publisher, too") {
    Spec spec = pair_of(QoS::at_most_once);
    spec.command = Command::pub;
    spec.limit = 1001;
    make_groups(spec);
    const Plan plan(spec, 1);
    const PlannedGroup& group = plan.groups()[0];
    CHECK(LoadGroup(plan, group, spec, 0, 3).left() == 1001);
    CHECK(LoadGroup(plan, group, spec, 1, 3).left() == 0);
    CHECK(LoadGroup(plan, group, spec, 2, 3).left() == 0);
}

}  // namespace mqtt::bench
