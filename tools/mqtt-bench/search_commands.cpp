// See search_commands.hpp.
#include "mqtt-bench/search_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "common/standard_streams.hpp"
#include "mqtt-bench/find.hpp"
#include "mqtt-bench/outputs.hpp"
#include "mqtt-bench/text.hpp"
#include "mqtt-bench/versus.hpp"

namespace mqtt::bench {
namespace {

// Longer windows are told beforehand.
constexpr double kLongWindow = 30;  // seconds

bool is_given(std::span<const tools::FlagUse> uses, std::string_view name) {
    return std::any_of(uses.begin(), uses.end(),
                       [&](const tools::FlagUse& use) { return use.flag->long_name == name; });
}

// find and vs have a text and a JSON form.
void check_outputs(Outputs outputs) {
    outputs.json.clear();
    if (outputs.any()) throw std::invalid_argument("find and vs write text and --json only");
}

template <class Json>
void write_text(const std::string& text, const Outputs& outputs, Json json) {
    if (outputs.json != "-") write_stdout(text);
    if (!outputs.json.empty()) write_file(outputs.json, json());
}

// Without live lines of their own.
Spec quiet(Spec spec) {
    spec.silent = true;
    spec.sys_version = false;
    return spec;
}

FindSpec find_spec(const BenchSettings& settings, std::span<const tools::FlagUse> uses) {
    FindSpec spec;
    spec.load = quiet(settings.spec);
    spec.objectives = settings.objectives;
    spec.low = settings.low;
    spec.high = settings.high;
    spec.tolerance = settings.tolerance;
    spec.window_given = is_given(uses, "duration");
    if (!is_given(uses, "warmup") && spec.load.command != Command::conn) {
        apply_change(spec.load, {.warmup_until_steady = true});
    }
    return spec;
}

Spec spec_of_side(const Spec& common, const std::string& url, pid_t pid) {
    Spec spec = common;
    apply_change(spec, {.url = url});
    spec.broker_pid = pid;
    return spec;
}

}  // namespace

int search_rate(const BenchSettings& settings, std::span<const tools::FlagUse> uses,
                const RunOne& run) {
    check_outputs(settings.spec.outputs);
    for (const std::string& text : settings.objectives)
        check_metrics(text, is_metric);
    const FindSpec spec = find_spec(settings, uses);
    const bool talks = !settings.spec.silent;
    const RunOne probe = [&](const Spec& load) {
        const double window = std::chrono::duration<double>(load.duration).count();
        if (talks && !spec.window_given && window > kLongWindow) {
            tools::print_error(
                "{:>10}/s  measured for {:.0f} s, for as many samples as the percentile of "
                "--slo needs (-d makes it shorter)\n",
                format_rate(load.rate), window);
        }
        return run(load);
    };
    const FindResult result = find_rate(spec, probe, [&](const Probe& one) {
        if (!talks) return;
        tools::print_error("{:>10}/s  {}\n", format_rate(one.rate), probe_words(one));
    });
    if (result.probes.empty() && !result.error.empty()) throw std::runtime_error(result.error);
    write_text(find_text(result), settings.spec.outputs, [&] { return find_json(result); });
    if (!result.error.empty()) return kExitRunFailed;
    return result.passes > 0 ? kExitOk : (result.generator_limited ? kExitInvalid : kExitAssertion);
}

int compare_brokers(const BenchSettings& settings, std::span<const tools::FlagUse> uses,
                    const RunOne& run) {
    check_outputs(settings.spec.outputs);
    if (settings.url_a.empty() || settings.url_b.empty()) {
        throw std::invalid_argument("vs needs --a URL and --b URL");
    }
    Spec common = quiet(settings.spec);
    if (common.seed == 0) common.seed = 1;
    if (!is_given(uses, "duration")) apply_change(common, {.duration = std::chrono::seconds(3)});
    const VersusSpec spec{spec_of_side(common, settings.url_a, settings.pid_a),
                          spec_of_side(common, settings.url_b, settings.pid_b), settings.rounds};
    const auto on_round = [&](int round, const Result& a, const Result& b) {
        if (settings.spec.silent) return;
        tools::print_error("round {}  A {}/s  B {}/s\n", round + 1,
                           format_rate(a.per_second(a.work_in_window())),
                           format_rate(b.per_second(b.work_in_window())));
    };
    const VersusResult result = run_versus(spec, run, on_round);
    // Nothing came up at all: one line that says why, and no figures.
    if (result.rounds == 0 && result.unpaired.empty() && !result.error.empty()) {
        throw std::runtime_error(result.error);
    }
    write_text(versus_text(result, common.seed), settings.spec.outputs,
               [&] { return versus_json(result, common.seed); });
    return result.error.empty() ? kExitOk : kExitRunFailed;
}

}  // namespace mqtt::bench
