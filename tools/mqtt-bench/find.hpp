// The highest rate that holds an objective: a geometric ramp up, then bisection, then repeats of
// what passed. Used by main for `mqtt-bench find`; runs whatever `run` runs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/expression.hpp"
#include "mqtt-bench/results.hpp"
#include "mqtt-bench/spec.hpp"

namespace mqtt::bench {

struct FindSpec {
    Spec load;                            // its rate is replaced by each probe's
    std::vector<std::string> objectives;  // all must hold
    double low = 0;   // messages per second; 0: found out by a short saturation run
    double high = 0;  // 0: no limit
    double tolerance = 0.03;
    int repeats = 3;  // of the highest passing rate
    // The load's duration is measured as it is; else window_seconds() of every probe's rate.
    bool window_given = false;
};

// Measured of a probe: five seconds, or until 2,000 samples lie above the highest percentile that the
// objectives name. `samples_per_second`: of the series.
double window_seconds(const std::vector<std::string>& objectives, double samples_per_second);

struct Probe {
    double rate = 0;
    bool passed = false;
    bool is_repeat = false;
    bool is_partial = false;  // the run ended in the middle: shown, no part of the search
    std::string why;          // for a failure
    double p50_ns = 0;        // 0: fewer samples than a percentile needs
    double p99_ns = 0;
    double broker_us = 0;
    double seconds = 0;         // measured
    double backlog_growth = 0;  // messages per second, with the 95 % interval
    double backlog_low = 0;
    double backlog_high = 0;
};

struct FindResult {
    double passes = 0;               // 0: no rate passed
    double fails = 0;                // 0: none failed up to the limit
    bool generator_limited = false;  // ended by our own limit, not the broker's
    std::vector<Probe> probes;       // in order of time
    double seconds = 0;              // that the search took
    std::string error;               // the search was cut off by it; what was found before stands
    bool is_partial() const { return !error.empty(); }
};

// Connections that came to stand, per second: from the first attempt to the last, whose own time is no
// part of the pace.
double standing_per_second(const Result& result);
// Whether a probe held the objective; the reason when not.
Probe judge_probe(const Result& result, double rate, const std::vector<std::string>& objectives);

// Executes one spec: a run in the tool, a script in tests.
using RunOne = std::function<Result(const Spec&)>;
FindResult find_rate(const FindSpec& spec, const RunOne& run,
                     const std::function<void(const Probe&)>& on_probe);

// "pass", "fail: sent 90 of 100", "partial: connection reset".
std::string probe_words(const Probe& probe);
std::string find_text(const FindResult& result);
// Schema "mqtt-bench/find/1": the bracket and every probe.
std::string find_json(const FindResult& result);

}  // namespace mqtt::bench
