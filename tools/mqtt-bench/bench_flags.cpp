// Topology, load, message and time.
#include "mqtt-bench/bench_flags.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "common/units.hpp"

namespace mqtt::bench {
namespace {

using tools::Flag;
using tools::FlagUse;
using tools::Takes;
using tools::UsageError;

constexpr std::string_view kTopology = "Topology";
constexpr std::string_view kLoad = "Load";
constexpr std::string_view kTime = "Time";

constexpr std::int64_t kMost = 100'000'000;

// "5000", "20k", "1.5M".
std::uint32_t to_count(const FlagUse& use) {
    std::string_view digits = use.word();
    const double unit = digits.ends_with('k') ? 1e3 : digits.ends_with('M') ? 1e6 : 1;
    if (unit == 1) {
        return static_cast<std::uint32_t>(tools::parse_integer(use.typed(), digits, 1, kMost));
    }
    digits.remove_suffix(1);
    const double most = static_cast<double>(kMost) / unit;
    const double count = unit * tools::parse_number(use.typed(), digits, 1 / unit, most);
    return static_cast<std::uint32_t>(std::llround(count));
}

std::chrono::nanoseconds to_duration(const FlagUse& use) {
    return tools::parse_duration(use.typed(), use.word());
}

// "uniform", "poisson", "burst:25" (at the given rate) or "burst:25/3s" (per client).
void set_arrival(BenchSettings& s, const FlagUse& use) {
    const std::string_view word = use.word();
    if (word == "uniform") {
        s.spec.arrival = Arrival::uniform;
    } else if (word == "poisson") {
        s.spec.arrival = Arrival::poisson;
    } else if (word.starts_with("burst:")) {
        const std::string_view rest = word.substr(6);
        const std::size_t slash = rest.find('/');
        s.spec.arrival = Arrival::burst;
        s.spec.burst_size = static_cast<std::uint32_t>(
            tools::parse_integer(use.typed(), rest.substr(0, slash), 1, 1'000'000));
        if (slash != std::string_view::npos) {
            const auto period = tools::parse_duration(use.typed(), rest.substr(slash + 1));
            s.spec.burst_period = std::chrono::duration<double>(period).count();
        }
    } else {
        throw UsageError(
            fmt::format("option '{}' needs uniform, poisson, burst:N or burst:N/TIME, "
                        "not '{}'",
                        use.typed(), word));
    }
}

// "10k:30s,20k:30s": steps; "0-10k:30s": a ramp.
void set_steps(BenchSettings& s, const FlagUse& use) {
    std::string_view rest = use.word();
    s.spec.steps.clear();
    while (!rest.empty()) {
        const std::string_view piece = rest.substr(0, rest.find(','));
        rest = piece.size() < rest.size() ? rest.substr(piece.size() + 1) : std::string_view{};
        const std::size_t colon = piece.find(':');
        if (colon == std::string_view::npos) {
            throw UsageError(
                fmt::format("option '{}' needs RATE:TIME,..., not '{}'", use.typed(), use.word()));
        }
        const std::string_view rates = piece.substr(0, colon);
        const std::size_t dash = rates.find('-');
        const double from = tools::parse_rate(use.typed(), rates.substr(0, dash));
        const double to = dash == std::string_view::npos
                              ? from
                              : tools::parse_rate(use.typed(), rates.substr(dash + 1));
        const auto length = tools::parse_duration(use.typed(), piece.substr(colon + 1));
        s.spec.steps.push_back({std::chrono::duration<double>(length).count(), from, to});
    }
}

constexpr std::array kRows{
    BenchRow{
        {.long_name = "shape",
         .argument = "SHAPE",
         .category = kTopology,
         .help = "who talks to whom in pubsub",
         .details = "pair: publisher i to subscriber i. fanout: every subscriber gets "
                    "everything (1 publisher, 10 subscribers unless said). fanin: many "
                    "publishers, few subscribers (10 and 1). share: as fanin, through a shared "
                    "subscription. ring: every client publishes to the next one. mesh: every "
                    "client publishes to all.",
         .initial = "pair",
         .choices = "pair fanout fanin share ring mesh",
         .complete = tools::Complete::choices,
         .common = true},
        [](BenchSettings& s, const FlagUse& use) {
            for (const Shape shape : {Shape::pair, Shape::fanout, Shape::fanin, Shape::share,
                                      Shape::ring, Shape::mesh}) {
                if (use.word() == shape_name(shape)) s.spec.shape = shape;
            }
        }},
    BenchRow{{.long_name = "clients",
              .short_name = 'c',
              .aliases = "count",
              .argument = "N",
              .category = kTopology,
              .help = "connections; in pubsub pairs, or the many side of the shape",
              .initial = "1",
              .common = true},
             [](BenchSettings& s, const FlagUse& use) { s.spec.clients = to_count(use); }},
    BenchRow{{.long_name = "pubs",
              .argument = "N",
              .category = kTopology,
              .help = "publishers",
              .common = true},
             [](BenchSettings& s, const FlagUse& use) { s.spec.publishers = to_count(use); }},
    BenchRow{{.long_name = "subs",
              .argument = "N",
              .category = kTopology,
              .help = "subscribers",
              .common = true},
             [](BenchSettings& s, const FlagUse& use) { s.spec.subscribers = to_count(use); }},
    BenchRow{{.long_name = "topics",
              .argument = "N",
              .category = kTopology,
              .help = "different topics; one per publisher unless said"},
             [](BenchSettings& s, const FlagUse& use) { s.spec.topics = to_count(use); }},
    BenchRow{{.long_name = "topic",
              .short_name = 't',
              .argument = "PATTERN",
              .category = kTopology,
              .help = "topic; %i is the publisher's number, %r the run's id",
              .details = "In sub it is the filter, %i the subscriber's number. Also %n (number of "
                         "the message), %c (client id), %u (user name), %{i+1}, %{i/200}, "
                         "%{i%10}, and per message %{seq:0-7}, %{rand:0-999}, "
                         "%{zipf:1000,1.1} (small numbers more often), %{topic} (the recorded "
                         "one, with --replay and --trace).",
              .initial = "bench/%i",
              .common = true},
             [](BenchSettings& s, const FlagUse& use) { s.spec.topic = use.word(); }},
    BenchRow{{.long_name = "filter",
              .argument = "FILTER",
              .category = kTopology,
              .help = "what subscribers subscribe to, instead of what the shape says",
              .repeatable = true},
             [](BenchSettings& s, const FlagUse& use) { s.spec.filters.push_back(use.word()); }},
    BenchRow{{.long_name = "group",
              .argument = "NAME",
              .category = kTopology,
              .help = "name of the shared subscription's group",
              .initial = "bench"},
             [](BenchSettings& s, const FlagUse& use) { s.spec.share_group = use.word(); }},

    BenchRow{{.long_name = "rate",
              .short_name = 'R',
              .argument = "RATE",
              .category = kLoad,
              .help = "messages per second of all publishers together; in conn: connections",
              .details = "An open loop: the schedule is fixed before the run, and latency counts "
                         "from the time when a message was due, whatever the broker does. Such as "
                         "500, 50k, 50k/s, 600/m; 10/s/client counts per publisher.",
              .initial = "1000",
              .common = true},
             [](BenchSettings& s, const FlagUse& use) {
                 std::string_view word = use.word();
                 constexpr std::string_view kEach = "/client";
                 const bool each = word.ends_with(kEach);
                 if (each) word.remove_suffix(kEach.size());
                 const double rate = tools::parse_rate(use.typed(), word);
                 s.spec.client_interval_ms = each && rate > 0 ? 1000 / rate : 0;
                 if (!each || rate == 0) s.spec.rate = rate;
                 s.spec.recorded_times.clear();
                 s.rate_given = true;
             }},
    BenchRow{{.long_name = "interval",
              .short_name = 'I',
              .aliases = "interval-of-msg interval_of_msg",
              .argument = "MS",
              .category = kLoad,
              .help = "instead of a rate: every publisher sends once in so many milliseconds"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.client_interval_ms =
                     tools::parse_number(use.typed(), use.word(), 1e-3, 1e9);
                 s.interval_given = true;
                 s.spec.recorded_times.clear();
             }},
    BenchRow{{.long_name = "max",
              .takes = Takes::nothing,
              .category = kLoad,
              .help = "as fast as it goes: saturation, where latency is queueing",
              .common = true},
             [](BenchSettings& s, const FlagUse&) { s.spec.max = true; }},
    BenchRow{{.long_name = "batch",
              .argument = "N",
              .category = kLoad,
              .help = "with --max: messages per write",
              .initial = "32"},
             [](BenchSettings& s, const FlagUse& use) { s.spec.batch = to_count(use); }},
    BenchRow{{.long_name = "max-outstanding",
              .argument = "N",
              .category = kLoad,
              .help = "with --max: deliveries that may be under way",
              .initial = "10000"},
             [](BenchSettings& s, const FlagUse& use) { s.spec.max_outstanding = to_count(use); }},
    BenchRow{{.long_name = "inflight",
              .short_name = 'F',
              .aliases = "max-inflight",
              .argument = "N",
              .category = kLoad,
              .help = "QoS 1 and 2: unacknowledged messages per publisher",
              .details = "The broker's Receive Maximum limits it further. Waiting for the window "
                         "counts as latency. 0: as many as the broker takes.",
              .initial = "1000"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.inflight = static_cast<std::uint16_t>(
                     tools::parse_integer(use.typed(), use.word(), 0, 65'535));
                 if (s.spec.inflight == 0) s.spec.inflight = 65'535;
             }},
    BenchRow{{.long_name = "arrival",
              .argument = "HOW",
              .category = kLoad,
              .help = "uniform, poisson, burst:N or burst:N/TIME per publisher",
              .initial = "uniform"},
             set_arrival},
    BenchRow{{.long_name = "phase",
              .argument = "HOW",
              .category = kLoad,
              .help = "how publishers share the period",
              .initial = "spread",
              .choices = "spread random aligned",
              .complete = tools::Complete::choices},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.phase = use.word() == "spread"   ? Phase::spread
                                : use.word() == "random" ? Phase::random
                                                         : Phase::aligned;
             }},
    BenchRow{{.long_name = "ramp",
              .argument = "TIME",
              .category = kLoad,
              .help = "rise to the rate over this time"},
             [](BenchSettings& s, const FlagUse& use) { s.spec.ramp = to_duration(use); }},
    BenchRow{{.long_name = "vary-rate",
              .argument = "STEPS",
              .category = kLoad,
              .help = "rates over time: 10k:30s,20k:30s; 0-10k:30s rises"},
             set_steps},

    BenchRow{{.long_name = "duration",
              .short_name = 'd',
              .argument = "TIME",
              .category = kTime,
              .help = "measured time, after the warm-up",
              .initial = "10s",
              .common = true},
             [](BenchSettings& s, const FlagUse& use) {
                 s.spec.duration = to_duration(use);
                 s.duration_given = true;
             }},
    BenchRow{
        {.long_name = "warmup",
         .argument = "TIME",
         .category = kTime,
         .help = "load before the measured time; auto: until it is steady",
         .details = "auto waits until neither rate nor median latency has risen or fallen over "
                    "five seconds, a minute at most; of several load hosts together.",
         .initial = "1s",
         .common = true},
        [](BenchSettings& s, const FlagUse& use) {
            s.spec.warmup_until_steady = use.word() == "auto";
            if (!s.spec.warmup_until_steady) s.spec.warmup = to_duration(use);
        }},
    BenchRow{{.long_name = "cooldown",
              .argument = "TIME",
              .category = kTime,
              .help = "load after the measured time",
              .initial = "0"},
             [](BenchSettings& s, const FlagUse& use) { s.spec.cooldown = to_duration(use); }},
    BenchRow{{.long_name = "drain",
              .argument = "TIME",
              .category = kTime,
              .help = "lost is what has not come when nothing came for so long",
              .initial = "5s"},
             [](BenchSettings& s, const FlagUse& use) { s.spec.drain = to_duration(use); }},
    BenchRow{
        {.long_name = "max-lag",
         .argument = "TIME",
         .category = kTime,
         .help = "a message that leaves so late makes it no open loop any more: it is told whose "
                 "fault that is",
         .details = "The generator's: the measurement is invalid.",
         .initial = "1s"},
        [](BenchSettings& s, const FlagUse& use) { s.spec.max_lag = to_duration(use); }},
    BenchRow{{.long_name = "limit",
              .short_name = 'L',
              .argument = "N",
              .category = kTime,
              .help = "send so many messages instead of for a time"},
             [](BenchSettings& s, const FlagUse& use) {
                 if (use.word().find("://") != std::string::npos) {
                     throw UsageError(
                         "option '-L' counts messages here; a URL stands alone or "
                         "after --url");
                 }
                 s.spec.limit = to_count(use);
             }},
    BenchRow{{.long_name = "hold",
              .argument = "TIME",
              .category = kTime,
              .help = "conn: stay connected for so long"},
             [](BenchSettings& s, const FlagUse& use) { s.spec.hold = to_duration(use); }},
};

}  // namespace

std::span<const BenchRow> load_rows() {
    return kRows;
}

}  // namespace mqtt::bench
