// What a run found, as plain data: text, JSON, CSV and assertions are functions of it. Filled by the
// controller; knows no file and no terminal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/expression.hpp"
#include "mqtt-bench/series.hpp"
#include "mqtt-bench/stream_check.hpp"

namespace mqtt::bench {

using tools::Expression;
using tools::MetricLookup;
using tools::MetricValue;

// Samples of one second in one row of the heat map; rows are those of heat.hpp.
struct HeatCell {
    std::uint32_t row = 0;
    std::uint64_t count = 0;
    friend bool operator==(const HeatCell&, const HeatCell&) = default;
};

// One second of the run, for curves.
struct Second {
    double at = 0;       // seconds after the start of the schedule (negative: connecting), its end
    double elapsed = 0;  // seconds after the start of the run, its end
    std::uint64_t offered = 0, sent = 0, acked = 0, received = 0;
    std::uint64_t outstanding = 0;  // due or in flight and not delivered or acknowledged
    double e2e_p50_ns = 0, e2e_p99_ns = 0, e2e_max_ns = 0;
    double ack_p99_ns = 0, lag_p99_ns = 0;
    double broker_cpu_share = 0;  // of one core
    std::uint64_t broker_rss_bytes = 0;
    double generator_cpu_share = 0;
    std::uint64_t connected = 0;
    std::vector<HeatCell> heat;  // of e2e, or of ack where nobody subscribes

    // What is shown of its percentiles; 0: fewer than ten of its samples are above.
    double shown_p50_ns() const { return samples() >= 20 ? e2e_p50_ns : 0; }
    double shown_p99_ns() const { return samples() >= 1000 ? e2e_p99_ns : 0; }
    double shown_ack_p99_ns() const { return acked >= 1000 ? ack_p99_ns : 0; }
    double shown_lag_p99_ns() const { return sent >= 1000 ? lag_p99_ns : 0; }
    std::uint64_t samples() const {
        std::uint64_t sum = 0;
        for (const HeatCell& cell : heat)
            sum += cell.count;
        return sum;
    }
};

// The broker beside the run: absent when nobody said which process it is.
struct BrokerCost {
    std::string source;               // "pid 1234", "cgroup ...", "embedded"
    std::uint64_t cpu_ns = 0;         // within the measured time
    std::uint64_t rss_before = 0;     // before the first connection
    std::uint64_t rss_connected = 0;  // all connected, no load yet
    std::uint64_t rss_after = 0;      // at the end of the measured time
    std::uint64_t switches = 0;       // voluntary and not, within the measured time
};

// What the broker says of itself under $SYS, from before the first connection to after the last
// delivery; absent when it publishes nothing there.
struct SysCounts {
    std::string version;         // $SYS/broker/version
    bool counted = false;        // the totals below were seen before and after
    std::uint64_t received = 0;  // PUBLISH packets
    std::uint64_t sent = 0;
    std::uint64_t dropped = 0;
    std::uint64_t own = 0;  // $SYS messages that the run itself received meanwhile
    std::string agreement;  // "agrees", or what differs
};

struct GeneratorCost {
    std::uint32_t threads = 1;
    bool polls = false;        // --precise: always busy, which says nothing
    std::uint64_t cpu_ns = 0;  // of the workers, within the measured time
    double busiest_share = 0;  // of one core, the busiest worker
    double waiting_share = 0;  // ready to run but without a core, the worst worker
    std::uint64_t rss_before = 0;
    std::uint64_t rss_connected = 0;
    std::uint64_t rss_bytes = 0;
};

// What came of a stage of the run.
struct StageResult {
    double at = 0;               // seconds after the start of the load
    std::string text;            // "drop sensors"
    std::uint32_t clients = 0;   // that it was about
    std::uint32_t back = 0;      // of them, ready again
    double back_seconds = 0;     // until the last of these was
    std::uint64_t backlog = 0;   // messages from before it that came after it, retained ones, wills
    double backlog_seconds = 0;  // until the last of these
};

enum class Limit : std::uint8_t { none, broker, generator, network };
struct RunVerdict {
    bool valid = true;
    Limit limit = Limit::none;
    std::string text;  // "measurement valid", or the reason why not
};

struct AssertionResult {
    std::string text;
    Expression::Outcome outcome = Expression::Outcome::unknown;
    std::string value;  // of the left side: "2.94 ms"
    std::string why;    // for unknown
    const std::string& shown() const { return why.empty() ? value : why; }
};
AssertionResult evaluate_assertion(const std::string& text, const MetricLookup& lookup);

struct Result {
    // what was asked
    std::string command, shape, description, command_line;
    std::vector<std::string> targets;
    std::string version;  // "5", "3.1.1", "3.1"
    int qos = 0;
    bool saturation = false;
    bool lossless = true;  // streams were checked
    std::uint64_t seed = 0;
    std::uint32_t run_id = 0;
    double started_epoch = 0;
    std::uint32_t clients = 0, publishers = 0, subscribers = 0;
    std::uint64_t fan_out = 1;
    std::uint32_t payload_bytes = 0;
    double offered_rate = 0;

    // what came
    double connect_seconds = 0;
    double warmup_seconds = 0;
    double measured_seconds = 0;
    Counters counters;
    CheckCounts checks;
    std::uint64_t lost = 0;
    std::uint64_t expected = 0;  // deliveries of what was sent (QoS 0) or acknowledged, whole run
    std::uint64_t excused = 0;   // of what was sent: subscriber away, or connection lost before ack
    std::vector<StageResult> stages;
    std::string proof;  // what QoS 1 and 2 promised: kept or broken; empty: not provable
    double drain_seconds = 0;
    double fairness = 1;  // Jain's index over subscribers
    std::uint64_t deliveries_min = 0, deliveries_median = 0, deliveries_max = 0;  // of a subscriber
    double max_lag_seconds = 1;                                                   // --max-lag
    bool warmup_steady = true;  // --warmup auto ended because the load was steady
    bool impossible = false;    // `error`: the broker's limits rule it out, nothing was tried
    std::uint32_t hosts = 1;    // load hosts that did it together
    double clock_error_ns = 0;  // of latencies between them, at most
    SeriesSet series;
    std::vector<Second> seconds;
    std::optional<BrokerCost> broker;
    std::optional<SysCounts> sys;
    GeneratorCost generator;

    // what it means
    RunVerdict verdict;
    std::vector<AssertionResult> assertions;
    std::string error;       // the first failure as a sentence; empty: none
    bool partial = false;    // ended before its time
    std::string stopped_by;  // --abort-on-fail: the assertion that ended the run
    int exit_code = 0;
    std::vector<std::pair<std::string, std::string>> environment;

    double per_second(std::uint64_t count) const {
        return measured_seconds > 0 ? static_cast<double>(count) / measured_seconds : 0;
    }
    std::uint64_t unsent() const {
        return counters.measured_offered -
               std::min(counters.measured_offered, counters.measured_sent);
    }
    // Deliveries, or publishes when nobody subscribes here.
    std::uint64_t work_in_window() const;
    // The series that the curves and the heat map show: e2e, or ack where nobody subscribes.
    SeriesId main_series() const {
        return series[SeriesId::e2e].empty() && !series[SeriesId::ack].empty() ? SeriesId::ack
                                                                               : SeriesId::e2e;
    }
    // Deliveries within the measured time that are owed.
    std::uint64_t measured_expected() const;
    std::optional<double> broker_us_per_message() const;
    std::optional<double> generator_us_per_message() const;
    std::optional<double> broker_bytes_per_connection() const;
    // By the bytes in sockets' queues and the bytes per second through them (Little's law): how long
    // input lay unread, and output untaken. Nothing: too few samples.
    std::optional<double> unread_ns() const;
    std::optional<double> unsent_ns() const;
    // Of the time in which TCP had output, that without room at the broker; segments sent again.
    std::optional<double> no_room_share() const;
    std::optional<double> retransmit_share() const;
};

// The names that assertions may use: e2e.p99 (and p50 p90 p99.9 p99.99 max mean of every series),
// loss dup reorder offered sent acked recv recv.rate sent.rate broker.cpu_us_per_msg broker.rss ...
std::optional<MetricValue> metric(const Result& result, std::string_view name);
bool is_metric(std::string_view name);
// "e2e.p99" to 0.99; nothing: it is no percentile of a series.
std::optional<double> percentile_of(std::string_view name);
// While the run goes on: only figures that say something before its end. Totals and loss do not.
std::optional<MetricValue> metric_so_far(const Result& result, std::string_view name);
// Throws std::invalid_argument when the expression names a metric that `is_known` does not know.
void check_metrics(const std::string& text, bool (*is_known)(std::string_view));

// A request that cannot be met: more than this machine or the broker takes. Exit code 4.
class ImpossibleError : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

// Judges the run as a whole: exit code from error, verdict and assertions.
void judge(Result& result);

// Figures are counted as integers, and written and compared as doubles.
inline double to_double(std::uint64_t value) {
    return static_cast<double>(value);
}

inline double seconds_between(std::int64_t from_ns, std::int64_t to_ns) {
    return static_cast<double>(to_ns - from_ns) / 1e9;
}

// Exit codes of mqtt-bench.
inline constexpr int kExitOk = 0;
inline constexpr int kExitRunFailed = 1;
inline constexpr int kExitBadUsage = 2;
inline constexpr int kExitInvalid = 3;
inline constexpr int kExitImpossible = 4;
inline constexpr int kExitAssertion = 99;

}  // namespace mqtt::bench
