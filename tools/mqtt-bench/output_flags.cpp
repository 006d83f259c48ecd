// Host, broker beside it, judging, output; and how all tables become a Spec.
#include <fmt/format.h>

#include <array>
#include <deque>

#include "common/app.hpp"
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
    BenchRow{{.long_name = "seed",
              .argument = "N",
              .category = kHost,
              .help = "same seed, same load; drawn and printed unless given"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.seed = static_cast<std::uint64_t>(
                     tools::parse_integer(use.typed(), use.word(), 1, INT64_MAX));
             }},
    BenchRow{{.long_name = "client-id",
              .aliases = "prefix",
              .argument = "PATTERN",
              .category = kHost,
              .help = "client ids; %i is the number, %r the run's id",
              .initial = "bench-%r-%i"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.client_id = use.word();
                 if (use.word().find("%i") == std::string::npos) s.spec.client_id += "%i";
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

    BenchRow{
        {.long_name = "assert",
         .argument = "EXPRESSION",
         .category = kOutput,
         .help = "exit 99 unless it holds: e2e.p99<5ms, loss==0, recv.rate>=0.99*offered.rate",
         .details = "Series are e2e, service, ack, lag, connect, subscribe, each with p50, "
                    "p99.9 and so on, max, mean, count. Counts are offered, sent, acked, recv, "
                    "expected, loss, dup, reorder, refused, connections.lost; rates are "
                    "offered.rate, sent.rate, acked.rate, recv.rate; costs are "
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
    BenchRow{{.long_name = "silent",
              .takes = Takes::nothing,
              .category = kOutput,
              .help = "no line per second"},
             [](BenchSettings& s, const FlagUse&) { s.spec.silent = true; }},
};

// A connection option under bench's letters: the row of connect_flags behind a copy of its Flag.
struct ConnectCopy {
    Flag flag;
    const tools::ConnectRow* row = nullptr;
};

bool is_left_out(std::string_view name) {
    for (const std::string_view out :
         {"id", "id-prefix", "disable-clean-session", "max-inflight", "debug", "quiet",
          "max-retries", "retry-delay", "exit-on-disconnect"}) {
        if (name == out) return true;
    }
    return false;
}

const std::deque<ConnectCopy>& connect_copies() {
    static const std::deque<ConnectCopy> copies = [] {
        std::deque<ConnectCopy> out;
        const auto add = [&](std::span<const tools::ConnectRow> rows) {
            for (const tools::ConnectRow& row : rows) {
                if (is_left_out(row.flag.long_name)) continue;
                ConnectCopy copy{row.flag, &row};
                if (std::string_view("cdiILMAS").find(row.flag.short_name) !=
                    std::string_view::npos) {
                    copy.flag.short_name = 0;
                }
                if (row.flag.long_name == "url") copy.flag.repeatable = true;
                out.push_back(copy);
            }
        };
        add(tools::connection_rows());
        add(tools::session_rows());
        add(tools::tls_rows());
        return out;
    }();
    return copies;
}

bool apply_connect(BenchSettings& settings, const FlagUse& use) {
    for (const ConnectCopy& copy : connect_copies()) {
        if (&copy.flag != use.flag) continue;
        if (copy.flag.long_name == "url") {
            settings.urls.push_back(use.word());
        }
        copy.row->apply(settings.connect, FlagUse{&copy.row->flag, use.words, use.from_file});
        return true;
    }
    return false;
}

void set_targets(BenchSettings& s) {
    Spec& spec = s.spec;
    const bool version_given = s.connect.version.has_value();
    s.connect.no_delay = true;
    spec.connect = tools::make_connect_options(s.connect);
    spec.connect.fall_back_to_3_1_1 = !version_given;
    spec.connect.tcp_no_delay = true;
    if (s.urls.size() <= 1) {
        spec.targets = {spec.connect.endpoint};
        return;
    }
    for (const std::string& url : s.urls) {
        const auto parsed = parse_url(url);
        if (!parsed.ok()) throw UsageError(fmt::format("'{}': {}", url, parsed.error().detail));
        spec.targets.push_back(parsed->endpoint);
    }
}

}  // namespace

std::span<const BenchRow> output_rows() {
    return kRows;
}

const std::vector<const Flag*>& bench_flags() {
    static const std::vector<const Flag*> flags = [] {
        std::vector<const Flag*> out;
        tools::append_flags(out, load_rows());
        tools::append_flags(out, output_rows());
        tools::append_flags(out, search_rows());
        for (const ConnectCopy& copy : connect_copies())
            out.push_back(&copy.flag);
        tools::append_general_flags(out);
        return out;
    }();
    return flags;
}

BenchSettings make_settings(Command command, std::span<const FlagUse> uses,
                            std::string command_line) {
    BenchSettings s;
    s.spec.command = command;
    s.spec.command_line = std::move(command_line);
    for (const FlagUse& use : uses) {
        if (apply_connect(s, use)) continue;
        if (tools::apply_flag(load_rows(), s, use)) continue;
        if (tools::apply_flag(output_rows(), s, use)) continue;
        tools::apply_flag(search_rows(), s, use);
    }
    if (s.rate_given && s.interval_given && command != Command::conn) {
        throw UsageError(
            "options '-R' and '-I' together: -R is messages per second of all "
            "publishers here; connections per second are --conn-rate");
    }
    if (command == Command::conn && s.rate_given) s.spec.connect_rate = s.spec.rate;
    const int brokers = (s.spec.embedded ? 1 : 0) + (s.spec.spawn.empty() ? 0 : 1) +
                        (s.spec.broker_pid != 0 ? 1 : 0) + (s.spec.broker_cgroup.empty() ? 0 : 1);
    if (brokers > 1) {
        throw UsageError(
            "--embedded, --spawn, --broker-pid and --broker-cgroup exclude each other");
    }
    if (command == Command::sub && !s.duration_given) s.spec.warmup = std::chrono::nanoseconds(0);
    set_targets(s);
    return s;
}

}  // namespace mqtt::bench
