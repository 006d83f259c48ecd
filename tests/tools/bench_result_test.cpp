// Results as files: the JSON form read back, merged, compared, and rendered in every form.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "mqtt-bench/difference.hpp"
#include "mqtt-bench/heat.hpp"
#include "mqtt-bench/html_report.hpp"
#include "mqtt-bench/merge.hpp"
#include "mqtt-bench/result_fields.hpp"
#include "mqtt-bench/result_read.hpp"
#include "mqtt-bench/summary.hpp"

namespace mqtt::bench {

namespace {

// Every field of a table with a value of its own.
struct Fill {
    std::uint64_t& next;
    void operator()(std::string* out) const { *out = "text " + std::to_string(++next); }
    void operator()(bool* out) const { *out = !*out; }
    template <class T>
    void operator()(T* out) const {
        *out = static_cast<T>(++next);
    }
};

template <class T>
void fill(std::span<const Field<T>> rows, T& object, std::uint64_t& next) {
    for (const Field<T>& row : rows)
        std::visit(Fill{next}, row.slot(object));
}

Result filled() {
    Result r;
    std::uint64_t next = 100;
    fill(head_fields(), r, next);
    fill(count_fields(), r, next);
    fill(broker_fields(), r.broker.emplace(), next);
    fill(sys_fields(), r.sys.emplace(), next);
    fill(generator_fields(), r.generator, next);
    for (int i = 1; i <= 2; ++i) {
        Second second;
        fill(second_fields(), second, next);
        second.at = i;
        second.elapsed = i + 0.5;
        second.heat = {{3, 17}, {40, next}};
        r.seconds.push_back(second);
    }
    r.run_id = 0xAB;
    r.targets = {"mqtt://a:1", "mqtts://\"b\":2"};
    r.verdict = {false, Limit::generator, "invalid: \\ and \n"};
    r.assertions = {{"loss==0", Expression::Outcome::fail, "3", ""},
                    {"ack.p50<1s", Expression::Outcome::unknown, "", "no figure for ack.p50"}};
    r.environment = {{"kernel", "Linux"}, {"cpu", "a \"chip\""}};
    for (int i = 1; i <= 20'000; ++i) {
        r.series[SeriesId::e2e].record(i * 1000);
        r.series[SeriesId::lag].record(i);
    }
    return r;
}

Result half(double started, std::uint64_t received, double p99_ms) {
    Result r;
    r.command = "pubsub";
    r.description = "load";
    r.publishers = r.subscribers = 1;
    r.clients = 2;
    r.measured_seconds = 5;
    r.started_epoch = started;
    r.fairness = 1;
    r.counters.received_in_window = r.counters.measured_received = received;
    r.counters.measured_sent = r.counters.measured_offered = received;
    for (int i = 1; i <= 5; ++i) {
        Second second;
        second.at = i;
        second.elapsed = i;
        second.received = received / 5;
        second.e2e_p99_ns = p99_ms * 1e6 * (1 + 0.01 * i);
        second.heat = {{20, received / 5}};
        r.seconds.push_back(second);
    }
    for (std::uint64_t i = 0; i < received; ++i)
        r.series[SeriesId::e2e].record(static_cast<std::int64_t>(p99_ms * 1e6));
    judge(r);
    return r;
}

}  // namespace

TEST_CASE("json: what is written is read back, every figure of it") {
    const Result r = filled();
    const std::string text = result_json(r);
    REQUIRE(tools::is_json(text));
    const Result back = read_result(text);
    CHECK(result_json(back) == text);
    CHECK(back.series[SeriesId::e2e].count() == 20'000);
    CHECK(back.series[SeriesId::e2e].max() == 20'000'000);
    CHECK(back.seconds[1].heat == r.seconds[1].heat);
    CHECK(summary_text(back) == summary_text(r));
    CHECK(result_html(back) == result_html(r));
}

TEST_CASE("json: the schema in the man page names every member, each name once") {
    const std::string schema = schema_text();
    std::set<std::string_view> names;
    for (const auto& row : head_fields()) {
        CHECK(names.insert(row.name).second);
        const std::string begin = "\n  " + std::string(row.name);
        const bool alone = schema.find(begin + "\n") != std::string::npos;
        CHECK((alone || schema.find(begin + " ") != std::string::npos));
    }
    for (const auto& row : second_fields())
        CHECK(schema.find("seconds[]." + std::string(row.name)) != std::string::npos);
}

TEST_CASE("json: other files are refused with a reason") {
    CHECK_THROWS_WITH(read_result("hello"), "not a JSON object");
    CHECK_THROWS_WITH(read_result("{}"), "not a result of mqtt-bench --json");
    CHECK_THROWS_WITH(read_result("{\"schema\": \"mqtt-bench/9\"}"),
                      "its schema is 'mqtt-bench/9', 'mqtt-bench/1' is wanted");
    std::string text = result_json(filled());
    text.replace(text.find("\"qos\": ") + 7, 1, "x");
    CHECK_THROWS_AS(read_result(text), std::invalid_argument);
}

TEST_CASE(
    "merge: counts and histograms add, seconds meet by the wall clock, one invalid makes all") {
    // The second began two seconds later.
    std::vector<Result> both{half(1000, 1000, 2), half(1002, 500, 8)};
    const Result sum = merge_results(both);
    CHECK(sum.counters.received_in_window == 1500);
    CHECK(sum.clients == 4);
    CHECK(sum.series[SeriesId::e2e].count() == 1500);
    CHECK(sum.series[SeriesId::e2e].max() == 8'000'000);
    REQUIRE(sum.seconds.size() == 7);
    CHECK(sum.seconds[0].received == 200);
    CHECK(sum.seconds[2].received == 300);
    CHECK(sum.seconds[6].received == 100);
    CHECK(sum.seconds[2].heat == std::vector<HeatCell>{{20, 300}});
    CHECK(sum.verdict.valid);
    CHECK(sum.exit_code == kExitOk);

    both[1].verdict = {false, Limit::generator, "starved"};
    CHECK(merge_results(both).exit_code == kExitInvalid);
    both[0].error = "the broker went away";
    CHECK(merge_results(both).exit_code == kExitRunFailed);
    CHECK_THROWS_AS(merge_results({}), std::invalid_argument);
}

TEST_CASE("diff: ratios, intervals of seconds, and metrics of both runs in assertions") {
    const Result slow = half(0, 1000, 8);
    const Result fast = half(0, 1000, 2);
    const std::string text = difference_text(slow, fast);
    CHECK(text.find("x0.250") != std::string::npos);
    CHECK(text.find("  better") != std::string::npos);
    CHECK(difference_text(fast, slow).find("  worse") != std::string::npos);
    CHECK(difference_text(fast, fast).find("the same") != std::string::npos);
    CHECK(difference_metric(slow, fast, "old.e2e.p50")->value ==
          doctest::Approx(8e6).epsilon(0.001));
    CHECK(difference_metric(slow, fast, "e2e.p50")->value == doctest::Approx(2e6).epsilon(0.001));
}

TEST_CASE("heat map: rows begin at powers of ten, samples beyond the ends are in the outer rows") {
    CHECK(heat_row_of(0) == 0);
    CHECK(heat_row_of(1'000) == 0);
    CHECK(heat_row_of(10'000) == 8);
    CHECK(heat_row_of(1e6) == 24);
    CHECK(heat_row_of(1e15) == kHeatRows - 1);
    CHECK(heat_row_begins_ns(24) == doctest::Approx(1e6));
    Histogram histogram;
    for (int i = 0; i < 7; ++i)
        histogram.record(1'000'000);
    histogram.record(12);
    CHECK(heat_of(histogram) == std::vector<HeatCell>{{0, 1}, {24, 7}});
}

TEST_CASE("html: one file that loads nothing, with charts and escaped texts") {
    Result r = filled();
    r.command = "pubsub";
    r.description = "<script>alert(1)</script>";
    const std::string html = result_html(r);
    CHECK(html.find("<script") == std::string::npos);
    CHECK(html.find("default-src 'none'") != std::string::npos);
    for (const char* outside : {"http://", "https://", "src=", "url(", "@import"}) {
        CAPTURE(outside);
        CHECK(html.find(outside) == std::string::npos);
    }
    for (const char* id :
         {"rate", "backlog", "heat", "percentiles", "connections", "cpu", "memory"})
        CHECK(html.find("<figure id=\"" + std::string(id) + "\"") != std::string::npos);
}

TEST_CASE("html: a run without any second or sample is a page, too") {
    Result r;
    r.command = "conn";
    r.error = "refused";
    CHECK(result_html(r).find("refused") != std::string::npos);
    r.command = "pub";
    r.publishers = 1;
    CHECK(result_html(r).find("</html>") != std::string::npos);
}

TEST_CASE("junit and markdown: an assertion is a test case, a broken run an error") {
    Result r = filled();
    r.error = "the broker <went> away";
    const std::string xml = result_junit(r);
    CHECK(xml.find("tests=\"4\" failures=\"3\" errors=\"1\"") != std::string::npos);
    CHECK(xml.find("message=\"the broker &lt;went&gt; away\"") != std::string::npos);
    CHECK(xml.find("message=\"it was 3\"") != std::string::npos);
    CHECK(result_markdown(r).find("| `loss==0` | fail | 3 |") != std::string::npos);
}

}  // namespace mqtt::bench
