// See command_options.hpp.
#include "mqtt-sub/command/command_options.hpp"

#include <array>

#include "common/units.hpp"
#include "mqtt-sub/options.hpp"

namespace mqtt_sub {
namespace {

using tools::FlagUse;
using tools::Takes;
using Kind = CommandOptions::Kind;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kCategory = "Commands";
// What a server may have outstanding with us when commands are slower than messages.
constexpr std::uint32_t kReceiveMaximum = 100;

void choose(Options& o, Kind kind, std::string command) {
    if (o.command.kind != Kind::none) {
        throw tools::UsageError("only one of --exec, --exec-lines, --reply and --echo makes sense");
    }
    o.command.kind = kind;
    o.command.command = std::move(command);
}

// An empty one would acknowledge what nobody has seen.
void choose_command(Options& o, Kind kind, const FlagUse& use) {
    choose(o, kind, tools::required_word(use.typed(), use.word()));
}

constexpr std::array kRows{
    Row{{.long_name = "exec",
         .argument = "COMMAND",
         .category = kCategory,
         .help = "run this shell command for each message instead of printing it",
         .details = "The payload is its standard input, topic and properties are in its "
                    "environment. A message with QoS 1 or 2 is acknowledged after exit code 0. See "
                    "COMMANDS in the man page.",
         .names = tools::kOurs,
         .common = true},
        [](Options& o, const FlagUse& use) { choose_command(o, Kind::exec, use); }},
    Row{{.long_name = "exec-lines",
         .argument = "COMMAND",
         .category = kCategory,
         .help = "give each message to one long-lived command, as a JSON line",
         .details = "It answers each line, in order, with a line: ok acknowledges the message, any "
                    "other says why it failed.",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) { choose_command(o, Kind::exec_lines, use); }},
    Row{{.long_name = "reply",
         .argument = "COMMAND",
         .category = kCategory,
         .help = "answer requests: what this shell command prints goes to the response topic",
         .details = "With the correlation data of the request. The request is given as by --exec; "
                    "after an exit code other than 0 nothing is answered. MQTT 5.0.",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) { choose_command(o, Kind::reply, use); }},
    Row{{.long_name = "echo",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "answer requests with their own payload",
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { choose(o, Kind::echo, {}); }},
    Row{{.long_name = "jobs",
         .argument = "N",
         .category = kCategory,
         .help = "run so many commands at once; --exec-lines: messages given and not answered",
         .initial = "1; --exec-lines: 100",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            o.command.jobs =
                static_cast<std::size_t>(tools::parse_integer(use.typed(), use.word(), 1, 10'000));
        }},
    Row{{.long_name = "on-failure",
         .argument = "WHAT",
         .category = kCategory,
         .help = "when a command fails: retry, stop with exit code 12, or skip the message",
         .details =
             "retry runs it again after 1 s, 2 s and so on up to 60 s, and acknowledges only "
             "then; a message with QoS 0 is not retried. stop leaves the message "
             "unacknowledged: a kept session (-c) gets it again. skip acknowledges it.",
         .initial = "retry",
         .choices = "retry stop skip",
         .complete = tools::Complete::choices,
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            using OnFailure = CommandOptions::OnFailure;
            o.command.on_failure_given = true;
            o.command.on_failure = use.word() == "stop"   ? OnFailure::stop
                                   : use.word() == "skip" ? OnFailure::skip
                                                          : OnFailure::retry;
        }},
};

}  // namespace

std::span<const Row> command_rows() {
    return kRows;
}

void check_commands(Options& o) {
    const Kind kind = o.command.kind;
    if (kind == Kind::none) {
        if (o.command.on_failure_given) {
            throw tools::UsageError("option '--on-failure' needs '--exec' or its kin");
        }
        if (o.command.jobs) throw tools::UsageError("option '--jobs' needs '--exec' or its kin");
        return;
    }
    const bool answers = kind == Kind::reply || kind == Kind::echo;
    if (answers && !mqtt::has_properties(o.connect.version)) {
        throw tools::UsageError(
            "answering needs MQTT 5.0: requests name their response topic there");
    }
    if (o.message_rate || o.watch) {
        throw tools::UsageError("commands take the place of output: no --watch or --message-rate");
    }
    const auto id = mqtt::PropertyId::receive_maximum;
    if (mqtt::has_properties(o.connect.version) && !o.connect.properties.view().number(id)) {
        o.connect.properties.add(id, kReceiveMaximum);
    }
}

const std::string_view kCommandsText =
    "With --exec a shell command runs for each message, in order of arrival and --jobs at a time. "
    "Its "
    "standard input is the payload; its output is the tool's. Its environment has MQTT_TOPIC, "
    "MQTT_QOS, "
    "MQTT_RETAIN, MQTT_DUP, and with MQTT 5.0, when the message has them, MQTT_CONTENT_TYPE, "
    "MQTT_RESPONSE_TOPIC, MQTT_CORRELATION_DATA (hexadecimal), MQTT_MESSAGE_EXPIRY, "
    "MQTT_PAYLOAD_FORMAT "
    "and MQTT_USER_NAME for a user property called name (capitals; other characters than letters "
    "and "
    "digits become _). Variables of the tool's own environment that begin with MQTT_ are not "
    "passed on.\n"
    "\n"
    "A message with QoS 1 or 2 is acknowledged when its command has ended with 0: with -c and -i, "
    "what was not done is delivered again, so that every message is processed at least once, "
    "whatever "
    "is killed. --exec-lines does the same with one process that reads the lines of --json and "
    "answers "
    "each with ok; when it ends it is started again, and gets what it had not answered.\n"
    "\n"
    "At the end commands are waited for, after a signal or -W only those that run; a second signal "
    "does "
    "not wait. Exit code 12 says that a command failed for good. "
    "Messages wait in memory, with QoS 1 and 2 at most as many as Receive Maximum (100 here unless "
    "-D "
    "says otherwise), with QoS 0 at most 10,000: more are dropped, and counted on standard error.";

}  // namespace mqtt_sub
