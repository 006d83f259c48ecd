// Scenarios: TOML files and presets with the words of the flags. Read, changed by --set and --scale,
// and turned into the settings of one run, or of several when they have a [sweep].
//
//   duration = "30s"                      any option, by its long name; for the run and all groups
//   [[group]]                             name, role (pub sub both idle answer), and options
//   [[stage]]                             at, action, group, fraction or count, mode, repeat, every
//   [assert]  e2e.p99 = "<20ms"
//   [sweep]   inflight = [1, 10, 100]     every combination is a run of its own
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/toml.hpp"

namespace mqtt::bench {

// The text of a file, or of a preset by its name. Throws std::invalid_argument when there is neither.
std::string scenario_text(const std::string& name);
TomlFile load_scenario(const std::string& name);

// One element per run; `title` names what a sweep varies, "inflight=10 qos=1".
struct ScenarioRun {
    std::string title;
    BenchSettings settings;
};
// `uses`: what the command line says, which counts more than the file; with --scale and --set.
// Throws TomlError, UsageError.
std::vector<ScenarioRun> make_runs(TomlFile file, std::span<const tools::FlagUse> uses,
                                   const std::string& command_line);

}  // namespace mqtt::bench
