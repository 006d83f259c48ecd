// Options of run only.
#include <fmt/format.h>

#include <array>

#include "common/units.hpp"
#include "mqtt-bench/bench_flags.hpp"

namespace mqtt::bench {
namespace {

using tools::FlagUse;
using tools::UsageError;

constexpr std::string_view kRun = "run";

constexpr std::array kRows{
    BenchRow{{.long_name = "scale",
              .argument = "FACTOR",
              .category = kRun,
              .help = "so many times the clients, total rates and limits of the scenario",
              .initial = "1"},
             [](BenchSettings& s, const FlagUse& use) {
                 s.scale = tools::parse_number(use.typed(), use.word(), 1e-9, 1e6);
             }},
    BenchRow{{.long_name = "set",
              .argument = "KEY=VALUE",
              .category = kRun,
              .help = "change the scenario: duration=5s, GROUP.clients=10, stage1.at=3s",
              .repeatable = true},
             [](BenchSettings& s, const FlagUse& use) { s.sets.push_back(use.word()); }},
};

}  // namespace

std::span<const BenchRow> scenario_rows() {
    return kRows;
}

}  // namespace mqtt::bench
