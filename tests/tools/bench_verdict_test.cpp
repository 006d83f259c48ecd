// Verdict, exit codes and reports of results made by hand.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "common/json.hpp"
#include "mqtt-bench/results.hpp"
#include "mqtt-bench/summary.hpp"
#include "mqtt-bench/sys_watch.hpp"

namespace mqtt::bench {

namespace {

Result good() {
    Result r;
    r.command = "pubsub";
    r.shape = "pair";
    r.description = "pubsub --shape pair";
    r.targets = {"mqtt://127.0.0.1:1883"};
    r.version = "5";
    r.publishers = r.subscribers = 1;
    r.clients = 2;
    r.offered_rate = 1000;
    r.measured_seconds = 10;
    r.counters.connected = 2;
    r.counters.offered = r.counters.measured_offered = 10'000;
    r.counters.sent = r.counters.measured_sent = r.counters.measured_owed = 10'000;
    r.counters.received = r.counters.measured_received = r.counters.received_in_window = 10'000;
    for (int i = 0; i < 10'000; ++i) {
        r.series[SeriesId::e2e].record(1'000'000 + i * 100);
        r.series[SeriesId::service].record(900'000 + i * 100);
        r.series[SeriesId::lag].record(20'000);
    }
    return r;
}

}  // namespace

TEST_CASE("verdict: a run with slack is valid and exits 0") {
    Result r = good();
    judge(r);
    CHECK(r.verdict.valid);
    CHECK(r.verdict.text == "measurement valid");
    CHECK(r.exit_code == kExitOk);
}

TEST_CASE("verdict: a busy, starved or late generator makes an open loop invalid: exit 3") {
    Result busy = good();
    busy.generator.busiest_share = 0.95;
    judge(busy);
    CHECK(busy.exit_code == kExitInvalid);
    CHECK(busy.verdict.limit == Limit::generator);
    busy.generator.polls = true;  // always busy: only its lateness counts
    judge(busy);
    CHECK(busy.exit_code == kExitOk);

    Result starved = good();
    starved.generator.waiting_share = 0.5;
    judge(starved);
    CHECK(starved.exit_code == kExitInvalid);

    Result late = good();
    late.series[SeriesId::lag].clear();
    for (int i = 0; i < 10'000; ++i)
        late.series[SeriesId::lag].record(50'000'000);
    judge(late);
    CHECK(late.exit_code == kExitInvalid);
    CHECK(late.verdict.text.find("schedule lag") != std::string::npos);
}

TEST_CASE("verdict: saturation speaks of queueing and is not invalid for a busy generator") {
    Result r = good();
    r.saturation = true;
    r.generator.busiest_share = 0.99;
    judge(r);
    CHECK(r.exit_code == kExitOk);
    CHECK(r.verdict.limit == Limit::generator);
}

TEST_CASE("verdict: waiting for acknowledgements is the broker's limit") {
    Result r = good();
    r.counters.waits_window = 5000;
    judge(r);
    CHECK(r.verdict.valid);
    CHECK(r.verdict.limit == Limit::broker);
}

TEST_CASE("verdict: where response and service differ, the queue that held the messages is named") {
    Result r = good();
    for (int i = 0; i < 200; ++i)
        r.series[SeriesId::e2e].record(900'000'000);
    r.counters.waits_window = 900;
    judge(r);
    CHECK(r.verdict.valid);
    CHECK(r.verdict.text.find("900 ms from intended and 1.89 ms from actual send") !=
          std::string::npos);
    CHECK(r.verdict.text.find("waited for acknowledgements") != std::string::npos);
    r.counters.waits_window = 0;
    r.counters.waits_socket = 900;
    judge(r);
    CHECK(r.verdict.text.find("waited for their socket") != std::string::npos);
}

TEST_CASE("abort: totals and loss say nothing before the end, latencies and failures do") {
    const Result r = good();
    for (const char* early : {"e2e.p99", "recv.rate", "connections.lost", "refused"})
        CHECK(metric_so_far(r, early));
    for (const char* late : {"recv", "loss", "sent", "acked", "dup", "expected"})
        CHECK_FALSE(metric_so_far(r, late));
    Result stopped = good();
    stopped.stopped_by = "e2e.p99<1ms (2 ms)";
    judge(stopped);
    CHECK(stopped.exit_code == kExitAssertion);
}

TEST_CASE("$SYS: its own publications are allowed for, anything else is named") {
    SysCounts sys{.version = "x", .counted = true, .received = 1000, .sent = 1005, .own = 4};
    CHECK(sys_agreement(sys, 1000, 1000).starts_with("agrees"));
    CHECK(sys_agreement(sys, 1000, 900).find("sent 1,005 (+105 against ours)") !=
          std::string::npos);
    CHECK(sys_agreement(sys, 1001, 1000).find("received 1,000 (-1 against ours)") !=
          std::string::npos);
    sys.dropped = 7;
    CHECK(sys_agreement(sys, 1000, 1000) == "says: dropped 7");
    sys.counted = false;
    CHECK(sys_agreement(sys, 1, 1).starts_with("no counters"));
}

TEST_CASE("verdict: a failed or unknown assertion exits 99, an error before that 1") {
    Result r = good();
    r.assertions = {{.text = "loss==0"}, {.text = "e2e.p99<1ms"}};
    judge(r);
    CHECK(r.assertions[0].outcome == Expression::Outcome::pass);
    CHECK(r.assertions[1].outcome == Expression::Outcome::fail);
    CHECK(r.exit_code == kExitAssertion);

    Result unknown = good();
    unknown.assertions = {{.text = "broker.cpu_us_per_msg<5"}};
    judge(unknown);
    CHECK(unknown.exit_code == kExitAssertion);

    r.error = "the broker went away";
    judge(r);
    CHECK(r.exit_code == kExitRunFailed);
}

TEST_CASE("metrics: names are known before the run, figures only where samples support them") {
    const Result r = good();
    CHECK(is_metric("e2e.p99.9"));
    CHECK(is_metric("connect.max"));
    CHECK(is_metric("recv.rate"));
    CHECK_FALSE(is_metric("e2e"));
    CHECK_FALSE(is_metric("e2e.p0"));
    CHECK_FALSE(is_metric("e2e.p100"));
    CHECK_FALSE(is_metric("nonsense.p99"));
    CHECK(metric(r, "e2e.p99"));
    CHECK(metric(r, "e2e.p99.9"));
    CHECK_FALSE(metric(r, "e2e.p99.99"));  // ten thousand samples: one above
    CHECK(metric(r, "recv.rate")->value == doctest::Approx(1000));
    CHECK_FALSE(metric(r, "ack.p50"));
}

TEST_CASE("summary: the first word of a line names its subject") {
    Result r = good();
    r.broker = BrokerCost{"pid 1", 500'000'000, 5'000'000, 5'100'000, 5'200'000, 42};
    r.assertions = {{.text = "loss==0"}};
    judge(r);
    const std::string text = summary_text(r);
    for (const char* start :
         {"mqtt-bench  ", "\ntarget ", "\nconnect ", "\npublish ", "\ndeliver ", "\nlatency ms",
          "\n  e2e (response)", "\n  e2e (service)", "\n  schedule lag", "\nbroker ", "\nload gen",
          "\nassert ", "\nexit "}) {
        CAPTURE(start);
        CHECK(text.find(start) != std::string::npos);
    }
    CHECK(text.find("deliver  10,000 of 10,000") != std::string::npos);
    CHECK(text.find("loss 0  dup 0  reorder 0") != std::string::npos);
    CHECK(text.find("50 us/message") != std::string::npos);
    CHECK(text.find("loss==0  PASS") != std::string::npos);
}

TEST_CASE("json: it is JSON, whatever the texts contain, and repeats the figures") {
    Result r = good();
    r.command_line = "mqtt-bench \"quoted\" \\ and \n line";
    r.error = "tab\there";
    r.seconds.push_back({});
    r.environment = {{"cpu", "some \"chip\""}};
    judge(r);
    const std::string text = result_json(r);
    REQUIRE(tools::is_json(text));
    std::string schema;
    std::string p50;
    tools::for_each_json_member(text, [&](std::string_view key, std::string_view value) {
        if (key == "schema") schema = tools::json_string(value).value_or("");
        if (key != "latency_ns") return true;
        return tools::for_each_json_member(value, [&](std::string_view name, std::string_view row) {
            if (name != "e2e") return true;
            return tools::for_each_json_member(row, [&](std::string_view k, std::string_view v) {
                if (k == "p50") p50 = v;
                return true;
            });
        });
    });
    CHECK(schema == "mqtt-bench/1");
    CHECK(p50 == std::to_string(r.series[SeriesId::e2e].at(0.5)));
}

TEST_CASE("csv: one line per second and a head of as many columns") {
    Result r = good();
    r.seconds.resize(3);
    const std::string text = seconds_csv(r);
    CHECK(std::count(text.begin(), text.end(), '\n') == 4);
    const auto commas_in = [](std::string_view line) {
        return std::count(line.begin(), line.end(), ',');
    };
    const std::string head = text.substr(0, text.find('\n'));
    const std::string last = text.substr(text.rfind('\n', text.size() - 2) + 1);
    CHECK(commas_in(head) == commas_in(last));
}

namespace {

// Two sockets, looked at 200 times in 10 s; 100 kB/s in, 100 kB/s out.
Result with_queues(std::uint64_t unread_each, std::uint64_t unsent_each) {
    Result r = good();
    Counters& c = r.counters;
    c.queue_samples = 200;
    c.receive_queue_bytes = 200 * unread_each;
    c.send_queue_bytes = 200 * unsent_each;
    c.receive_queues_used = unread_each > 0 ? 200 : 0;
    c.send_queues_used = unsent_each > 0 ? 200 : 0;
    c.wire_received_in_window = c.wire_sent_in_window = 1'000'000;
    c.tcp_busy_us = 5'000'000;
    c.tcp_segments = 10'000;
    return r;
}

}  // namespace

TEST_CASE("queues: time in them is what stands in them over what goes through") {
    const Result r = with_queues(500, 50);
    // 2 sockets of 500 bytes at 100 kB/s: 10 ms.
    CHECK(r.unread_ns().value() == doctest::Approx(10e6));
    CHECK(r.unsent_ns().value() == doctest::Approx(1e6));
    CHECK(r.no_room_share().value() == 0);
    Result few = r;
    few.counters.queue_samples = 5;
    CHECK_FALSE(few.unread_ns());
    Result churned = r;
    churned.counters.reconnected = 1;  // bytes of ended connections are not in the sum
    CHECK_FALSE(churned.unread_ns());
}

TEST_CASE("verdict: input left unread in our sockets is the generator's fault: exit 3") {
    Result r = with_queues(2'000, 0);
    judge(r);
    CHECK(r.exit_code == kExitInvalid);
    CHECK(r.verdict.limit == Limit::generator);
    CHECK(r.verdict.text.find("lay unread in its sockets for 40.0 ms") != std::string::npos);
    // A little of it is told, not fatal.
    Result little = with_queues(100, 0);
    judge(little);
    CHECK(little.verdict.valid);
    CHECK(little.verdict.text.find("of the latency 2.00 ms were input unread") !=
          std::string::npos);
    CHECK(summary_text(little).find("queues   unread 2.00 ms (100 % of looks)") !=
          std::string::npos);
    // Saturation is closed loop: told, valid.
    Result full = with_queues(2'000, 0);
    full.saturation = true;
    judge(full);
    CHECK(full.exit_code == kExitOk);
    CHECK(full.verdict.text.find("deliveries lay unread in our sockets") != std::string::npos);
}

TEST_CASE("verdict: a broker that leaves its sockets full is the limit") {
    Result r = with_queues(0, 2'000);
    r.counters.tcp_no_room_us = 4'000'000;
    judge(r);
    CHECK(r.verdict.valid);
    CHECK(r.verdict.limit == Limit::broker);
    CHECK(r.verdict.text.find("broker-limited: the broker's sockets were full 80 % of the time") !=
          std::string::npos);
    // Full for a moment now and then says nothing.
    r.counters.tcp_no_room_us = 100'000;
    judge(r);
    CHECK(r.verdict.limit == Limit::none);
}

TEST_CASE("verdict: segments sent again are the network's") {
    Result r = with_queues(0, 0);
    r.counters.tcp_retransmits = 300;
    judge(r);
    CHECK(r.verdict.valid);
    CHECK(r.verdict.limit == Limit::network);
    CHECK(r.verdict.text.find("network-limited: 3.0 % of the TCP segments") != std::string::npos);
    CHECK(result_json(r).find("\"limit\": \"network\"") != std::string::npos);
}

}  // namespace mqtt::bench
