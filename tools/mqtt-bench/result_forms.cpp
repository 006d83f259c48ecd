// JUnit XML and Markdown of a result, for continuous integration.
#include <fmt/format.h>

#include <iterator>

#include "mqtt-bench/html_chart.hpp"
#include "mqtt-bench/summary.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

using Out = std::back_insert_iterator<std::string>;

// Like HTML's, but for control characters, which XML 1.0 cannot hold.
std::string escape_xml(std::string_view text) {
    std::string plain;
    for (const char c : text)
        plain += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return escape_html(plain);
}

void test_case(Out out, std::string_view name, double seconds, bool failed,
               std::string_view message, std::string_view kind) {
    fmt::format_to(out, "    <testcase classname=\"mqtt-bench\" name=\"{}\" time=\"{:.3f}\"",
                   escape_xml(name), seconds);
    if (!failed) {
        fmt::format_to(out, "/>\n");
        return;
    }
    fmt::format_to(out, ">\n      <{} message=\"{}\"/>\n    </testcase>\n", kind,
                   escape_xml(message));
}

// A pipe would end the cell.
std::string in_cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

}  // namespace

std::string result_junit(const Result& r) {
    std::size_t failures = 0;
    for (const AssertionResult& a : r.assertions) {
        if (a.outcome != Expression::Outcome::pass) ++failures;
    }
    if (!r.verdict.valid) ++failures;
    const std::size_t errors = r.error.empty() ? 0 : 1;
    const double seconds = r.connect_seconds + r.warmup_seconds + r.measured_seconds;
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    const Out out(text);
    fmt::format_to(out,
                   "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
                   "time=\"{:.3f}\">\n",
                   escape_xml(r.description), r.assertions.size() + 2, failures, errors, seconds);
    test_case(out, "the run ends as planned", seconds, errors > 0, r.error, "error");
    test_case(out, "the measurement is valid", 0, !r.verdict.valid, r.verdict.text, "failure");
    for (const AssertionResult& a : r.assertions) {
        test_case(out, a.text, 0, a.outcome != Expression::Outcome::pass,
                  a.why.empty() ? fmt::format("it was {}", a.value) : a.why, "failure");
    }
    fmt::format_to(out, "    <system-out>{}</system-out>\n  </testsuite>\n</testsuites>\n",
                   escape_html(summary_text(r)));
    return text;
}

std::string result_markdown(const Result& r) {
    std::string text;
    const Out out(text);
    fmt::format_to(out, "### mqtt-bench {}\n\n", r.description);
    const std::string& verdict = r.error.empty() ? r.verdict.text : r.error;
    fmt::format_to(out, "**{}**{}\n\n", verdict, r.partial ? " (partial results)" : "");
    if (!r.assertions.empty()) {
        fmt::format_to(out, "| assertion | outcome | value |\n| --- | --- | --- |\n");
        for (const AssertionResult& a : r.assertions) {
            fmt::format_to(out, "| `{}` | {} | {} |\n", in_cell(a.text), outcome_name(a.outcome),
                           in_cell(a.shown()));
        }
        fmt::format_to(out, "\n");
    }
    const Counters& c = r.counters;
    fmt::format_to(out, "| figure | value |\n| --- | --- |\n");
    fmt::format_to(out, "| connected | {} of {} |\n", commas(c.connected), commas(r.clients));
    if (r.publishers > 0) {
        fmt::format_to(out, "| sent | {} of {}, {}/s |\n", commas(c.measured_sent),
                       commas(c.measured_offered), format_rate(r.per_second(c.sent_in_window)));
    }
    if (r.subscribers > 0) {
        fmt::format_to(out, "| delivered | {}, {}/s |\n", commas(c.measured_received),
                       format_rate(r.per_second(c.received_in_window)));
        fmt::format_to(out, "| loss, duplicates, reordered | {}, {}, {} |\n", commas(r.lost),
                       commas(r.checks.duplicates), commas(r.checks.reordered));
    }
    if (const auto us = r.broker_us_per_message()) {
        fmt::format_to(out, "| broker CPU | {:.3g} us per message |\n", *us);
    }
    fmt::format_to(out,
                   "\n| latency, ms | p50 | p90 | p99 | p99.9 | max | samples |\n"
                   "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (std::size_t i = 0; i < kSeriesCount; ++i) {
        const Histogram& h = r.series.series[i];
        if (h.empty()) continue;
        fmt::format_to(out, "| {} | {} | {} | {} | {} | {} | {} |\n", kSeriesNames[i],
                       supported_ms(h, 0.5), supported_ms(h, 0.9), supported_ms(h, 0.99),
                       supported_ms(h, 0.999), format_ms(static_cast<double>(h.max())),
                       commas(h.count()));
    }
    fmt::format_to(out, "\n`{}`\n", r.command_line);
    return text;
}

}  // namespace mqtt::bench
