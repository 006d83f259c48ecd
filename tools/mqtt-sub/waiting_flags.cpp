// The options of tests and backups: --until, --expect, --snapshot.
#include <array>

#include "common/units.hpp"
#include "mqtt-sub/options.hpp"

namespace mqtt_sub {
namespace {

using tools::FlagUse;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kCategory = "When to end";

void set_snapshot(Options& o, const FlagUse& use) {
    o.snapshot = true;
    if (!use.word().empty()) o.filters.push_back(checked_filter(use));
}

constexpr std::array kRows{
    Row{{.long_name = "until",
         .argument = "EXPR",
         .category = kCategory,
         .help = "end with exit code 0 at the first message for which this holds",
         .details =
             "The message is shown. With -W the exit code is 27 when none came in time, and a "
             "line says what was not seen. The language is that of --where.",
         .names = tools::kOurs,
         .common = true},
        [](Options& o, const FlagUse& use) {
            o.until = tools::required_word(use.typed(), use.word());
        }},
    Row{{.long_name = "expect",
         .argument = "FILE",
         .category = kCategory,
         .help = "end with exit code 0 when the messages of this file have come, in this order",
         .details = "A line each: a JSON object, whose fields the message must have (topic, qos, "
                    "retain, payload, properties as --json prints them), or an expression as for "
                    "--until. Other messages may come in between. Empty lines and those that begin "
                    "with # do not count. With -W the exit code is 27 when one is missing.",
         .complete = tools::Complete::file,
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            o.expect_path = tools::required_word(use.typed(), use.word());
        }},
    Row{{.long_name = "snapshot",
         .argument = "[FILTER]",
         .category = kCategory,
         .help = "print the retained messages as JSON lines, for mqtt-pub --restore, and end",
         .details =
             "Of this filter, or of those of -t. It ends when the server has sent all of them: a "
             "message of its own to a topic "
             "under mqtt-tools/marker has come back behind them, and none has come for the "
             "time of --idle (0.5 s). A server that lets nothing be published there is given "
             "ten seconds.",
         .names = tools::kOurs,
         .common = true},
        set_snapshot},
};

}  // namespace

std::span<const Row> waiting_rows() {
    return kRows;
}

Expectation make_expectation(const Options& options) {
    if (!options.until.empty()) return Expectation::until(options.until);
    if (!options.expect_path.empty()) return Expectation::from_file(options.expect_path);
    return {};
}

void check_waiting(Options& o) {
    if (!o.until.empty() && !o.expect_path.empty()) {
        throw tools::UsageError("options '--until' and '--expect' exclude each other");
    }
    (void)make_expectation(o);  // throws for what does not parse
    if (!o.snapshot) return;
    if (o.skip_retained) throw tools::UsageError("'--snapshot' shows nothing with '-R'");
    if (o.command.kind != CommandOptions::Kind::none || o.message_rate || o.watch) {
        throw tools::UsageError("'--snapshot' prints messages: no commands, --watch or rate");
    }
    o.retained_only = true;
    if (!o.style.format && o.record_path.empty()) o.style.json = true;
    if (!o.qos_given) o.subscription.qos = mqtt::QoS::exactly_once;
}

}  // namespace mqtt_sub
