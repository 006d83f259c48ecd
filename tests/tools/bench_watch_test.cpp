// What watches a run: when its load is steady, when it is no open loop any more, what Prometheus reads,
// and how messages share writes. Results and seconds made by hand.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "mqtt-bench/generator.hpp"
#include "mqtt-bench/prometheus.hpp"
#include "mqtt-bench/result_read.hpp"
#include "mqtt-bench/summary.hpp"
#include "mqtt-bench/warmup.hpp"

using mqtt::PublishRequest;
using mqtt::SendStatus;
namespace mqtt::bench {

namespace {

std::vector<Second> seconds_of(const std::vector<double>& rates,
                               const std::vector<double>& medians_ms) {
    std::vector<Second> out;
    for (std::size_t i = 0; i < rates.size(); ++i) {
        Second second;
        second.at = static_cast<double>(i + 1);
        second.sent = second.received = static_cast<std::uint64_t>(rates[i]);
        second.e2e_p50_ns = medians_ms[i] * 1e6;
        out.push_back(second);
    }
    return out;
}

Result open_loop() {
    Result r;
    r.command = "pubsub";
    r.publishers = r.subscribers = 1;
    r.measured_seconds = 10;
    r.counters.offered = r.counters.measured_offered = 1000;
    r.counters.sent = r.counters.measured_sent = r.counters.measured_owed = 1000;
    r.counters.received = r.counters.measured_received = r.counters.received_in_window = 1000;
    for (int i = 0; i < 1000; ++i) {
        r.series[SeriesId::e2e].record(2'000'000'000);
        r.series[SeriesId::service].record(1'000'000);
        r.series[SeriesId::lag].record(20'000);
    }
    return r;
}

// Counts writes: messages between two flushes share one.
struct CountingWire final : Wire {
    SendStatus publish(std::uint32_t, const PublishRequest&, std::uint64_t) override {
        ++messages;
        return SendStatus::sent;
    }
    bool is_blocked(std::uint32_t) override { return false; }
    void flush(std::uint32_t) override { ++flushes; }
    std::int64_t now_ns() override { return now; }
    std::int64_t now = 0;
    int messages = 0;
    int flushes = 0;
};

}  // namespace

TEST_CASE("warm-up: steady is what neither rises nor falls over five seconds, the first left out") {
    const std::vector<double> ms(9, 1.0);
    CHECK_FALSE(is_steady({}, true));
    CHECK_FALSE(is_steady(seconds_of({100, 100, 100, 100, 100}, ms), true));
    CHECK(is_steady(seconds_of({10, 100, 101, 99, 100, 100}, ms), true));
    CHECK_FALSE(is_steady(seconds_of({10, 100, 104, 108, 112, 116}, ms), true));
    CHECK(is_steady(seconds_of({10, 100, 104, 108, 112, 112, 112, 113, 112}, ms), true));
    // The rate stands, the latency still falls; and what moves by microseconds only is steady.
    CHECK_FALSE(is_steady(seconds_of({100, 100, 100, 100, 100, 100}, {9, 8, 7, 6, 5, 4}), true));
    CHECK(is_steady(seconds_of({100, 100, 100, 100, 100, 100}, {0.2, 0.18, 0.16, 0.14, 0.12, 0.1}),
                    true));
    // Publishers alone: what is sent counts.
    auto sending = seconds_of({9, 100, 100, 100, 100, 100}, {0, 0, 0, 0, 0, 0});
    for (std::size_t i = 0; i < sending.size(); ++i)
        sending[i].received = 10 * i;
    CHECK(is_steady(sending, false));
    CHECK_FALSE(is_steady(sending, true));
}

TEST_CASE("verdict: over --max-lag a run is no open loop: generator's fault invalid, else told") {
    Result own = open_loop();
    own.series[SeriesId::lag].record(1'100'000'000);
    judge(own);
    CHECK(own.exit_code == kExitInvalid);
    CHECK(own.verdict.text.find("fell 1,100 ms behind its schedule (--max-lag 1s)") !=
          std::string::npos);
    own.max_lag_seconds = 2;
    judge(own);
    CHECK(own.exit_code == kExitOk);

    Result brokers = open_loop();
    brokers.counters.longest_wait_ns = 1'500'000'000;
    judge(brokers);
    CHECK(brokers.exit_code == kExitOk);
    CHECK(brokers.verdict.limit == Limit::broker);
    CHECK(brokers.verdict.text.find("a message waited 1,500 ms to be sent") != std::string::npos);
}

TEST_CASE("verdict: what the broker's limits rule out has an exit code of its own") {
    Result r = open_loop();
    r.error = "payloads of 5000 bytes are larger than the broker takes";
    judge(r);
    CHECK(r.exit_code == kExitRunFailed);
    r.impossible = true;
    judge(r);
    CHECK(r.exit_code == kExitImpossible);
}

TEST_CASE("assertions: beside a rate a count is meant as its rate") {
    const Result r = open_loop();  // 100 per second
    const auto outcome = [&](const std::string& text) {
        return evaluate_assertion(text, [&](std::string_view name) { return metric(r, name); })
            .outcome;
    };
    CHECK(outcome("recv.rate>=0.99*offered") == Expression::Outcome::pass);
    CHECK(outcome("recv.rate>=1.01*offered") == Expression::Outcome::fail);
    CHECK(outcome("recv>=0.99*offered") == Expression::Outcome::pass);
    CHECK(outcome("unsent==0") == Expression::Outcome::pass);
}

TEST_CASE("summary: what was not sent, who got how much, and how many messages a read brings") {
    Result r = open_loop();
    r.subscribers = 2;
    r.counters.measured_sent = 990;
    r.deliveries_min = 3;
    r.deliveries_median = 400;
    r.deliveries_max = 597;
    r.fairness = 0.51;
    for (int i = 0; i < 100; ++i)
        r.series.per_read.record(i < 90 ? 1 : 7);
    const std::string text = summary_text(r);
    CHECK(text.find("990 sent  10 unsent") != std::string::npos);
    CHECK(text.find("each 3 to 597 (median 400)  fairness 0.51") != std::string::npos);
    CHECK(text.find("messages per read p50 1 p99 7") != std::string::npos);
    const Result again = read_result(result_json(r));
    CHECK(again.series.per_read.count() == 100);
    CHECK(again.deliveries_median == 400);
    CHECK(result_json(again) == result_json(r));
}

TEST_CASE("prometheus: counters, gauges and cumulative buckets") {
    Result r = open_loop();
    r.series[SeriesId::e2e].clear();
    for (const std::int64_t ns : {50'000, 900'000, 900'000, 20'000'000})
        r.series[SeriesId::e2e].record(ns);
    Second second;
    second.connected = 2;
    const std::string text = prometheus_text(r, second);
    for (const char* line :
         {"# TYPE mqtt_bench_sent_total counter\n", "\nmqtt_bench_sent_total 1000\n",
          "# TYPE mqtt_bench_connections gauge\n", "\nmqtt_bench_connections 2\n",
          "mqtt_bench_e2e_seconds_bucket{le=\"0.0001\"} 1\n",
          "mqtt_bench_e2e_seconds_bucket{le=\"0.001\"} 3\n",
          "mqtt_bench_e2e_seconds_bucket{le=\"0.025\"} 4\n",
          "mqtt_bench_e2e_seconds_bucket{le=\"+Inf\"} 4\n", "mqtt_bench_e2e_seconds_count 4\n"}) {
        CAPTURE(line);
        CHECK(text.find(line) != std::string::npos);
    }
    CHECK(prometheus_answer("GET /metrics HTTP/1.1\r\n\r\n", "x 1\n").ends_with("\r\n\r\nx 1\n"));
    CHECK(prometheus_answer("GET /metrics?a=b HTTP/1.1\r\n\r\n", "").starts_with("HTTP/1.1 200"));
    CHECK(prometheus_answer("GET /other HTTP/1.1\r\n\r\n", "").starts_with("HTTP/1.1 404"));
    CHECK(prometheus_answer("POST /metrics HTTP/1.1\r\n\r\n", "").starts_with("HTTP/1.1 405"));
    CHECK(prometheus_answer("", "").starts_with("HTTP/1.1 405"));
    CHECK_THROWS_WITH(PrometheusServer("9090"),
                      "option '--prometheus' needs [HOST]:PORT, not '9090'");
    CHECK_THROWS(PrometheusServer("no.such.host.invalid:1"));
    const PrometheusServer server(":0");
    CHECK(server.bound().starts_with("127.0.0.1:"));
    CHECK_THROWS(PrometheusServer(server.bound()));
}

TEST_CASE("generator: --coalesce off writes every message by itself, auto leaves it to the turn") {
    for (const Coalesce how : {Coalesce::automatic, Coalesce::off}) {
        Spec spec;
        spec.seed = 3;
        spec.warmup = std::chrono::seconds(0);
        spec.rate = 1000;
        spec.coalesce = how;
        const Plan plan(spec, 9);
        Shared shared(plan, 1);
        CountingWire wire;
        Generator generator(plan, spec, shared, 0, wire);
        generator.on_connected(0, 100);
        generator.start(0);
        wire.now = 50'500'000;
        generator.on_time(wire.now);
        CHECK(wire.messages >= 50);
        CHECK(wire.flushes == (how == Coalesce::off ? wire.messages : 0));
        CHECK(generator.counters().longest_wait_ns > 40'000'000);
    }
}

TEST_CASE("generator: --warmup auto measures from when it is told") {
    Spec spec;
    spec.seed = 3;
    spec.warmup_until_steady = true;
    spec.duration = std::chrono::seconds(1);
    spec.rate = 100;
    const Plan plan(spec, 9);
    Shared shared(plan, 1);
    CountingWire wire;
    Generator generator(plan, spec, shared, 0, wire);
    generator.on_connected(0, 100);
    generator.start(0);
    const auto run_to = [&](std::int64_t until) {
        for (; wire.now < until; wire.now += 1'000'000)
            generator.on_time(wire.now);
    };
    run_to(3'000'000'000);
    CHECK(generator.counters().measured_offered == 0);
    CHECK(wire.messages == 300);
    generator.measure(4'000'000'000);
    run_to(10'000'000'000);
    CHECK(generator.counters().measured_offered == 100);
    CHECK(wire.messages == 500);
    CHECK(generator.next_due() == Generator::kNever);
}

}  // namespace mqtt::bench
