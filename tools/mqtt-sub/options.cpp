// See options.hpp: the table of mqtt-sub and what belongs together in it.
#include "mqtt-sub/options.hpp"

#include <algorithm>
#include <array>

#include "common/connect_flags.hpp"
#include "common/mosquitto_checks.hpp"
#include "common/mosquitto_properties.hpp"
#include "common/units.hpp"
#include "mqtt/topic.hpp"

namespace mqtt_sub {
namespace {

using tools::FlagUse;
using tools::Takes;
using tools::UsageError;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kWhat = "Subscriptions";
constexpr std::string_view kWhen = "When to end";
constexpr std::string_view kHow = "Output";

std::chrono::nanoseconds positive_duration(const FlagUse& use) {
    const auto duration = tools::parse_duration(use.typed(), use.word());
    if (duration.count() == 0) {
        throw UsageError("option '" + use.typed() + "' needs more than 0, not '" + use.word() +
                         "'");
    }
    return duration;
}

constexpr std::array kRows{
    Row{{.long_name = "topic",
         .short_name = 't',
         .argument = "FILTER",
         .category = kWhat,
         .help = "topic filter to subscribe to; repeatable",
         .details = "All filters go in one SUBSCRIBE. $share/GROUP/FILTER makes a shared "
                    "subscription.",
         .common = true,
         .repeatable = true},
        [](Options& o, const FlagUse& use) { o.filters.push_back(checked_filter(use)); }},
    Row{{.long_name = "qos",
         .short_name = 'q',
         .argument = "QOS",
         .category = kWhat,
         .help = "highest QoS to receive with: 0, 1 or 2",
         .initial = "0",
         .common = true},
        [](Options& o, const FlagUse& use) {
            o.qos_given = true;
            o.subscription.qos =
                static_cast<mqtt::QoS>(tools::parse_integer(use.typed(), use.word(), 0, 2));
        }},
    Row{{.long_name = "filter-out",
         .short_name = 'T',
         .argument = "FILTER",
         .category = kWhat,
         .help = "do not show messages that match; repeatable",
         .repeatable = true},
        [](Options& o, const FlagUse& use) { o.hidden_filters.push_back(checked_filter(use)); }},
    Row{{.long_name = "unsubscribe",
         .short_name = 'U',
         .argument = "FILTER",
         .category = kWhat,
         .help = "unsubscribe from this filter of a kept session; repeatable",
         .repeatable = true},
        [](Options& o, const FlagUse& use) { o.unsubscribes.push_back(checked_filter(use)); }},
    Row{{.long_name = "skip-retained",
         .short_name = 'R',
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "do not show retained messages",
         .common = true},
        [](Options& o, const FlagUse&) { o.skip_retained = true; }},
    Row{{.long_name = "retained-only",
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "show retained messages only, end at the first other one"},
        [](Options& o, const FlagUse&) { o.retained_only = true; }},
    Row{{.long_name = "remove-retained",
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "clear every retained message that arrives, except those of -T",
         .details = "With --retained-only the run ends when no more retained messages come and the "
                    "server has confirmed every removal."},
        [](Options& o, const FlagUse&) { o.remove_retained = true; }},
    Row{{.long_name = "retain-as-published",
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "keep the retain flag that the publisher set (MQTT 5.0)"},
        [](Options& o, const FlagUse&) { o.subscription.retain_as_published = true; }},
    Row{{.long_name = "retain-handling",
         .argument = "WHEN",
         .category = kWhat,
         .help = "send retained messages always, for a new subscription, or never (MQTT 5.0)",
         .initial = "always",
         .choices = "always new never",
         .complete = tools::Complete::choices},
        [](Options& o, const FlagUse& use) {
            o.subscription.retain_handling = use.word() == "always" ? mqtt::RetainHandling::always
                                             : use.word() == "new"  ? mqtt::RetainHandling::if_new
                                                                    : mqtt::RetainHandling::never;
        }},
    Row{{.long_name = "no-local",
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "do not receive what this client publishes (MQTT 5.0)",
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.subscription.no_local = true; }},
    Row{{.long_name = "random-filter",
         .argument = "PERCENT",
         .category = kWhat,
         .help = "show this part of the messages, chosen by chance",
         .initial = "100"},
        [](Options& o, const FlagUse& use) {
            const bool ours = o.settings.persona == tools::Persona::ours;
            const double most = ours ? 100 : 1e9;  // theirs takes what is more for all
            o.random_percent = tools::parse_number(use.typed(), use.word(), 0.1, most);
        }},
    Row{{.long_name = "count",
         .short_name = 'C',
         .argument = "N",
         .category = kWhen,
         .help = "end after this many messages",
         .common = true},
        [](Options& o, const FlagUse& use) {
            o.count = static_cast<std::uint64_t>(
                tools::parse_integer(use.typed(), use.word(), 1, 1'000'000'000'000'000));
        }},
    Row{{.long_name = "timeout",
         .short_name = 'W',
         .argument = "DURATION",
         .category = kWhen,
         .help = "end after this time, with exit code 27",
         .details = "A bare number counts in seconds; 500ms and 1h are understood too. A will is "
                    "published, as after a signal.",
         .common = true},
        [](Options& o, const FlagUse& use) { o.timeout = positive_duration(use); }},
    Row{{.long_name = "idle",
         .argument = "DURATION",
         .category = kWhen,
         .help = "end when no message has come for so long",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) { o.idle = positive_duration(use); }},
    Row{{.long_name = "exit-after-subscribe",
         .short_name = 'E',
         .takes = Takes::nothing,
         .category = kWhen,
         .help = "end when the subscription stands; with -c it stays on the server"},
        [](Options& o, const FlagUse&) { o.exit_after_subscribe = true; }},
    Row{{.long_name = "verbose",
         .short_name = 'v',
         .takes = Takes::nothing,
         .category = kHow,
         .help = "show the topic before the payload",
         .common = true},
        [](Options& o, const FlagUse&) { o.style.verbose = true; }},
    Row{{.long_name = "no-newline",
         .short_name = 'N',
         .takes = Takes::nothing,
         .category = kHow,
         .help = "no newline after a message"},
        [](Options& o, const FlagUse&) { o.style.newline = false; }},
    Row{{.long_name = "format",
         .short_name = 'F',
         .argument = "FORMAT",
         .category = kHow,
         .help = "print each message by this format; see FORMAT in the man page",
         .common = true},
        [](Options& o, const FlagUse& use) {
            o.style.format = tools::checked_format(use.word(), o.settings.persona);
        }},
    Row{{.long_name = "json",
         .takes = Takes::nothing,
         .category = kHow,
         .help = "one JSON object per message and line, as mqtt-pub --json-lines reads",
         .names = tools::kOurs,
         .common = true},
        [](Options& o, const FlagUse&) { o.style.json = true; }},
    Row{{.long_name = "pretty",
         .takes = Takes::nothing,
         .category = kHow,
         .help = "indent the JSON of %j and %J"},
        [](Options& o, const FlagUse&) { o.style.pretty = true; }},
    Row{{.long_name = "message-rate",
         .takes = Takes::nothing,
         .category = kHow,
         .help = "show only how many messages come, every second"},
        [](Options& o, const FlagUse&) { o.message_rate = true; }},
    Row{{.long_name = "watch",
         .short_name = 'w',
         .takes = Takes::nothing,
         .category = kHow,
         .help = "one line of the screen per topic"},
        [](Options& o, const FlagUse&) { o.watch = true; }},
};

// mosquitto counts -W in whole seconds.
void check_mosquitto_timeout(const Options& o, tools::Persona persona) {
    if (persona == tools::Persona::ours || !o.timeout) return;
    if (*o.timeout < std::chrono::seconds(1)) throw UsageError("option '-W' needs 1 or more");
}

// By --max-inflight, or 20 as mosquitto_sub; and a short run must not make the server send more than it will take.
void lower_receive_maximum(Options& o) {
    constexpr std::uint64_t limit = 20;
    const bool ours = o.settings.persona == tools::Persona::ours;
    std::uint64_t maximum = ours ? UINT16_MAX : limit;
    if (ours && o.settings.max_inflight_given) maximum = o.settings.max_inflight;
    if (o.count && *o.count < limit) maximum = std::min(maximum, *o.count);
    const auto id = mqtt::PropertyId::receive_maximum;
    if (maximum == UINT16_MAX || !mqtt::has_properties(o.connect.version) ||
        o.connect.properties.view().number(id)) {
        return;
    }
    o.connect.properties.add(id, static_cast<std::uint32_t>(maximum));
}

// A recording has QoS and retain flag as they were published.
void check_record(Options& o) {
    if (o.record_path.empty()) return;
    if (o.record_path == "-" && (o.style.verbose || o.style.json || o.style.format)) {
        throw UsageError("'--record -' has standard output for itself");
    }
    if (!o.qos_given) o.subscription.qos = mqtt::QoS::exactly_once;
    o.subscription.retain_as_published = true;
}

void check_live_view(const Options& o) {
    if (!o.has_live_view()) return;
    const bool json_lines = o.style.json && !o.top;  // --stat as JSON
    if (o.style.verbose || o.style.format || o.watch || o.message_rate ||
        (o.style.json && !json_lines)) {
        throw UsageError(
            "'--top' and '--stat' take the place of -v, -F, --json, -w and "
            "--message-rate (--stat with --json: JSON lines)");
    }
    if (o.record_path == "-") throw UsageError("'--record -' has standard output for itself");
}

void check(Options& o) {
    const std::string& of_url = o.settings.url_topic;
    if (!of_url.empty() && !mqtt::validate_topic_filter(of_url)) {
        throw UsageError("'" + of_url + "' in the URL is not a valid topic filter");
    }
    if (o.filters.empty() && !of_url.empty()) {
        o.filters.push_back(o.settings.url_topic);
    } else if (!o.settings.url_topic.empty()) {
        o.filters.insert(o.filters.begin(), o.settings.url_topic);
        o.own_options.insert(o.own_options.begin(), FilterOptions{});
    }
    if (o.filters.empty() && o.unsubscribes.empty()) {
        throw UsageError("a topic filter is needed (option '-t')");
    }
    if (o.settings.persona != tools::Persona::ours) tools::check_mosquitto_properties(o.settings);
    if (o.skip_retained && o.retained_only) {
        throw UsageError("options '-R' and '--retained-only' exclude each other");
    }
    if ((o.style.json || o.style.format) && (o.style.hex_dump || o.style.unpack)) {
        throw UsageError("'--hex-dump' and '--unpack' exclude '--json' and '-F'");
    }
    if (o.style.json && o.style.format) {
        throw UsageError("options '--json' and '-F' exclude each other");
    }
    check_waiting(o);
    check_commands(o);
    (void)tools::MessagePrinter(o.style);  // throws for a bad format
    (void)Selection(o.selection);          // and for a bad pattern
    check_live_view(o);
    check_record(o);
    lower_receive_maximum(o);
}

}  // namespace

std::string checked_filter(const FlagUse& use) {
    if (!mqtt::validate_topic_filter(use.word())) {
        throw UsageError("'" + use.word() + "' is not a valid topic filter (option '" +
                         use.typed() + "')");
    }
    return use.word();
}

mqtt::SubscriptionOptions subscription_options(const Options& options, std::size_t index) {
    mqtt::SubscriptionOptions result = options.subscription;
    if (index >= options.own_options.size()) return result;
    const FilterOptions& own = options.own_options[index];
    result.qos = own.qos.value_or(result.qos);
    result.retain_handling = own.retain_handling.value_or(result.retain_handling);
    result.no_local = result.no_local || own.no_local;
    result.retain_as_published = result.retain_as_published || own.retain_as_published;
    return result;
}

void append_sub_flags(std::vector<const tools::Flag*>& flags) {
    tools::append_flags<Options>(flags, kRows);
    tools::append_flags(flags, view_rows());
    tools::append_flags(flags, selection_rows());
    tools::append_flags(flags, waiting_rows());
    tools::append_flags(flags, command_rows());
}

Options parse_options(const tools::Invocation& invocation) {
    Options options;
    options.settings.persona = invocation.persona;
    options.settings.property_packets = "subscribe connect will";
    for_each_use(invocation, [&options](const FlagUse& use) {
        if (tools::apply_flag<Options>(kRows, options, use)) return;
        if (tools::apply_flag(selection_rows(), options, use)) return;
        if (tools::apply_flag(view_rows(), options, use)) return;
        if (tools::apply_flag(waiting_rows(), options, use)) return;
        if (tools::apply_flag(command_rows(), options, use)) return;
        tools::apply_connect_flag(options.settings, use);
    });
    check_mosquitto_timeout(options, invocation.persona);
    options.connect = tools::make_connect_options(options.settings);
    check(options);
    if (invocation.persona != tools::Persona::ours) {
        tools::check_mosquitto_setup(options.settings, options.connect);
    }
    return options;
}

}  // namespace mqtt_sub
