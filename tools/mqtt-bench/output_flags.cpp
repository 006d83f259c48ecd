// Host, broker beside it, judging, output.
#include <fmt/format.h>

#include <array>

#include "common/expression.hpp"
#include "common/units.hpp"
#include "mqtt-bench/bench_flags.hpp"

namespace mqtt::bench {
namespace {

using tools::Expression;
using tools::Flag;
using tools::FlagUse;
using tools::Takes;
using tools::UsageError;

constexpr std::string_view kHost = "Generator";
constexpr std::string_view kBroker = "Broker beside it";
constexpr std::string_view kOutput = "Judging and output";

void set_cpus(BenchSettings& s, const FlagUse& use) {
    std::string_view rest = use.word();
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find(','));
        s.spec.cpus.push_back(static_cast<int>(tools::parse_integer(use.typed(), one, 0, 1023)));
        rest = one.size() < rest.size() ? rest.substr(one.size() + 1) : std::string_view{};
    }
}

int to_buffer(const FlagUse& use) {
    const std::uint64_t size = tools::parse_size(use.typed(), use.word());
    if (size < 1 || size > 1'000'000'000) {
        throw UsageError(fmt::format("option '{}' needs 1 to 1,000,000,000 bytes", use.typed()));
    }
    return static_cast<int>(size);
}

constexpr std::array kRows{
    BenchRow{{.long_name = "threads",
              .short_name = 'j',
              .argument = "N",
              .category = kHost,
              .help = "threads of the generator",
              .initial = "1"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.threads = static_cast<std::uint32_t>(
                     tools::parse_integer(use.typed(), use.word(), 1, 1024));
             }},
    BenchRow{{.long_name = "pin",
              .argument = "CPU",
              .category = kHost,
              .help = "run threads on these processors (0,1,...)"},
             set_cpus},
    BenchRow{
        {.long_name = "precise",
         .takes = Takes::nothing,
         .category = kHost,
         .help = "poll instead of sleeping: needs a processor per thread",
         .details = "Messages leave when they are due, are timed when they arrive, and the broker "
                    "does not pay for waking the generator."},
        [](BenchSettings& s, const FlagUse&) { s.spec.precise = true; }},
    BenchRow{
        {.long_name = "rcvbuf",
         .argument = "BYTES",
         .category = kHost,
         .help = "receive buffers of sockets, set once connected; the system's unless said"},
        [](BenchSettings& s, const FlagUse& use) { s.spec.receive_buffer_bytes = to_buffer(use); }},
    BenchRow{
        {.long_name = "sndbuf",
         .argument = "BYTES",
         .category = kHost,
         .help = "send buffers of sockets"},
        [](BenchSettings& s, const FlagUse& use) { s.spec.send_buffer_bytes = to_buffer(use); }},
    BenchRow{{.long_name = "coalesce",
              .argument = "HOW",
              .category = kHost,
              .help = "how messages share writes at a rate: on, off or auto",
              .details = "auto: what is due at once. off: every message is a write, and mostly a "
                         "TCP segment, of its own. on: the generator wakes once a millisecond at "
                         "most, so that more share a write; the waiting counts as latency. With "
                         "--max see --batch.",
              .initial = "auto",
              .choices = "on off auto",
              .complete = tools::Complete::choices},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.coalesce = use.word() == "on"    ? Coalesce::on
                                   : use.word() == "off" ? Coalesce::off
                                                         : Coalesce::automatic;
             }},
    BenchRow{{.long_name = "nagle",
              .takes = Takes::nothing,
              .category = kHost,
              .help = "let TCP hold back small segments until it is acknowledged (no TCP_NODELAY)"},
             [](BenchSettings& s, const FlagUse&) { s.nagle = true; }},
    BenchRow{
        {.long_name = "seed",
         .argument = "N",
         .category = kHost,
         .help = "same seed, same load; drawn and printed unless given",
         .details = "The same topics, sizes, QoS, instants and bytes on any number of threads. "
                    "What tells runs apart stays new: their id, in client ids (%r) and in the "
                    "payload's first 32 bytes, and the time stamps there; --client-id and "
                    "--no-header do without."},
        [](BenchSettings& s, const FlagUse& use) {
            s.spec.seed = static_cast<std::uint64_t>(
                tools::parse_integer(use.typed(), use.word(), 1, INT64_MAX));
        }},

    BenchRow{{.long_name = "embedded",
              .takes = Takes::nothing,
              .category = kBroker,
              .help = "test against a broker within this process",
              .common = true},
             [](BenchSettings& s, const FlagUse&) { s.spec.embedded = true; }},
    BenchRow{{.long_name = "spawn",
              .argument = "COMMAND",
              .category = kBroker,
              .help = "start the broker by this command, watch it, end it"},
             [](BenchSettings& s, const FlagUse& use) { s.spec.spawn = use.word(); }},
    BenchRow{{.long_name = "broker-pid",
              .argument = "PID",
              .category = kBroker,
              .help = "watch this process: CPU per message, memory per connection",
              .common = true},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.broker_pid =
                     static_cast<pid_t>(tools::parse_integer(use.typed(), use.word(), 1, 1 << 30));
             }},
    BenchRow{{.long_name = "broker-cgroup",
              .argument = "FOLDER",
              .category = kBroker,
              .help = "watch this cgroup (version 2)",
              .complete = tools::Complete::directory},
             [](BenchSettings& s, const FlagUse& use) { s.spec.broker_cgroup = use.word(); }},
    BenchRow{{.long_name = "broker-unit",
              .argument = "NAME",
              .category = kBroker,
              .help = "watch the cgroup of this unit of systemd: mosquitto.service"},
             [](BenchSettings& s, const FlagUse& use) {
                 const bool dotted = use.word().find('.') != std::string::npos;
                 s.spec.broker_cgroup =
                     "/sys/fs/cgroup/system.slice/" + use.word() + (dotted ? "" : ".service");
             }},

    BenchRow{{.long_name = "sys",
              .takes = Takes::nothing,
              .category = kBroker,
              .help = "compare with the broker's own counters under $SYS",
              .details = "Waits for their next publication before and after the run, ten seconds "
                         "each at most brokers. Nobody else may use the broker meanwhile."},
             [](BenchSettings& s, const FlagUse&) { s.spec.sys_counters = true; }},
    BenchRow{{.long_name = "no-sys",
              .takes = Takes::nothing,
              .category = kBroker,
              .help = "do not ask for $SYS/broker/version before the run"},
             [](BenchSettings& s, const FlagUse&) { s.spec.sys_version = false; }},

    BenchRow{{.long_name = "assert",
              .argument = "EXPRESSION",
              .category = kOutput,
              .help = "exit 99 unless it holds: e2e.p99<5ms, loss==0, recv.rate>=0.99*offered",
              .details =
                  "Series are e2e, service, ack, lag, connect, subscribe, each with p50, "
                  "p99.9 and so on, max, mean, count. Counts are offered, sent, acked, recv, "
                  "expected, loss, dup, reorder, refused, connections.lost, dropped, reconnected, "
                  "sessions.lost, excused, retained, unsent; rates are "
                  "offered.rate, sent.rate, acked.rate, recv.rate, and beside one of them a count "
                  "is meant as its rate; costs are "
                  "broker.cpu_us_per_msg, broker.bytes_per_conn, broker.rss, "
                  "generator.cpu_us_per_msg, generator.busy.",
              .common = true,
              .repeatable = true},
             [](BenchSettings& s, const FlagUse& use) {
                 try {
                     Expression::parse(use.word());
                 } catch (const std::invalid_argument& error) {
                     throw UsageError(fmt::format("option '--assert': {}", error.what()));
                 }
                 s.spec.assertions.push_back(use.word());
             }},
    BenchRow{
        {.long_name = "abort-on-fail",
         .takes = Takes::nothing,
         .category = kOutput,
         .help = "end the run when an assertion fails as it goes",
         .details = "Once a second after the warm-up, of assertions about latencies, rates and "
                    "failures; totals and loss are judged at the end only."},
        [](BenchSettings& s, const FlagUse&) { s.spec.abort_on_fail = true; }},
    BenchRow{{.long_name = "json",
              .short_name = 'o',
              .argument = "FILE",
              .category = kOutput,
              .help = "write the result as JSON; - is standard output instead of the summary",
              .complete = tools::Complete::file,
              .common = true},
             [](BenchSettings& s, const FlagUse& use) { s.spec.outputs.json = use.word(); }},
    BenchRow{{.long_name = "html",
              .argument = "FILE",
              .category = kOutput,
              .help = "write a report with charts: one file that needs no network",
              .complete = tools::Complete::file,
              .common = true},
             [](BenchSettings& s, const FlagUse& use) { s.spec.outputs.html = use.word(); }},
    BenchRow{{.long_name = "csv",
              .argument = "FILE",
              .category = kOutput,
              .help = "write one line per second",
              .complete = tools::Complete::file},
             [](BenchSettings& s, const FlagUse& use) { s.spec.outputs.csv = use.word(); }},
    BenchRow{{.long_name = "junit",
              .argument = "FILE",
              .category = kOutput,
              .help = "write assertions and verdict as JUnit XML",
              .complete = tools::Complete::file},
             [](BenchSettings& s, const FlagUse& use) { s.spec.outputs.junit = use.word(); }},
    BenchRow{{.long_name = "md",
              .argument = "FILE",
              .category = kOutput,
              .help = "write a summary in Markdown, as for $GITHUB_STEP_SUMMARY",
              .complete = tools::Complete::file},
             [](BenchSettings& s, const FlagUse& use) { s.spec.outputs.markdown = use.word(); }},
    BenchRow{{.long_name = "hdr",
              .argument = "FILE",
              .category = kOutput,
              .help = "write HdrHistogram interval logs, one line per second and series",
              .complete = tools::Complete::file},
             [](BenchSettings& s, const FlagUse& use) { s.spec.hdr_file = use.word(); }},
    BenchRow{{.long_name = "jsonl",
              .argument = "FILE",
              .category = kOutput,
              .help = "write every second as a line of JSON as it goes; - is standard output",
              .details = "Members as those of seconds[] under JSON RESULT. On standard output the "
                         "summary follows the lines.",
              .complete = tools::Complete::file},
             [](BenchSettings& s, const FlagUse& use) { s.spec.lines_file = use.word(); }},
    BenchRow{
        {.long_name = "prometheus",
         .argument = "[HOST]:PORT",
         .category = kOutput,
         .help = "serve the figures of the run under way for Prometheus: :9090",
         .details = "GET /metrics; counters, gauges, and histograms of the latencies. Without a "
                    "host on the loopback address only."},
        [](BenchSettings& s, const FlagUse& use) { s.spec.prometheus = use.word(); }},
    BenchRow{{.long_name = "fps",
              .argument = "N",
              .category = kOutput,
              .help = "how often the panel on a terminal is painted, per second",
              .initial = "5"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.frames_per_second =
                     static_cast<int>(tools::parse_integer(use.typed(), use.word(), 1, 60));
             }},
    BenchRow{{.long_name = "no-color",
              .takes = Takes::nothing,
              .category = kOutput,
              .help = "no colours on a terminal, as with NO_COLOR"},
             [](BenchSettings& s, const FlagUse&) { s.spec.color = false; }},
    BenchRow{{.long_name = "silent",
              .takes = Takes::nothing,
              .category = kOutput,
              .help = "no line per second"},
             [](BenchSettings& s, const FlagUse&) { s.spec.silent = true; }},
};

}  // namespace

std::span<const BenchRow> output_rows() {
    return kRows;
}

}  // namespace mqtt::bench
