// See options.hpp: the table of what to publish and how.
#include "mqtt-pub/options.hpp"

#include <array>

#include "common/units.hpp"
#include "mqtt-pub/line_format.hpp"
#include "mqtt/topic.hpp"

namespace mqtt_pub {
namespace {

using tools::FlagUse;
using tools::Takes;
using tools::UsageError;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kWhat = "Message";
constexpr std::string_view kHow = "Publishing";
constexpr std::uint8_t kPubOnly = tools::kOurs | tools::kPub;
constexpr std::uint8_t kPubAndRr = tools::kOurs | tools::kPub | tools::kRr;

void set_topic(Options& o, const FlagUse& use) {
    if (!mqtt::validate_topic_name(use.word())) {
        throw UsageError("'" + use.word() + "' is not a valid topic (option '-t')");
    }
    o.topic = use.word();
}

constexpr std::array kRows{
    Row{{.long_name = "topic",
         .short_name = 't',
         .argument = "TOPIC",
         .category = kWhat,
         .help = "topic to publish to",
         .names = kPubAndRr,
         .common = true},
        set_topic},
    Row{{.long_name = "message",
         .short_name = 'm',
         .argument = "TEXT",
         .category = kWhat,
         .help = "publish this text",
         .names = kPubAndRr,
         .common = true},
        [](Options& o, const FlagUse& use) { choose_source(o, Source::text, use.word()); }},
    Row{{.long_name = "file",
         .short_name = 'f',
         .argument = "FILE",
         .category = kWhat,
         .help = "publish this file as one message; - is standard input",
         .details = "Pipes and process substitutions are read to their end.",
         .complete = tools::Complete::file,
         .names = kPubAndRr,
         .common = true},
        [](Options& o, const FlagUse& use) { choose_source(o, Source::file, use.word()); }},
    Row{{.long_name = "stdin-line",
         .short_name = 'l',
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "publish each line of standard input as a message",
         .details =
             "Lines are read at the server's pace and published in order. An empty line is an "
             "empty message; a carriage return stays; the last line needs no newline. With "
             "QoS 1 or 2 nothing is lost when the connection breaks, and with QoS 2 nothing comes "
             "twice. Before MQTT 5.0 a stream with QoS 2 connects twice, the second time with a "
             "session that the server keeps, and removes it in the end.",
         .names = kPubOnly,
         .common = true},
        [](Options& o, const FlagUse&) { choose_source(o, Source::lines); }},
    Row{{.long_name = "stdin-file",
         .short_name = 's',
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "publish all of standard input as one message",
         .names = kPubAndRr,
         .common = true},
        [](Options& o, const FlagUse&) { choose_source(o, Source::stdin_all); }},
    Row{{.long_name = "null-message",
         .short_name = 'n',
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "publish an empty message",
         .details = "With -r it clears the retained message of the topic.",
         .names = kPubAndRr,
         .common = true},
        [](Options& o, const FlagUse&) { choose_source(o, Source::nothing); }},
    Row{{.long_name = "json-lines",
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "publish each line of standard input as mqtt-sub --json printed it",
         .details = "Topic, QoS, retain flag, properties and payload come from the line; what it "
                    "lacks comes from the options.",
         .names = tools::kOurs,
         .common = true},
        [](Options& o, const FlagUse&) { choose_source(o, Source::json_lines); }},
    Row{{.long_name = "null-delimiter",
         .short_name = '0',
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "messages of -l end with a NUL byte instead of a newline",
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.delimiter = '\0'; }},
    Row{{.long_name = "delimiter",
         .argument = "CHARACTER",
         .category = kWhat,
         .help = "messages of -l end with this character, as in ';' or '\\x1e'",
         .initial = "\\n",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            o.delimiter = parse_delimiter(use.typed(), use.word());
        }},
    Row{{.long_name = "line-format",
         .argument = "FORMAT",
         .category = kWhat,
         .help = "what stands in each line of -l, as in '%t %p': topic, blank, payload",
         .details =
             "%t is the topic, %p the payload, %x the payload in hexadecimal, %q the QoS, %r "
             "the retain flag, %% a percent sign; \\t \\n \\r \\0 \\\\ \\xHH and any other "
             "text separate them and must be there. A field reaches to the next separator, "
             "the last one to the end of the line. What mqtt-sub -v prints is '%t %p'. "
             "Implies -l.",
         .names = tools::kOurs,
         .common = true},
        [](Options& o, const FlagUse& use) {
            (void)LineFormat(use.word());  // throws for a bad one
            o.line_format = use.word();
        }},
    Row{{.long_name = "qos",
         .short_name = 'q',
         .argument = "QOS",
         .category = kHow,
         .help = "quality of service: 0, 1 or 2",
         .initial = "0",
         .names = kPubAndRr,
         .common = true},
        [](Options& o, const FlagUse& use) {
            o.qos = static_cast<mqtt::QoS>(tools::parse_integer(use.typed(), use.word(), 0, 2));
            o.qos_given = true;
        }},
    Row{{.long_name = "retain",
         .short_name = 'r',
         .takes = Takes::nothing,
         .category = kHow,
         .help = "have the server keep the message for later subscribers",
         .names = kPubOnly,
         .common = true},
        [](Options& o, const FlagUse&) { o.retain = true; }},
    Row{{.long_name = "message-id",
         .argument = "KIND",
         .category = kHow,
         .help = "give each message a user property message-id: a random UUID (MQTT 5.0)",
         .details = "mqtt-sub --dedupe id takes a message with the same id only once. A message of "
                    "--json-lines or --replay that has an id keeps it.",
         .choices = "uuid",
         .complete = tools::Complete::choices,
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.message_id = true; }},
    Row{{.long_name = "repeat",
         .argument = "N",
         .category = kHow,
         .help = "publish the message N times",
         .initial = "1",
         .names = kPubOnly},
        [](Options& o, const FlagUse& use) {
            o.repeat_given = true;
            o.repeat = static_cast<std::uint64_t>(
                tools::parse_integer(use.typed(), use.word(), 1, 1'000'000'000'000));
        }},
    Row{{.long_name = "repeat-delay",
         .argument = "DURATION",
         .category = kHow,
         .help = "wait between an acknowledgement and the next repeat",
         .initial = "0",
         .names = kPubOnly},
        [](Options& o, const FlagUse& use) {
            o.repeat_delay = tools::parse_duration(use.typed(), use.word());
        }},
    Row{{.long_name = "ack-timeout",
         .argument = "DURATION",
         .category = kHow,
         .help = "give up when the server acknowledges nothing for so long; 0: never",
         .initial = "30s",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            o.ack_timeout = tools::parse_duration(use.typed(), use.word());
        }},
    Row{{.long_name = "timeout",
         .argument = "DURATION",
         .category = kHow,
         .help = "give up when not all is done by then, with exit code 27",
         .names = tools::kOurs,
         .common = true},
        [](Options& o, const FlagUse& use) {
            o.timeout = tools::parse_duration(use.typed(), use.word());
        }},
    Row{{.long_name = "report",
         .argument = "FORM",
         .category = kHow,
         .help = "print at the end what was sent, acknowledged, refused and unsent",
         .details = "The report goes to standard output, with --request to standard error. QoS 0 "
                    "and MQTT 3.x cannot prove a refusal: the report then says not provable.",
         .choices = "json",
         .complete = tools::Complete::choices,
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.report_json = true; }},
};

}  // namespace

void choose_source(Options& options, Source source, std::string text) {
    if (options.source != Source::none) {
        throw UsageError("only one of -m, -f, -n, -s, -l, --json-lines and --replay makes sense");
    }
    options.source = source;
    options.text = std::move(text);
}

std::span<const Row> message_rows() {
    return kRows;
}

}  // namespace mqtt_pub
