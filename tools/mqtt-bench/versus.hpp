// Two brokers in one run, A B B A ..., the same load on both: paired ratios with their intervals.
// "No difference shown" is an answer. Used by main for `mqtt-bench vs`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mqtt-bench/results.hpp"
#include "mqtt-bench/spec.hpp"

namespace mqtt::bench {

struct VersusSpec {
    Spec a;  // as b but for target and the broker beside it
    Spec b;
    int rounds = 8;  // pairs
};

struct VersusResult {
    struct Row {
        std::string name;  // "delivered", "e2e p99"
        bool more_is_better = false;
        std::vector<double> a;
        std::vector<double> b;
    };
    // A run of the round that was cut off: its figures are shown and compared with nothing.
    struct Unpaired {
        char side = 'A';
        bool partial = false;                             // it is the one that ended in the middle
        std::vector<std::optional<MetricValue>> figures;  // as rows
    };
    std::vector<Row> rows;
    std::vector<Unpaired> unpaired;
    int rounds = 0;
    std::string error;  // which side's run was cut off, and by what; empty: none
    bool is_partial() const { return !error.empty(); }
    std::uint64_t lost_a = 0;
    std::uint64_t lost_b = 0;
};

// `run` executes one spec (Run in the tool, a script in tests); `on_round` hears about progress.
using RunOne = std::function<Result(const Spec&)>;
VersusResult run_versus(
    const VersusSpec& spec, const RunOne& run,
    const std::function<void(int round, const Result& a, const Result& b)>& on_round);

// "B/A delivered   x1.34 [1.31, 1.37]   B is better"
std::string versus_text(const VersusResult& result, std::uint64_t seed);
// Schema "mqtt-bench/vs/1": ratios with intervals, and the figures of every round.
std::string versus_json(const VersusResult& result, std::uint64_t seed);

inline constexpr int kEnoughRounds = 6;

}  // namespace mqtt::bench
