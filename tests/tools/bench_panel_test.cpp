// The live panel as text: it never wraps, so that painting over it finds its lines.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "mqtt-bench/live_panel.hpp"
#include "mqtt-bench/summary.hpp"

namespace mqtt::bench {

namespace {

Result running() {
    Result r;
    r.command = "pubsub";
    r.description = "pubsub --shape pair --pubs 1 --subs 1 -R 1,000/s -s 64 -q 1 -d 30s";
    r.targets = {"mqtt://broker.example.org:1883"};
    r.clients = 2;
    r.publishers = r.subscribers = 1;
    r.qos = 1;
    r.offered_rate = 1000;
    r.broker = BrokerCost{};
    for (int i = 1; i <= 200; ++i) {
        Second second;
        second.at = i;
        second.sent = second.acked = second.received = 1000;
        second.e2e_p50_ns = 1e6;
        second.e2e_p99_ns = i == 150 ? 9e6 : 3e6;
        second.e2e_max_ns = 9e6;
        second.connected = 2;
        second.broker_cpu_share = 0.1;
        r.seconds.push_back(second);
        for (int k = 0; k < 100; ++k)
            r.series[SeriesId::e2e].record(k * 10'000);
    }
    return r;
}

std::size_t columns_of(std::string_view line) {
    std::size_t columns = 0;
    bool in_escape = false;
    for (const char c : line) {
        if (c == '\x1b') in_escape = true;
        if (!in_escape && (static_cast<unsigned char>(c) & 0xC0) != 0x80) ++columns;
        if (in_escape && c == 'm') in_escape = false;
    }
    return columns;
}

}  // namespace

TEST_CASE("panel: no line is wider than the screen, whatever it is, and there are always as many") {
    const Result r = running();
    for (const int width : {20, 40, 79, 120, 250}) {
        for (const bool color : {false, true}) {
            CAPTURE(width);
            const std::string text = panel_text(r, r.seconds.back(), 200, {width, color});
            CHECK(std::count(text.begin(), text.end(), '\n') == 8);
            std::string_view rest = text;
            while (!rest.empty()) {
                const std::string_view line = rest.substr(0, rest.find('\n'));
                CHECK(columns_of(line) <= static_cast<std::size_t>(width));
                rest.remove_prefix(line.size() + 1);
            }
            CHECK((text.find('\x1b') != std::string::npos) == color);
        }
    }
}

TEST_CASE("panel: figures of the second, of the run so far, of broker and generator") {
    const Result r = running();
    const std::string text = panel_text(r, r.seconds.back(), 400, {120, false});
    CHECK(text.find("03:20 / 06:40") != std::string::npos);
    CHECK(text.find("▓▓▓▓▓▓▓▓░░░░░░░░") != std::string::npos);
    CHECK(text.find("100 us/message") != std::string::npos);
    CHECK(text.find("healthy") != std::string::npos);
    CHECK(text.find("connected 2 of 2") != std::string::npos);
    Result late = running();
    late.seconds.back().lag_p99_ns = 50e6;
    CHECK(panel_text(late, late.seconds.back(), 0, {120, false}).find("late") != std::string::npos);
}

TEST_CASE("panel: a spark line shows the last values, scaled to their highest") {
    CHECK(spark_line({}, 10).empty());
    CHECK(spark_line({9, 0, 7}, 2) == "▁█");
    CHECK(spark_line({0, 0}, 2) == "▁▁");
}

TEST_CASE("live line: a second's percentile that its samples do not support is not printed") {
    Result r = running();
    Second second = r.seconds.back();
    second.heat = {{3, 999}};
    CHECK(live_line(r, second).find("p50 1.00  p99 -  max 9.00 ms") != std::string::npos);
    second.heat = {{3, 900}, {4, 100}};
    CHECK(live_line(r, second).find("p50 1.00  p99 3.00  max 9.00 ms") != std::string::npos);
    second.heat = {{3, 19}};
    CHECK(live_line(r, second).find("p50 -  p99 -  max 9.00 ms") != std::string::npos);
}

}  // namespace mqtt::bench
