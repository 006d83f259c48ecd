// find and vs against brokers that are functions: the search and the statistics, exactly.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "common/json.hpp"
#include "mqtt-bench/find.hpp"
#include "mqtt-bench/schedule.hpp"
#include "mqtt-bench/statistics.hpp"
#include "mqtt-bench/versus.hpp"

namespace mqtt::bench {

namespace {

// A run at `rate` against a broker that holds `capacity`: beyond it messages stay behind.
Result run_at(double rate, double capacity, double p99_ms) {
    Result r;
    r.command = "pubsub";
    r.publishers = r.subscribers = 1;
    r.measured_seconds = 10;
    const auto count = static_cast<std::uint64_t>(rate * 10);
    r.counters.offered = r.counters.measured_offered = count;
    const auto sent = static_cast<std::uint64_t>(std::min(rate, capacity) * 10);
    r.counters.sent = r.counters.measured_sent = r.counters.sent_in_window = sent;
    r.counters.received_in_window = r.counters.measured_received = sent;
    for (int i = 1; i <= 10; ++i) {
        Second second;
        second.at = i;
        second.outstanding = static_cast<std::uint64_t>(std::max(0.0, rate - capacity) * i);
        r.seconds.push_back(second);
    }
    for (int i = 0; i < 10'000; ++i) {
        r.series[SeriesId::e2e].record(static_cast<std::int64_t>(p99_ms * 1e6));
    }
    judge(r);
    return r;
}

}  // namespace

TEST_CASE("statistics: median, slope and the interval of paired ratios") {
    const std::vector<double> odd{3, 1, 2};
    const std::vector<double> even{4, 1, 3, 2};
    CHECK(median(odd) == 2);
    CHECK(median(even) == 2.5);
    CHECK(median({}) == 0);
    const std::vector<double> line{1, 3, 5, 7, 100};  // one outlier
    CHECK(median_slope(line) == doctest::Approx(2));

    std::vector<double> a;
    std::vector<double> b;
    for (int i = 0; i < 20; ++i) {
        const double drift = 1 + i * 0.2;  // falls on both of a pair
        a.push_back(100 * drift);
        b.push_back(134 * drift * (i % 2 == 0 ? 1.02 : 0.98));
    }
    const Interval ratio = paired_ratio(a, b, 1);
    CHECK(ratio.middle == doctest::Approx(1.34).epsilon(0.03));
    CHECK(ratio.low > 1.3);
    CHECK(ratio.high < 1.38);
    CHECK(paired_ratio(a, a, 1).low == doctest::Approx(1));
}

TEST_CASE("find: of conn it is the rate of connections, each at its time") {
    FindSpec spec;
    spec.load.command = Command::conn;
    const auto run = [](const Spec& s) {
        constexpr double kMost = 700;
        Result result;
        result.command = "conn";
        result.counters.connected = 1001;
        result.connect_seconds =
            1000 / (s.connect_rate > 0 ? std::min(s.connect_rate, kMost) : kMost) + 0.002;
        for (int i = 0; i < 1000; ++i)
            result.series[SeriesId::connect].record(2'000'000);
        judge(result);
        return result;
    };
    spec.objectives = {"connect.p99<5ms"};
    const FindResult result = find_rate(spec, run, {});
    CHECK(result.error.empty());
    CHECK(result.probes.front().rate == doctest::Approx(175).epsilon(0.01));  // a quarter of all
    CHECK(result.passes > 680);
    CHECK(result.passes < 730);
    CHECK(result.probes.back().p99_ns == doctest::Approx(2e6).epsilon(0.001));
    spec.objectives = {"connect.p99<1ms"};
    CHECK(find_rate(spec, run, {}).passes == 0);
}

TEST_CASE("statistics: a slope's interval holds the slope of noise, and tells a trend from it") {
    const std::vector<double> rising{1, 3, 5, 7, 9, 11, 13, 15};
    CHECK(slope_interval(rising).low == doctest::Approx(2));
    CHECK(slope_interval(rising).high == doctest::Approx(2));
    int outside = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        Random random(seed);
        std::vector<double> noise(12);
        for (double& value : noise)
            value = static_cast<double>(random.below(1000));
        const Interval slope = slope_interval(noise);
        if (slope.low > 0 || slope.high < 0) ++outside;
    }
    CHECK(outside >= 4);  // of 400, where 5 % are 20
    CHECK(outside <= 40);
    CHECK(std::isinf(slope_interval(std::vector<double>{1, 2, 3}).high));
    CHECK(slope_interval({}).middle == 0);
}

TEST_CASE("find: a probe is measured until the objective's percentile has samples enough") {
    CHECK(window_seconds({}, 1e6) == 5);
    CHECK(window_seconds({"loss==0", "e2e.max<1s"}, 10) == 5);
    CHECK(window_seconds({"e2e.p99<5ms"}, 1e6) == 5);
    CHECK(window_seconds({"e2e.p99<5ms"}, 10'000) == doctest::Approx(20));
    CHECK(window_seconds({"e2e.p50<1ms", "ack.p99.9<5ms"}, 10'000) == doctest::Approx(200));

    FindSpec spec;
    spec.low = 1000;
    spec.high = 2000;
    spec.objectives = {"e2e.p99<5ms"};
    spec.load.shape = Shape::fanout;
    spec.load.subscribers = 20;
    spec.load.duration = std::chrono::seconds(2);
    std::vector<double> windows;
    const auto run = [&](const Spec& s) {
        windows.push_back(std::chrono::duration<double>(s.duration).count() * s.rate);
        CHECK(s.change.duration == s.duration);
        return run_at(s.rate, 1e6, 1);
    };
    CHECK(find_rate(spec, run, {}).passes == 2000);
    for (const double window : windows)
        CHECK(window == doctest::Approx(2000 / 0.01 / 20));
    // A window that was asked for is kept.
    windows.clear();
    spec.window_given = true;
    find_rate(spec,
              [&](const Spec& s) {
                  CHECK(s.duration == std::chrono::seconds(2));
                  return run_at(s.rate, 1e6, 1);
              },
              {});
}

TEST_CASE("find: a backlog counts as growing when its slope does within its interval, not before") {
    const auto judged = [](const std::vector<std::uint64_t>& outstanding) {
        Result r = run_at(1000, 1e6, 1);
        r.seconds.clear();
        for (std::size_t i = 0; i < outstanding.size(); ++i) {
            Second second;
            second.at = static_cast<double>(i + 1);
            second.outstanding = outstanding[i];
            r.seconds.push_back(second);
        }
        return judge_probe(r, 1000, {});
    };
    CHECK_FALSE(judged({10, 40, 60, 90, 110, 140}).passed);
    CHECK(judged({10, 40, 60, 90, 110, 140}).backlog_growth == doctest::Approx(25).epsilon(0.1));
    CHECK(judged({10, 300, 20, 200, 5, 350}).passed);  // noise that ends high
    CHECK(judged({900, 500, 300, 100, 50, 10}).passed);
    CHECK(judged({1, 2, 3, 4, 5, 6}).passed);  // milliseconds of load
    CHECK_FALSE(judged({100, 200, 300}).passed);
    CHECK(judged({100, 200}).passed);
}

TEST_CASE("find: a percentile that its samples do not support is not printed") {
    FindSpec spec;
    spec.low = spec.high = 100;
    const auto few = [](const Spec& s) {
        Result r = run_at(s.rate, 1e6, 1);
        r.series = {};
        for (int i = 0; i < 200; ++i)
            r.series[SeriesId::e2e].record(1'000'000);
        return r;
    };
    const FindResult result = find_rate(spec, few, {});
    CHECK(find_text(result).find("       100       1.00          -               -   pass\n") !=
          std::string::npos);
    CHECK(find_json(result).find("e2e_p50_ns") != std::string::npos);
    CHECK(find_json(result).find("e2e_p99_ns") == std::string::npos);
}

TEST_CASE("find: beside a rate a count is meant as its rate, as in --assert") {
    const Result r = run_at(1000, 1e6, 1);
    CHECK(judge_probe(r, 1000, {"recv.rate>=0.99*offered"}).passed);
    CHECK(judge_probe(r, 1000, {"recv.rate>=1.01*offered"}).why.find("1.01*") != std::string::npos);
}

TEST_CASE("find: brackets the capacity within the tolerance, from below and from above") {
    for (const double start : {500.0, 300'000.0}) {
        CAPTURE(start);
        FindSpec spec;
        spec.low = start;
        const auto run = [](const Spec& s) { return run_at(s.rate, 41'200, 1); };
        const FindResult result = find_rate(spec, run, {});
        CHECK(result.error.empty());
        CHECK(result.passes <= 41'200 * 1.0011);  // a tenth of a percent is noise
        CHECK(result.passes >= 41'200 / 1.04);
        CHECK(result.fails > result.passes);
        CHECK(result.fails <= result.passes * 1.03 + 1);
    }
}

TEST_CASE("find: starts from a quarter of saturation when no rate is given") {
    bool saturated = false;
    const auto run = [&](const Spec& s) {
        if (s.max) saturated = true;
        return run_at(s.max ? 1e5 : s.rate, 20'000, 1);
    };
    const FindResult result = find_rate(FindSpec{}, run, {});
    CHECK(saturated);
    CHECK(result.probes.front().rate == doctest::Approx(5000));
}

TEST_CASE("find: the objective decides, also when everything arrives") {
    FindSpec spec;
    spec.low = 1000;
    spec.objectives = {"e2e.p99<5ms"};
    const auto run = [](const Spec& s) { return run_at(s.rate, 1e6, s.rate > 7000 ? 9 : 2); };
    const FindResult result = find_rate(spec, run, {});
    CHECK(result.passes <= 7000);
    CHECK(result.passes > 6700);
    CHECK(find_text(result).find("e2e.p99<5ms: 9.0") != std::string::npos);
}

TEST_CASE("find: a rate that passes once in a while is not sustained") {
    FindSpec spec;
    spec.low = 1000;
    spec.high = 4000;
    int runs = 0;
    const auto run = [&](const Spec& s) {
        const bool lucky = ++runs <= 3;
        return run_at(s.rate, s.rate > 1800 && !lucky ? s.rate / 2 : 1e6, 1);
    };
    const FindResult result = find_rate(spec, run, {});
    CHECK(result.passes <= 1800);
}

TEST_CASE("find and vs: the JSON forms are JSON and repeat the figures") {
    FindSpec spec;
    spec.low = 1000;
    const FindResult found =
        find_rate(spec, [](const Spec& s) { return run_at(s.rate, 5000, 2); }, {});
    const std::string find = find_json(found);
    CHECK(tools::is_json(find));
    CHECK(find.find("\"schema\": \"mqtt-bench/find/1\"") != std::string::npos);
    CHECK(find.find("\"why\": \"sent ") != std::string::npos);
    CHECK(find_text(found).find(" repeats, 0 min 0 s") != std::string::npos);

    VersusSpec versus;
    versus.a.max = versus.b.max = true;
    const VersusResult compared =
        run_versus(versus, [](const Spec&) { return run_at(1000, 1e9, 1); }, {});
    const std::string text = versus_json(compared, 1);
    CHECK(tools::is_json(text));
    CHECK(text.find("\"rounds\": 8") != std::string::npos);
    CHECK(text.find("\"b_per_a\": 1,") != std::string::npos);
}

TEST_CASE("find: an upper limit that passes ends the search; an error ends it at once") {
    FindSpec spec;
    spec.low = 100;
    spec.high = 1000;
    const auto fine = [](const Spec& s) { return run_at(s.rate, 1e6, 1); };
    const FindResult limited = find_rate(spec, fine, {});
    CHECK(limited.passes == 1000);
    CHECK(limited.fails == 0);
    const auto broken = [](const Spec& s) {
        Result r = run_at(s.rate, 1e6, 1);
        r.error = "connection refused";
        return r;
    };
    const FindResult failed = find_rate(spec, broken, {});
    CHECK(failed.error == "connection refused");
    CHECK(failed.passes == 0);
    CHECK(find_text(failed).find("sustains nothing that was measured to its end") !=
          std::string::npos);
}

namespace {

// Runs as `run_at`, of which the given one is cut off.
RunOne dying_in(int run, double measured_seconds) {
    return [=, n = 0](const Spec& s) mutable {
        Result r = run_at(s.rate > 0 ? s.rate : 5000, 1e6, 1);
        if (++n < run) return r;
        r.error = "the broker is gone";
        r.partial = true;
        r.measured_seconds = measured_seconds;
        return r;
    };
}

}  // namespace

TEST_CASE("find: what was found before the broker died is kept, and marked") {
    FindSpec spec;
    spec.low = 1000;
    int told = 0;
    const FindResult cut = find_rate(spec, dying_in(3, 2), [&](const Probe&) { ++told; });
    CHECK(cut.passes == 1500);
    CHECK(cut.fails == 0);  // the rate at which it died was not judged
    REQUIRE(cut.probes.size() == 3);
    CHECK(told == 3);
    CHECK(cut.probes.back().is_partial);
    CHECK(cut.probes.back().p50_ns == doctest::Approx(1e6).epsilon(0.001));
    const std::string text = find_text(cut);
    CHECK(text.find("partial: the broker is gone\n") != std::string::npos);
    CHECK(text.find("partial  the search ended before its time\n"
                    "error    the broker is gone\n"
                    "sustains 1,500/s;") != std::string::npos);
    CHECK(find_json(cut).find("\"partial\": true,\n  \"error\": \"the broker is gone\"") !=
          std::string::npos);
    CHECK(find_rate(spec, dying_in(3, 0), {}).probes.size() == 2);
    // In the run that is to find where to begin.
    CHECK(find_rate(FindSpec{}, dying_in(1, 2), {}).probes.size() == 1);
    CHECK(find_json(find_rate(spec, dying_in(99, 0), {})).find("\"partial\": true") ==
          std::string::npos);
}

TEST_CASE("vs: pairs before the broker died are kept, the round's own runs beside them") {
    const VersusSpec spec;
    const VersusResult cut = run_versus(spec, dying_in(6, 2), {});  // round 3 is A B: B dies
    CHECK(cut.rounds == 2);
    CHECK(cut.error == "B: the broker is gone");
    CHECK(cut.rows.front().a.size() == 2);
    REQUIRE(cut.unpaired.size() == 2);
    CHECK(cut.unpaired[0].side == 'A');
    CHECK_FALSE(cut.unpaired[0].partial);
    CHECK(cut.unpaired[1].partial);
    const std::string text = versus_text(cut, 1);
    CHECK(text.find("round 3 A whole, without its pair:  e2e p50 1.00 ms") != std::string::npos);
    CHECK(text.find("round 3 B partial:  e2e p50 1.00 ms") != std::string::npos);
    CHECK(text.find("partial  the comparison ended before its time\n"
                    "error    B: the broker is gone\n") != std::string::npos);
    CHECK(tools::is_json(versus_json(cut, 1)));
    CHECK(versus_json(cut, 1).find("\"side\": \"B\", \"partial\": true") != std::string::npos);
    CHECK(run_versus(spec, dying_in(4, 0), {}).unpaired.size() == 1);  // B A: A was not begun
}

TEST_CASE("vs: brokers are run in the order A B B A and compared in pairs") {
    VersusSpec spec;
    spec.a.seed = 1;
    spec.b.seed = 2;
    spec.a.max = spec.b.max = true;
    std::string order;
    const auto run = [&](const Spec& s) {
        order += s.seed == 1 ? 'A' : 'B';
        // The machine gets slower all the time.
        const double speed = 1000.0 - 20.0 * static_cast<double>(order.size());
        return run_at(s.seed == 1 ? speed : speed * 1.5, 1e9, 1);
    };
    const VersusResult result = run_versus(spec, run, {});
    CHECK(order == "ABBAABBAABBAABBA");
    CHECK(result.rounds == 8);
    const std::string text = versus_text(result, 1);
    CHECK(text.find("B/A delivered") != std::string::npos);
    CHECK(text.find("B is better") != std::string::npos);
}

TEST_CASE("vs: no difference is an answer, too few rounds are none, a failure ends it") {
    VersusSpec spec;
    spec.a.max = spec.b.max = true;
    int n = 0;
    const auto noisy = [&](const Spec&) { return run_at(1000 + 100 * (++n * 7 % 5), 1e9, 1); };
    CHECK(versus_text(run_versus(spec, noisy, {}), 1).find("no difference shown") !=
          std::string::npos);
    spec.rounds = 3;
    CHECK(versus_text(run_versus(spec, noisy, {}), 1).find("undecided") != std::string::npos);
    const auto broken = [](const Spec&) {
        Result r;
        r.error = "refused";
        return r;
    };
    CHECK(run_versus(spec, broken, {}).error == "A: refused");
}

}  // namespace mqtt::bench
