// --assert expressions, the numbers of the summary, and what /proc says.
#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

#include "common/expression.hpp"
#include "mqtt-bench/process_stats.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
using tools::Expression;
using tools::MetricValue;
using Outcome = Expression::Outcome;

namespace {

std::optional<MetricValue> lookup(std::string_view name) {
    if (name == "e2e.p99") return MetricValue{2.94e6, true};
    if (name == "ack.p99") return MetricValue{0.9e6, true};
    if (name == "loss") return MetricValue{0, false};
    if (name == "recv.rate") return MetricValue{990, false};
    if (name == "offered") return MetricValue{1000, false};
    return std::nullopt;
}

Outcome outcome(std::string_view text) {
    return Expression::parse(text).evaluate(lookup).outcome;
}

}  // namespace

TEST_CASE("assert: comparisons of metrics with numbers and units") {
    CHECK(outcome("e2e.p99<5ms") == Outcome::pass);
    CHECK(outcome("e2e.p99 <= 2940us") == Outcome::pass);
    CHECK(outcome("e2e.p99<2ms") == Outcome::fail);
    CHECK(outcome("loss==0") == Outcome::pass);
    CHECK(outcome("loss!=0") == Outcome::fail);
    CHECK(outcome("recv.rate>=0.99*offered") == Outcome::pass);
    CHECK(outcome("recv.rate > 99%*offered") == Outcome::fail);
    CHECK(outcome("recv.rate<1k") == Outcome::pass);
    CHECK(outcome("e2e.p99 - ack.p99 < 2 * (1ms + 100us)") == Outcome::pass);
    CHECK(outcome("e2e.p99/ack.p99<4") == Outcome::pass);
    CHECK(outcome("offered-10-recv.rate==0") == Outcome::pass);  // from left to right
}

TEST_CASE("assert: what was not measured is unknown and says which") {
    const auto verdict = Expression::parse("broker.cpu<1").evaluate(lookup);
    CHECK(verdict.outcome == Outcome::unknown);
    CHECK(verdict.why == "no figure for broker.cpu");
}

TEST_CASE("assert: a duration is never compared with a plain number") {
    CHECK(outcome("e2e.p99<5") == Outcome::unknown);
    CHECK(outcome("e2e.p99+1<5ms") == Outcome::unknown);
}

TEST_CASE("assert: the value of the left side is kept for the report") {
    CHECK(format_metric(Expression::parse("e2e.p99<5ms").evaluate(lookup).left) == "2.94 ms");
    CHECK(format_metric(Expression::parse("recv.rate*1000>5").evaluate(lookup).left) == "990,000");
}

TEST_CASE("assert: bad expressions are refused before the run") {
    for (const char* bad : {"", "loss", "loss=0", "loss==", "loss==0 0", "(loss==0", "5parsec<1",
                            "loss<*2", "loss==0==0", "<5"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(Expression::parse(bad), std::invalid_argument);
    }
}

TEST_CASE("text: numbers of the summary") {
    CHECK(with_commas(0) == "0");
    CHECK(with_commas(999) == "999");
    CHECK(with_commas(7'500'000) == "7,500,000");
    CHECK(with_commas(-1000) == "-1,000");
    CHECK(format_ms(310'000) == "0.310");
    CHECK(format_ms(2'940'000) == "2.94");
    CHECK(format_ms(17'900'000) == "17.9");
    CHECK(format_ms(930'000'000) == "930");
    CHECK(format_ms(2'130'000'000) == "2,130");
    CHECK(format_rate(249'900) == "249.9k");
    CHECK(format_rate(1'960'000) == "1.96M");
    CHECK(format_rate(0.5) == "0.5");
    CHECK(format_bytes(3200) == "3.2 kB");
    CHECK(format_json_string("a\"b\\\n") == "\"a\\\"b\\\\\\u000a\"");
}

TEST_CASE("process: CPU ticks are found behind a command name with parentheses") {
    const char* stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 1500 250 0 0 20 0 1 0 100 1 1";
    CHECK(parse_stat_cpu_ticks(stat) == 1750);
    CHECK_FALSE(parse_stat_cpu_ticks("42 no parenthesis"));
    CHECK_FALSE(parse_stat_cpu_ticks("42 (a) S 1"));
}

TEST_CASE("process: named numbers are read from their own line") {
    const char* status = "Name:\tx\nVmRSS:\t  1234 kB\nnonvoluntary_ctxt_switches:\t7\n";
    CHECK(parse_named_number(status, "VmRSS:") == 1234);
    CHECK(parse_named_number(status, "voluntary_ctxt_switches:") == 0);
    CHECK(parse_named_number(status, "nonvoluntary_ctxt_switches:") == 7);
}

TEST_CASE("process: our own process can be read, one that is not there cannot") {
    const auto stats = read_process_stats(getpid());
    REQUIRE(stats);
    CHECK(stats->cpu_ns > 0);
    CHECK(stats->rss_bytes > 100'000);
    CHECK_FALSE(read_process_stats(1 << 30));
    CHECK(threads_of(1 << 30).empty());
    CHECK_FALSE(read_cgroup_stats("/nonexistent"));
}

TEST_CASE("process: context switches are those of all its threads") {
    std::promise<void> go;
    std::promise<void> switched;
    std::thread other([&, gone = go.get_future()]() mutable {
        for (int i = 0; i < 200; ++i)
            std::this_thread::sleep_for(std::chrono::microseconds(1));
        switched.set_value();
        gone.wait();
    });
    const std::uint64_t before = switches_of({getpid()});
    switched.get_future().wait();
    CHECK(threads_of(getpid()).size() >= 2);
    CHECK(read_process_stats(getpid())->switches >= before + 200);
    go.set_value();
    other.join();
}

}  // namespace mqtt::bench
