// mqtt-bench: the subcommand, then the run, then its output. What runs is in run, what it means in
// verdict, how it looks in summary.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/hdr_log.hpp"
#include "mqtt-bench/run.hpp"
#include "mqtt-bench/summary.hpp"

namespace {

using namespace mqtt::bench;

std::atomic<bool> cancelled{false};

void on_signal(int) {
    // The second one ends the program as usual.
    cancelled = true;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

constexpr std::string_view kExamples =
    "mqtt-bench pubsub --embedded                         1,000 messages a second through our own broker\n"
    "mqtt-bench pubsub -h broker.local -R 50k -q 1 -s 100 open loop at a rate, latency and loss\n"
    "mqtt-bench pubsub --shape fanout --subs 1000 -R 250  one publisher, a thousand subscribers\n"
    "mqtt-bench pubsub --max --embedded                   as fast as it goes\n"
    "mqtt-bench conn -c 10000 -R 1000 --hold 30s          connect at a rate and stay\n"
    "More: mqtt-bench --help\n";

void write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) throw tools::ToolError(kExitRunFailed, fmt::format("cannot write '{}'", path));
}

Run::Observer make_observer(const Spec& spec, std::string& hdr) {
    Run::Observer observer;
    observer.is_cancelled = [] { return cancelled.load(); };
    if (!spec.silent) {
        observer.on_second = [](const Result& result, const Second& second) {
            if (second.at < 0 && result.command != "conn") return;
            fmt::print(stderr, "{}\n", live_line(result, second));
        };
    }
    if (!spec.hdr_file.empty()) {
        observer.on_interval = [&hdr](SeriesId id, double start, double length,
                                      const Histogram& histogram) {
            hdr += hdr_log_line(kSeriesNames[static_cast<std::size_t>(id)], start, length, histogram);
        };
    }
    return observer;
}

int run_spec(const Spec& spec) {
    std::string hdr;
    Run run(spec, make_observer(spec, hdr));
    const Result result = run.execute();
    // Nothing came up at all: one line that says why, and no figures.
    if (result.counters.connected == 0 && !result.error.empty()) {
        throw tools::ToolError(kExitRunFailed, result.error);
    }
    const std::string json = spec.json_file.empty() ? std::string() : result_json(result);
    const std::string out = spec.json_file == "-" ? json : summary_text(result);
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
    if (!spec.json_file.empty() && spec.json_file != "-") write_file(spec.json_file, json);
    if (!spec.csv_file.empty()) write_file(spec.csv_file, seconds_csv(result));
    if (!spec.hdr_file.empty()) write_file(spec.hdr_file, hdr_log_head(result.started_epoch) + hdr);
    return result.exit_code;
}

std::string join(int argc, char** argv) {
    std::string line;
    for (int i = 0; i < argc; ++i) {
        if (i > 0) line += ' ';
        line += argv[i];
    }
    return line;
}

tools::ToolInfo tool_info() {
    tools::ToolInfo info;
    info.name = "mqtt-bench";
    info.summary = "load an MQTT broker and measure what comes back, how late, and what is lost";
    info.synopsis = {"pubsub [OPTION]... [URL]...", "pub [OPTION]... [URL]...",
                     "sub [OPTION]... [URL]...", "conn [OPTION]... [URL]..."};
    info.description =
        "Publishes on a schedule that is fixed before the run and never waits for the broker; "
        "measures every message from the time when it was due (response) and from the time when it "
        "was sent (service); checks every stream for loss, duplicates and order; and says whether "
        "the broker or the generator was the limit.\n\n"
        "pubsub has publishers and subscribers in one process, pub and sub one side each, conn only "
        "connections. Live lines go to standard error, the summary to standard output.";
    info.flags = bench_flags();
    info.examples = {
        {"mqtt-bench pubsub --embedded", "1,000 messages a second through a broker of its own"},
        {"mqtt-bench pubsub -h broker.local -R 50k -q 1 --assert 'e2e.p99<5ms' --assert 'loss==0'",
         "a check for continuous integration: exit code 99 when it does not hold"},
        {"mqtt-bench pubsub --shape fanout --subs 1000 -R 250 --broker-pid $(pidof mosquitto)",
         "fan-out, with the broker's CPU time per delivery"},
        {"mqtt-bench conn -c 10000 -R 1000 --hold 30s", "connect at a rate and stay connected"}};
    info.sections = {
        {"EXIT CODES OF A RUN",
         "0 the run succeeded; 1 it failed (no connection, the broker went away); 2 the command line "
         "is wrong; 3 the measurement is invalid, because the generator was the limit; 99 an "
         "assertion does not hold."}};
    info.see_also = {"mqtt-pub 1", "mqtt-sub 1", "mqtt-broker-lite 1"};
    return info;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string command_line = join(argc, argv);
    if (argc < 2) {
        fmt::print("{}", kExamples);
        return kExitBadUsage;
    }
    Command command = Command::pubsub;
    bool found = false;
    const std::string word = argv[1];
    for (const Command c : {Command::conn, Command::pub, Command::sub, Command::pubsub}) {
        if (word == command_name(c)) {
            command = c;
            found = true;
        }
    }
    if (!found && !word.starts_with("-")) {
        fmt::print(stderr, "mqtt-bench: no command '{}'; there are pubsub, pub, sub, conn\n", word);
        return kExitBadUsage;
    }
    std::vector<char*> words(argv, argv + argc);
    if (found) words.erase(words.begin() + 1);

    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);

    // run_app says 1 to usage errors; the codes of a run travel beside it.
    int code = -1;
    tools::Tool tool;
    tool.info = tool_info();
    tool.run = [&](const tools::Invocation& invocation) {
        if (!found) throw tools::UsageError("name a command: pubsub, pub, sub or conn");
        const Spec spec = make_spec(command, invocation.uses, command_line);
        try {
            code = run_spec(spec);
        } catch (const std::invalid_argument& error) {
            throw tools::UsageError(error.what());
        } catch (const std::runtime_error& error) {
            tools::say_error(invocation, error.what());
            code = kExitRunFailed;
        }
        return code;
    };
    const int exit_code = tools::run_app(static_cast<int>(words.size()), words.data(), tool);
    if (code >= 0) return code;
    return exit_code == tools::kExitUsage ? kExitBadUsage : exit_code;
}
