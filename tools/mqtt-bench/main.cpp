// mqtt-bench: reads the command, hands it on, gives the exit code. What the commands do is in
// commands, what runs is in run, what it means in verdict, how it looks in summary.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "common/nearest_word.hpp"
#include "common/profile.hpp"
#include "common/standard_streams.hpp"
#include "mqtt-bench/bench_flags.hpp"
#include "mqtt-bench/commands.hpp"
#include "mqtt-bench/emqtt_words.hpp"
#include "mqtt-bench/example_output.hpp"
#include "mqtt-bench/report_commands.hpp"
#include "mqtt-bench/result_fields.hpp"

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

// As it could be typed again: words that a shell would read otherwise in quotes.
std::string join(int argc, char** argv) {
    std::string line = "mqtt-bench";
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const bool plain =
            !word.empty() &&
            word.find_first_not_of(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=%@+") ==
                std::string_view::npos;
        line += ' ';
        if (plain) {
            line += word;
            continue;
        }
        line += '\'';
        for (const char c : word)
            line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        line += '\'';
    }
    return line;
}

// The process's own words where they have stayed: passwords among them are overwritten later.
std::vector<char*> in_place(std::span<char* const> own, std::vector<std::string>& understood) {
    std::vector<char*> out{own.front()};
    own = own.subspan(1);
    for (std::string& word : understood) {
        const auto same = std::find(own.begin(), own.end(), std::string_view(word));
        out.push_back(same == own.end() ? word.data() : *same);
        if (same != own.end()) own = own.subspan(static_cast<std::size_t>(same - own.begin()) + 1);
    }
    return out;
}

tools::ToolInfo tool_info() {
    tools::ToolInfo info;
    info.name = "mqtt-bench";
    info.summary = "load an MQTT broker and measure what comes back, how late, and what is lost";
    info.synopsis = {"pubsub [OPTION]... [URL]...",
                     "pub [OPTION]... [URL]...",
                     "sub [OPTION]... [URL]...",
                     "conn [OPTION]... [URL]...",
                     "rtt [OPTION]... [URL]...",
                     "run FILE|PRESET [OPTION]... [URL]...",
                     "list [PRESET]",
                     "check [OPTION]...",
                     "agent --join URL",
                     "find [COMMAND] [OPTION]...",
                     "vs [COMMAND] --a URL --b URL [OPTION]...",
                     "report FILE... [OPTION]...",
                     "merge FILE... [OPTION]...",
                     "diff OLD NEW [OPTION]..."};
    info.description =
        "Publishes on a schedule that is fixed before the run and never waits for the broker; "
        "measures every message from the time when it was due (response) and from the time when it "
        "was sent (service); checks every stream for loss, duplicates and order; and says whether "
        "the broker or the generator was the limit.\n\n"
        "pubsub has publishers and subscribers in one process, pub and sub one side each, conn "
        "only "
        "connections. find searches the highest rate that holds an objective; vs runs the same "
        "load "
        "against two brokers in turn and compares them in pairs. report renders files of --json "
        "again, in any form and with new assertions; merge makes one result of several that ran "
        "at the same time, as on several hosts; diff compares two. Live lines go to standard "
        "error, "
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
        {"mqtt-bench report run.json --html run.html --assert 'e2e.p99<5ms'",
         "a result with charts in one file, judged again"},
        {"mqtt-bench merge host1.json host2.json --json all.json",
         "one result of generators on two hosts"},
        {"mqtt-bench diff old.json new.json --assert 'e2e.p99<=1.1*old.e2e.p99'",
         "exit code 99 when the tail has grown by more than a tenth"},
        {"mqtt-bench conn -c 10000 -R 1000 --hold 30s", "connect at a rate and stay connected"},
        {"mqtt-bench rtt -c 10 -R 1k", "requests and their responses (5.0)"},
        {"mqtt-bench run mqttbs-p2p-1k --scale 0.1 -d 30s --embedded",
         "a published scenario, a tenth of it"},
        {"mqtt-bench check --clients 100k --rate 50k", "what a load takes, and what is here"},
        {"mqtt-bench agent --join mqtt://load:sesame@control.local:1882",
         "a load host: it waits for plans"},
        {"mqtt-bench pubsub -c 20k -R 200k -h broker.local --agents 3 "
         "--control mqtt://load:sesame@0.0.0.0:1882",
         "one run by three load hosts"}};
    static const std::string schema = schema_text();
    static const std::string emqtt = emqtt_words_text();
    static constexpr tools::ExitRow kExits[] = {
        {kExitOk, "the run succeeded and every assertion holds"},
        {kExitRunFailed,
         "the run failed: no connection, the broker went away or refused; what was "
         "measured until then is written and marked partial"},
        {kExitBadUsage, "the command line or a scenario file is wrong"},
        {kExitInvalid, "the measurement is invalid: the generator was the limit"},
        {kExitImpossible,
         "it cannot be done: more connections than this machine has descriptors or ports for, or "
         "messages larger than the broker takes (its Maximum Packet Size, Maximum QoS, Retain "
         "Available)"},
        {kExitAssertion, "an assertion does not hold; find: no rate holds the objective"}};
    info.exits = kExits;
    info.sections = {
        {"SCENARIOS",
         "run takes a preset (list names them) or a file of TOML whose words are those of the long "
         "options. Above the first table they are for the run and all groups. A [[group]] has a "
         "role (pub, sub, both, idle or answer), a name, clients, and options of its own. A "
         "[[stage]] does something at a time: drop (and come back), disconnect, connect, "
         "unsubscribe or subscribe, to a fraction or count of a group; mode is close, disconnect "
         "or rst (a TCP reset); repeat and every do it again. Of action rate it changes the "
         "group's rate, over a time or at once. [assert] has conditions, [sweep] lists whose "
         "combinations are runs of their own.\n\n"
         "  duration = \"30s\"\n"
         "  qos = 1\n"
         "  [[group]]\n"
         "  name = \"sensors\"\n"
         "  role = \"pub\"\n"
         "  clients = 50_000\n"
         "  topic = \"t/%i\"\n"
         "  rate = \"1/s/client\"\n"
         "  size = \"64:80,1k:20\"\n"
         "  [[group]]\n"
         "  role = \"sub\"\n"
         "  clients = 500\n"
         "  filter = \"$share/b/t/#\"\n"
         "  [[stage]]\n"
         "  at = \"20s\"\n"
         "  action = \"drop\"\n"
         "  group = \"sensors\"\n"
         "  fraction = 0.2\n"
         "  [[stage]]\n"
         "  at = \"25s\"\n"
         "  action = \"rate\"\n"
         "  group = \"sensors\"\n"
         "  rate = \"2/s/client\"\n"
         "  over = \"3s\"\n"
         "  [assert]\n"
         "  e2e.p99 = \"<20ms\"\n\n"
         "The command line counts more than the file; what belongs to one group is changed by "
         "--set, as in --set sensors.clients=1000 --set sweep.qos=0,1."},
        {"SEVERAL LOAD HOSTS",
         "agent waits on a load host for a coordinator: the same command as ever with --agents N "
         "and --control URL, on any host that agents reach. The coordinator has a small broker of "
         "its own at that URL, or uses the one that is there; agents only connect outward. It "
         "leaves its plan there (retained: agents may start later), deals the parts to those that "
         "answer, waits until every connection of every host stands, names the start, shows the "
         "seconds of all of them added up, and writes one result, judged as a whole; a host that "
         "goes away ends the run, its figures kept and marked partial. find and vs are many such "
         "runs.\n\n"
         "Clients are dealt to the hosts in turn, each with -j threads: client i belongs to host i "
         "modulo N (for -j 1), so publisher i and subscriber i of --shape pair share a host and no "
         "clock is crossed. Where messages cross, the hosts' clocks are compared all the time by "
         "exchanges of four time stamps over the control broker; their offset and drift are taken "
         "off, and the summary says how far latencies may be wrong (half the shortest round trip, "
         "at most). Small payloads (8 to 31 bytes) are checked across hosts, but not timed.\n\n"
         "Files that options name (--auth-file, --cafile, -m @FILE) are read on each agent's host; "
         "scenario files are sent along. Agents do not run commands for a coordinator: "
         "--password-command is refused, --spawn and --broker-pid are the coordinator's own. "
         "Whoever can reach the control broker can send plans and read those that are there, with "
         "the user and password of -u and -P: give its URL a user and password."},
        {"COMMAND LINES OF EMQTT-BENCH", emqtt},
        {"EXAMPLE OUTPUT", kExampleOutput},
        {"JSON RESULT", schema},
        {"PROFILES AND SECRETS", tools::kProfilesText}};
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
    std::string report;  // report, merge or diff
    std::vector<std::string> files;
    if (is_report_command(words[1])) {
        report = words[1];
        words.erase(words.begin() + 1);
        files = take_files(words, bench_flags());
    }
    const std::size_t taken =
        !report.empty() ? 0 : read_command({words.data() + 1, words.size() - 1}, what);
    if (report.empty() && taken == 0 && words[1][0] != '-') {
        constexpr std::string_view kCommands =
            "pubsub pub sub conn rtt run list check agent find vs report merge diff";
        const std::string near = tools::suggestion(words[1], tools::split_words(kCommands));
        tools::print_error("mqtt-bench: no command '{}'{} There are {}\n", words[1],
                           near.empty() ? "." : near, kCommands);
        return kExitBadUsage;
    }
    words.erase(words.begin() + 1, words.begin() + 1 + static_cast<std::ptrdiff_t>(taken));

    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);

    EmqttWords understood;
    try {
        understood = from_emqtt_words(std::vector<std::string>(words.begin() + 1, words.end()));
    } catch (const std::invalid_argument& error) {
        tools::print_error("mqtt-bench: {}; see mqtt-bench --help\n", error.what());
        return kExitBadUsage;
    }
    for (const std::string& note : understood.notes)
        tools::print_error("mqtt-bench: {}\n", note);
    words = in_place(words, understood.words);

    // run_app says 1 to usage errors; the codes of a run travel beside it.
    int code = -1;
    tools::Tool tool;
    tool.info = tool_info();
    tool.run = [&](const tools::Invocation& invocation) {
        if (report.empty() && taken == 0)
            throw tools::UsageError(
                "name a command: pubsub, pub, sub, conn, rtt, run, list, check, agent, find, vs, "
                "report, merge or diff");
        try {
            if (!report.empty()) {
                code = run_report_command(report, files, invocation.uses);
            } else {
                code = run_command(what, invocation.uses, join(argc, argv));
            }
        } catch (const tools::UsageError&) {
            throw;
        } catch (const tools::ToolError&) {
            throw;
        } catch (const ImpossibleError& error) {
            tools::say_error(invocation, error.what());
            code = kExitImpossible;
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
