// The options of requests (mosquitto_rr), and what belongs together in all of mqtt-pub's options.
#include <array>

#include "common/connect_flags.hpp"
#include "common/incomplete_command.hpp"
#include "common/mosquitto_checks.hpp"
#include "common/mosquitto_properties.hpp"
#include "common/property_copy.hpp"
#include "common/units.hpp"
#include "mqtt-pub/line_format.hpp"
#include "mqtt-pub/message_source.hpp"
#include "mqtt-pub/options.hpp"
#include "mqtt/topic.hpp"

namespace mqtt_pub {
namespace {

using tools::FlagUse;
using tools::Takes;
using tools::UsageError;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kCategory = "Request and response";
constexpr std::chrono::seconds kWait(30);  // for a response, under our own name
constexpr std::uint8_t kRrOnly = tools::kOurs | tools::kRr;

void set_response_topic(Options& o, const FlagUse& use) {
    if (!mqtt::validate_topic_name(use.word())) {
        throw UsageError("'" + use.word() + "' is not a valid response topic (option '-e')");
    }
    o.request.response_topic = use.word();
    o.request.wanted = true;
}

void set_responses(Options& o, const FlagUse& use) {
    o.request.responses = use.word() == "all" ? 0
                                              : static_cast<std::uint64_t>(tools::parse_integer(
                                                    use.typed(), use.word(), 1, 1'000'000'000));
}

void set_retain_handling(Options& o, const FlagUse& use) {
    o.request.subscription.retain_handling = use.word() == "always" ? mqtt::RetainHandling::always
                                             : use.word() == "new"  ? mqtt::RetainHandling::if_new
                                                                    : mqtt::RetainHandling::never;
}

constexpr std::array kRows{
    Row{{.long_name = "request",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "publish a request and print the response",
         .details =
             "Without -e a response topic is chosen. Correlation data is added in any case (MQTT "
             "5.0), and a response with other correlation data is somebody else's. When the server "
             "says that nobody has subscribed to the topic of the request, the run ends at once, "
             "with exit code 27.",
         .names = tools::kOurs,
         .common = true},
        [](Options& o, const FlagUse&) { o.request.wanted = true; }},
    Row{{.long_name = "response-topic",
         .short_name = 'e',
         .argument = "TOPIC",
         .category = kCategory,
         .help = "topic on which the response comes (implies --request)",
         .names = kRrOnly},
        set_response_topic},
    Row{{.long_name = "wait",
         .short_name = 'W',
         .argument = "DURATION",
         .category = kCategory,
         .help = "give up waiting for the response after this time, with exit code 27",
         .details = "Without it: 30 seconds, or as long as the request is sent again. Started as "
                    "mosquitto_rr: for ever.",
         .names = kRrOnly},
        [](Options& o, const FlagUse& use) {
            o.timeout = tools::parse_duration(use.typed(), use.word());
            const bool theirs = o.settings.persona != tools::Persona::ours;
            if (o.timeout->count() == 0 || (theirs && *o.timeout < std::chrono::seconds(1))) {
                throw UsageError("option '-W' needs 1 or more, not '" + use.word() + "'");
            }
        }},
    Row{{.long_name = "responses",
         .argument = "N",
         .category = kCategory,
         .help = "wait for so many responses; all: print what comes until -W",
         .details = "The exit code is 0 when N have come, or with all at least one.",
         .initial = "1",
         .names = tools::kOurs},
        set_responses},
    Row{{.long_name = "resend",
         .argument = "N",
         .category = kCategory,
         .help = "send the request up to N times again while nobody answers",
         .details = "With the same correlation data, by which a responder knows it again. A lost "
                    "connection is made again, too.",
         .initial = "0",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            o.request.resend =
                static_cast<std::uint64_t>(tools::parse_integer(use.typed(), use.word(), 0, 1'000));
        }},
    Row{{.long_name = "resend-after",
         .argument = "DURATION",
         .category = kCategory,
         .help = "how long to wait for a response before the request is sent again",
         .initial = "2s",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            o.request.resend_after = tools::parse_duration(use.typed(), use.word());
            if (o.request.resend_after.count() == 0) {
                throw UsageError("option '--resend-after' needs more than 0");
            }
        }},
    Row{{.long_name = "format",
         .short_name = 'F',
         .argument = "FORMAT",
         .category = kCategory,
         .help = "print the response by this format; see mqtt-sub",
         .names = kRrOnly},
        [](Options& o, const FlagUse& use) {
            o.request.style.format = tools::checked_format(use.word(), o.settings.persona);
        }},
    Row{{.long_name = "json",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "print the response as a JSON object",
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.request.style.json = true; }},
    Row{{.long_name = "pretty",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "indent the JSON of %j and %J",
         .names = kRrOnly},
        [](Options& o, const FlagUse&) { o.request.style.pretty = true; }},
    Row{{.long_name = "verbose",
         .short_name = 'v',
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "show the topic before the response",
         .names = kRrOnly},
        [](Options& o, const FlagUse&) { o.request.style.verbose = true; }},
    Row{{.long_name = "no-newline",
         .short_name = 'N',
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "no newline after the response",
         .names = kRrOnly},
        [](Options& o, const FlagUse&) { o.request.style.newline = false; }},
    Row{{.long_name = "skip-retained",
         .short_name = 'R',
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "a retained message is no response",
         .names = kRrOnly},
        [](Options& o, const FlagUse&) { o.request.skip_retained = true; }},
    Row{{.long_name = "latency",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "print how long the response took",
         .names = kRrOnly},
        [](Options& o, const FlagUse&) { o.request.latency = true; }},
    Row{{.long_name = "retain-as-published",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "keep the retain flag of the response as published (MQTT 5.0)",
         .names = kRrOnly},
        [](Options& o, const FlagUse&) { o.request.subscription.retain_as_published = true; }},
    Row{{.long_name = "retain-handling",
         .argument = "WHEN",
         .category = kCategory,
         .help = "retained messages of the response topic: always, new or never (MQTT 5.0)",
         .choices = "always new never",
         .complete = tools::Complete::choices,
         .names = kRrOnly},
        set_retain_handling},
};

bool is_request_only(const FlagUse& use) {
    for (const Row& row : kRows) {
        if (&row.flag == use.flag) return true;
    }
    return false;
}

// Message expiry travels apart, because it counts down; aliases are the library's business.
void split_properties(Options& o) {
    const auto expiry = mqtt::PropertyId::message_expiry_interval;
    const auto alias = mqtt::PropertyId::topic_alias;
    const mqtt::PropertyList all = o.settings.publish_properties;
    o.message_expiry = all.view().number(expiry);
    const mqtt::PropertyList rest = tools::without(all.view(), expiry);
    o.properties = tools::without(rest.view(), alias);
}

void check_request(Options& o, const tools::Invocation& invocation) {
    if (!o.request.wanted) {
        for (const FlagUse& use : invocation.uses) {
            if (!is_request_only(use)) continue;
            throw UsageError("option '" + use.typed() + "' needs '--request'");
        }
        return;
    }
    const bool ours = invocation.persona == tools::Persona::ours;
    if (!o.request.response_topic && (!ours || !mqtt::has_properties(o.connect.version))) {
        throw UsageError("a response topic is needed (option '-e')");
    }
    const auto topic = mqtt::PropertyId::response_topic;
    if (o.settings.publish_properties.view().text(topic)) {
        throw UsageError("option '-e' is the response topic of a request: not '-D publish'");
    }
    if (is_stream(o.source)) throw UsageError("a request is one message: not '-l'");
    if (o.request.style.json && o.request.style.format) {
        throw UsageError("options '--json' and '-F' exclude each other");
    }
    (void)tools::MessagePrinter(o.request.style);  // throws for a bad format
    if (!ours || o.timeout) return;
    if (o.request.responses == 0) {
        throw UsageError("'--responses all' needs to know until when (option '-W')");
    }
    const std::chrono::nanoseconds tries =
        o.request.resend_after * static_cast<std::int64_t>(o.request.resend + 1);
    o.timeout = std::max<std::chrono::nanoseconds>(kWait, tries);
}

// As mosquitto's clients: to mosquitto_rr one message is enough.
void set_receive_maximum(Options& o) {
    const auto id = mqtt::PropertyId::receive_maximum;
    const bool ours = o.settings.persona == tools::Persona::ours;
    mqtt::PropertyList& properties = o.connect.properties;
    if (ours || !mqtt::has_properties(o.connect.version) || properties.view().number(id)) return;
    properties.add(id, o.settings.persona == tools::Persona::mosquitto_rr ? 1u : 20u);
}

// Mosquitto's clients look at -D and read the one message before they see what else is missing.
void prepare_as_mosquitto(Options& o) {
    tools::check_mosquitto_properties(o.settings);
    if (o.source == Source::none || is_stream(o.source)) return;
    o.text = single_payload(o);
    o.source = Source::text;
}

void check(Options& o, const tools::Invocation& invocation) {
    if (o.topic.empty() && !o.settings.url_topic.empty()) {
        if (!mqtt::validate_topic_name(o.settings.url_topic)) {
            throw UsageError("'" + o.settings.url_topic + "' in the URL is not a valid topic");
        }
        o.topic = o.settings.url_topic;
    }
    if (!o.line_format.empty() && o.source != Source::lines) choose_source(o, Source::lines);
    check_outbox(o);
    if (o.outbox.drain_only || o.outbox.status) return split_properties(o);
    if (invocation.persona != tools::Persona::ours) prepare_as_mosquitto(o);
    const bool lacks_either = o.source == Source::none || o.topic.empty();
    if (lacks_either && invocation.persona == tools::Persona::mosquitto_pub) {
        throw tools::IncompleteCommand("Both topic and message must be supplied.");
    }
    if (o.source == Source::none) {
        throw UsageError(
            "a message is needed: one of -m, -f, -n, -s, -l, --json-lines and --replay");
    }
    check_replay(o, invocation);
    check_payload(o);
    const bool lines_have_topic = o.source == Source::json_lines || o.source == Source::replay ||
                                  (!o.line_format.empty() && LineFormat(o.line_format).has_topic());
    if (o.topic.empty() && !lines_have_topic) {
        throw UsageError("a topic is needed (option '-t')");
    }
    if (o.message_id && !mqtt::has_properties(o.connect.version)) {
        throw UsageError("option '--message-id' needs MQTT 5.0");
    }
    check_request(o, invocation);
    check_pace(o);
    split_properties(o);
}

}  // namespace

std::span<const Row> request_rows() {
    return kRows;
}

Options parse_options(const tools::Invocation& invocation) {
    Options options;
    options.settings.persona = invocation.persona;
    options.settings.property_packets = "publish connect will";
    options.request.wanted = invocation.persona == tools::Persona::mosquitto_rr;
    for_each_use(invocation, [&options](const FlagUse& use) {
        if (tools::apply_flag(message_rows(), options, use)) return;
        if (tools::apply_flag(request_rows(), options, use)) return;
        if (tools::apply_flag(replay_rows(), options, use)) return;
        if (tools::apply_flag(outbox_rows(), options, use)) return;
        if (tools::apply_flag(pace_rows(), options, use)) return;
        if (tools::apply_flag(payload_rows(), options, use)) return;
        tools::apply_connect_flag(options.settings, use);
    });
    options.connect = tools::make_connect_options(options.settings);
    set_receive_maximum(options);
    check(options, invocation);
    if (invocation.persona != tools::Persona::ours) {
        tools::check_mosquitto_setup(options.settings, options.connect);
    }
    return options;
}

}  // namespace mqtt_pub
