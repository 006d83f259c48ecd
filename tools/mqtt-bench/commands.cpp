// See commands.hpp.
#include "mqtt-bench/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "common/standard_streams.hpp"
#include "common/terminal.hpp"
#include "mqtt-bench/agent.hpp"
#include "mqtt-bench/coordinator.hpp"
#include "mqtt-bench/hdr_log.hpp"
#include "mqtt-bench/host_check.hpp"
#include "mqtt-bench/live_panel.hpp"
#include "mqtt-bench/outputs.hpp"
#include "mqtt-bench/prometheus.hpp"
#include "mqtt-bench/run.hpp"
#include "mqtt-bench/scenario.hpp"
#include "mqtt-bench/scenario_list.hpp"
#include "mqtt-bench/search_commands.hpp"
#include "mqtt-bench/summary.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

std::atomic<bool> cancelled{false};

std::shared_ptr<LivePanel> make_panel(const Spec& spec) {
    const auto time =
        spec.command == Command::conn ? spec.hold : spec.warmup + spec.duration + spec.cooldown;
    const double planned = spec.limit != 0 ? 0 : std::chrono::duration<double>(time).count();
    return std::make_shared<LivePanel>(
        STDERR_FILENO, planned,
        spec.color && tools::wants_color(STDERR_FILENO, tools::ColorWish::automatic),
        spec.frames_per_second);
}

Run::Observer make_observer(const Spec& spec, std::string* hdr) {
    Run::Observer observer;
    observer.is_cancelled = [] { return cancelled.load(); };
    if (!spec.silent && tools::is_terminal(STDERR_FILENO)) {
        const auto panel = make_panel(spec);
        observer.on_second = [panel](const Result& result, const Second& second) {
            if (second.at >= 0 || result.command == "conn") panel->show(result, second);
        };
        observer.on_tick = [panel] { panel->tick(); };
    } else if (!spec.silent) {
        observer.on_second = [](const Result& result, const Second& second) {
            if (second.at < 0 && result.command != "conn") return;
            tools::print_error("{}\n", live_line(result, second));
        };
    }
    if (hdr != nullptr) {
        observer.on_interval = [hdr](SeriesId id, double start, double length,
                                     const Histogram& histogram) {
            *hdr +=
                hdr_log_line(kSeriesTags[static_cast<std::size_t>(id)], start, length, histogram);
        };
    }
    return observer;
}

// Adds --jsonl to what else is done every second.
void add_lines(Run::Observer& observer, const std::string& path) {
    std::shared_ptr<std::FILE> file(stdout, [](std::FILE*) {});
    if (path != "-") file.reset(std::fopen(path.c_str(), "w"), std::fclose);
    if (!file) throw std::invalid_argument(fmt::format("cannot write '{}'", path));
    observer.on_second = [file, then = std::move(observer.on_second)](const Result& result,
                                                                      const Second& second) {
        const std::string line = second_json(second);
        std::fwrite(line.data(), 1, line.size(), file.get());
        std::fflush(file.get());
        if (then) then(result, second);
    };
}

// Adds --prometheus: its text follows every second.
void add_prometheus(Run::Observer& observer, const std::string& address) {
    const auto server = std::make_shared<PrometheusServer>(address);
    tools::print_error("figures at http://{}/metrics\n", server->bound());
    observer.on_second = [server, then = std::move(observer.on_second)](const Result& result,
                                                                        const Second& second) {
        server->set(prometheus_text(result, second));
        if (then) then(result, second);
    };
}

// Better before a long run than after it. Opening for appending leaves what is there.
void check_files(const Spec& spec) {
    const Outputs& o = spec.outputs;
    for (const std::string* path :
         {&o.json, &o.csv, &o.html, &o.junit, &o.markdown, &spec.hdr_file}) {
        if (path->empty() || *path == "-") continue;
        if (!std::ofstream(*path, std::ios::app)) {
            throw std::invalid_argument(fmt::format("cannot write '{}'", *path));
        }
    }
}

// One host's run, or that of several (team_runner).
using Runner = std::function<Result(const Spec& spec, const Run::Observer& observer)>;

Result run_here(const Spec& spec, const Run::Observer& observer) {
    return Run(spec, observer).execute();
}

int run_once(const Spec& spec, const Runner& runner) {
    std::string hdr;
    check_files(spec);
    Run::Observer observer = make_observer(spec, spec.hdr_file.empty() ? nullptr : &hdr);
    if (!spec.lines_file.empty()) add_lines(observer, spec.lines_file);
    if (!spec.prometheus.empty()) add_prometheus(observer, spec.prometheus);
    const Result result = runner(spec, observer);
    // Nothing came up at all: one line that says why, and no figures.
    if (result.counters.connected == 0 && !result.error.empty()) {
        throw std::runtime_error(result.error);
    }
    write_outputs(result, spec.outputs);
    if (!spec.hdr_file.empty()) write_file(spec.hdr_file, hdr_log_head(result.started_epoch) + hdr);
    return result.exit_code;
}

// Files of the runs of a sweep are numbered: run.json becomes run.1.json.
void number_files(Spec& spec, std::size_t number) {
    for (std::string* file :
         {&spec.outputs.json, &spec.outputs.html, &spec.outputs.csv, &spec.outputs.junit,
          &spec.outputs.markdown, &spec.hdr_file, &spec.lines_file}) {
        if (file->empty() || *file == "-") continue;
        const std::size_t slash = file->rfind('/');
        const std::size_t dot = file->rfind('.');
        const bool has_ending =
            dot != std::string::npos && (slash == std::string::npos || dot > slash);
        file->insert(has_ending ? dot : file->size(), fmt::format(".{}", number));
    }
}

int run_all(std::span<const ScenarioRun> runs, const std::vector<Runner>& runners) {
    if (runs.size() == 1) return run_once(runs.front().settings.spec, runners.front());
    int worst = kExitOk;
    for (std::size_t i = 0; i < runs.size() && !cancelled; ++i) {
        Spec spec = runs[i].settings.spec;
        number_files(spec, i + 1);
        write_stdout(fmt::format("run {} of {}: {}\n", i + 1, runs.size(), runs[i].title));
        const int code = run_once(spec, runners[i]);
        if (worst == kExitOk) worst = code;
        write_stdout("\n");
    }
    return worst;
}

// What agents make of `uses` again: words of the command line and of profiles, not our own options.
TeamPlan order_of(const CommandWords& what, std::span<const tools::FlagUse> uses) {
    TeamPlan order;
    order.command = command_name(what.load);
    if (what.load == Command::run) {
        order.scenario = what.scenario;
        order.scenario_text = scenario_text(what.scenario);
    }
    for (const tools::FlagUse& use : uses) {
        const std::string name(use.flag->long_name);
        if (is_for_agents(name)) order.options.push_back({name, use.words});
    }
    return order;
}

// One runner per run of a sweep, all with the same agents.
std::vector<Runner> team_runners(const CommandWords& what, const BenchSettings& settings,
                                 std::span<const tools::FlagUse> uses, std::size_t runs) {
    if (!settings.agents_given) return std::vector<Runner>(runs, run_here);
    if (settings.control.empty()) {
        throw std::invalid_argument(
            "--agents needs --control URL: where agents find this process "
            "(mqtt-bench agent --join URL)");
    }
    if (settings.spec.embedded) {
        throw std::invalid_argument("--embedded is within one process: agents need a broker's URL");
    }
    const auto coordinator = std::make_shared<Coordinator>(
        parse_control(settings.control), settings.spec.agents,
        [](const std::string& line) { tools::print_error("{}\n", line); });
    std::vector<Runner> out;
    for (std::size_t i = 0; i < runs; ++i) {
        TeamPlan order = order_of(what, uses);
        order.variant = static_cast<std::uint32_t>(i);
        out.push_back([coordinator, order](const Spec& spec, const Run::Observer& observer) {
            return coordinator->run(spec, order, observer);
        });
    }
    return out;
}

}  // namespace

std::size_t read_command(std::span<char* const> words, CommandWords& out) {
    std::size_t taken = 0;
    const auto word = [&] {
        return taken < words.size() ? std::string_view(words[taken]) : std::string_view{};
    };
    if (word() == "find" || word() == "vs") {
        out.mode = word() == "find" ? Mode::find : Mode::versus;
        ++taken;
    }
    if (taken == 0 && (word() == "list" || word() == "check" || word() == "agent")) {
        out.mode = word() == "list" ? Mode::list : word() == "check" ? Mode::check : Mode::agent;
        ++taken;
        if (out.mode == Mode::list && !word().empty() && !word().starts_with('-')) {
            out.scenario = word();
            ++taken;
        }
        return taken;
    }
    for (const Command c :
         {Command::conn, Command::pub, Command::sub, Command::pubsub, Command::rtt, Command::run}) {
        if (word() != command_name(c)) continue;
        out.load = c;
        ++taken;
        if (c == Command::run && !word().empty() && !word().starts_with('-')) {
            out.scenario = word();
            ++taken;
        }
        return taken;
    }
    return taken;
}

int run_command(const CommandWords& what, std::span<const tools::FlagUse> uses,
                const std::string& command_line) {
    if (what.mode == Mode::list) return list_scenarios(what.scenario);
    if (what.mode == Mode::check) return check_hosts(make_settings(what.load, uses, command_line));
    if (what.mode == Mode::agent) return run_agent(make_settings(what.load, uses, command_line));
    std::vector<ScenarioRun> runs;
    if (what.load == Command::run) {
        if (what.scenario.empty()) {
            throw std::invalid_argument("run needs a scenario file or a preset (mqtt-bench list)");
        }
        runs = make_runs(load_scenario(what.scenario), uses, command_line);
    } else {
        runs.push_back({{}, make_settings(what.load, uses, command_line)});
    }
    const BenchSettings& first = runs.front().settings;
    if (what.mode != Mode::once && runs.size() > 1) {
        throw std::invalid_argument(
            "find and vs take one run: choose by --set sweep.KEY=VALUE of each key");
    }
    const std::vector<Runner> runners = team_runners(what, first, uses, runs.size());
    if (what.mode == Mode::once) return run_all(runs, runners);
    const RunOne run = [&runners](const Spec& spec) {
        return runners.front()(spec, make_observer(spec, nullptr));
    };
    return what.mode == Mode::find ? search_rate(first, uses, run)
                                   : compare_brokers(first, uses, run);
}

void cancel_run() {
    cancelled = true;
}

bool is_run_cancelled() {
    return cancelled;
}

}  // namespace mqtt::bench
