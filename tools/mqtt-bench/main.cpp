// mqtt-bench: reads the command, hands it on, gives the exit code. What the commands do is in
// commands, what runs is in run, what it means in verdict, how it looks in summary.
#include <fmt/format.h>
#include <signal.h>

#include <string>
#include <vector>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/commands.hpp"

namespace {

using namespace mqtt::bench;

constexpr std::string_view kExamples =
    "mqtt-bench pubsub --embedded                         1,000 messages a second through a broker "
    "of its own\n"
    "mqtt-bench pubsub -h broker.local -R 50k -q 1 -s 100 open loop at a rate: latency and loss\n"
    "mqtt-bench pubsub --shape fanout --subs 1000 -R 250  one publisher, a thousand subscribers\n"
    "mqtt-bench pubsub --max --embedded                   as fast as it goes\n"
    "mqtt-bench conn -c 10000 -R 1000 --hold 30s          connect at a rate and stay\n"
    "More: mqtt-bench --help\n";

void on_signal(int) {
    cancel_run();
    // The second one ends the program as usual.
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
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
                     "sub [OPTION]... [URL]...",    "conn [OPTION]... [URL]...",
                     "find [COMMAND] [OPTION]...",  "vs [COMMAND] --a URL --b URL [OPTION]..."};
    info.description =
        "Publishes on a schedule that is fixed before the run and never waits for the broker; "
        "measures every message from the time when it was due (response) and from the time when it "
        "was sent (service); checks every stream for loss, duplicates and order; and says whether "
        "the broker or the generator was the limit.\n\n"
        "pubsub has publishers and subscribers in one process, pub and sub one side each, conn "
        "only "
        "connections. find searches the highest rate that holds an objective; vs runs the same "
        "load "
        "against two brokers in turn and compares them in pairs. Live lines go to standard error, "
        "the summary to standard output.";
    info.flags = bench_flags();
    info.examples = {
        {"mqtt-bench pubsub --embedded", "1,000 messages a second through a broker of its own"},
        {"mqtt-bench pubsub -h broker.local -R 50k -q 1 --assert 'e2e.p99<5ms' --assert 'loss==0'",
         "a check for continuous integration: exit code 99 when it does not hold"},
        {"mqtt-bench pubsub --shape fanout --subs 1000 -R 250 --broker-pid $(pidof mosquitto)",
         "fan-out, with the broker's CPU time per delivery"},
        {"mqtt-bench find pubsub -q 1 --slo 'e2e.p99<5ms' -d 5s",
         "the highest rate at which 99 % of the messages take less than 5 ms"},
        {"mqtt-bench vs pubsub --max --a mqtt://127.0.0.1:1883 --b mqtt://127.0.0.1:1884",
         "two brokers, interleaved"},
        {"mqtt-bench conn -c 10000 -R 1000 --hold 30s", "connect at a rate and stay connected"}};
    info.sections = {
        {"EXIT CODES OF A RUN",
         "0 the run succeeded; 1 it failed (no connection, the broker went away); 2 the command "
         "line "
         "is wrong; 3 the measurement is invalid, because the generator was the limit; 99 an "
         "assertion does not hold."}};
    info.see_also = {"mqtt-pub 1", "mqtt-sub 1", "mqtt-broker-lite 1"};
    return info;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print("{}", kExamples);
        return kExitBadUsage;
    }
    CommandWords what;
    std::vector<char*> words(argv, argv + argc);
    const std::size_t taken = read_command({words.data() + 1, words.size() - 1}, what);
    if (taken == 0 && words[1][0] != '-') {
        fmt::print(stderr,
                   "mqtt-bench: no command '{}'; there are pubsub, pub, sub, conn, find, vs\n",
                   words[1]);
        return kExitBadUsage;
    }
    words.erase(words.begin() + 1, words.begin() + 1 + static_cast<std::ptrdiff_t>(taken));

    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);

    // run_app says 1 to usage errors; the codes of a run travel beside it.
    int code = -1;
    tools::Tool tool;
    tool.info = tool_info();
    tool.run = [&](const tools::Invocation& invocation) {
        if (taken == 0)
            throw tools::UsageError("name a command: pubsub, pub, sub, conn, find or vs");
        const BenchSettings settings = make_settings(what.load, invocation.uses, join(argc, argv));
        try {
            code = run_command(what, settings);
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
