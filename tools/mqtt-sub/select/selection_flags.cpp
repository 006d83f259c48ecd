// Rows of what selects messages, and --subscribe: filters with options of their own.
#include <array>

#include "common/message_fields.hpp"
#include "common/units.hpp"
#include "mqtt-sub/options.hpp"
#include "mqtt/topic.hpp"

namespace mqtt_sub {
namespace {

using tools::FlagUse;
using tools::kOurs;
using tools::Takes;
using tools::UsageError;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kCategory = "Selecting";

[[noreturn]] void fail(const FlagUse& use, const std::string& what) {
    throw UsageError("option '" + use.typed() + "': " + what);
}

// One word before the colon of --subscribe.
void set_option(FilterOptions& o, const FlagUse& use, std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string value(equals == std::string_view::npos ? "" : word.substr(equals + 1));
    if (name == "qos") {
        o.qos = static_cast<mqtt::QoS>(tools::parse_integer(use.typed(), value, 0, 2));
    } else if (word == "no-local") {
        o.no_local = true;
    } else if (word == "retain-as-published") {
        o.retain_as_published = true;
    } else if (name == "retain-handling" && value == "always") {
        o.retain_handling = mqtt::RetainHandling::always;
    } else if (name == "retain-handling" && value == "new") {
        o.retain_handling = mqtt::RetainHandling::if_new;
    } else if (name == "retain-handling" && value == "never") {
        o.retain_handling = mqtt::RetainHandling::never;
    } else {
        fail(use, "'" + std::string(word) +
                      "' is none of qos=N, no-local, retain-as-published, "
                      "retain-handling=always|new|never");
    }
}

void add_filter(Options& o, const FlagUse& use) {
    const std::string& word = use.word();
    const std::size_t colon = word.find(':');
    if (colon == std::string::npos) {
        fail(use, "write options, a colon, and the filter, as in qos=1:alarm/#");
    }
    const std::string filter = word.substr(colon + 1);
    if (!mqtt::validate_topic_filter(filter)) {
        fail(use, "'" + filter + "' is not a valid topic filter");
    }
    FilterOptions own;
    std::string_view rest = std::string_view(word).substr(0, colon);
    while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        set_option(own, use, rest.substr(0, comma));
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    o.own_options.resize(o.filters.size());
    o.own_options.push_back(own);
    o.filters.push_back(filter);
}

constexpr std::array kRows{
    Row{{.long_name = "subscribe",
         .argument = "OPTIONS:FILTER",
         .category = kCategory,
         .help = "a filter with options of its own, as in qos=2,no-local:alarm/#; repeatable",
         .details = "Options are qos=N, no-local, retain-as-published and retain-handling=always, "
                    "new or never, separated by commas. What is not given is as for the filters of "
                    "-t. May stand beside -t or alone.",
         .names = kOurs,
         .repeatable = true},
        add_filter},
    Row{{.long_name = "where",
         .argument = "CONDITION",
         .category = kCategory,
         .help = "take only messages for which this holds; see CONDITIONS in the man page",
         .details = "Repeatable: all must hold. What is not taken is neither shown nor counted by "
                    "-C, recorded or passed on.",
         .names = kOurs,
         .common = true,
         .repeatable = true},
        [](Options& o, const FlagUse& use) {
            tools::parse_message_expression(use.typed(), use.word());
            o.selection.where.push_back(use.word());
        }},
    Row{{.long_name = "grep",
         .argument = "REGEX",
         .category = kCategory,
         .help = "take only messages whose payload matches; repeatable: one of them",
         .names = kOurs,
         .common = true,
         .repeatable = true},
        [](Options& o, const FlagUse& use) { o.selection.grep.push_back(use.word()); }},
    Row{{.long_name = "on-change",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "take a message only when its payload differs from the topic's last one",
         .names = kOurs},
        [](Options& o, const FlagUse&) { o.selection.on_change = true; }},
    Row{{.long_name = "throttle",
         .argument = "DURATION",
         .category = kCategory,
         .help = "take at most one message per topic in this time, the first",
         .names = kOurs},
        [](Options& o, const FlagUse& use) {
            o.selection.throttle = tools::parse_duration(use.typed(), use.word());
            if (o.selection.throttle.count() == 0) fail(use, "needs more than 0");
        }},
    Row{{.long_name = "dedupe",
         .argument = "[BY]",
         .category = kCategory,
         .help = "take a message once: by its message-id, or by topic and payload",
         .details = "Alone it means payload. id reads the user property message-id, which mqtt-pub "
                    "--message-id sets; "
                    "messages without one are taken. At least the last 50,000 messages are "
                    "remembered.",
         .choices = "id payload",
         .complete = tools::Complete::choices,
         .names = kOurs},
        [](Options& o, const FlagUse& use) {
            o.selection.dedupe = use.word() == "id" ? Dedupe::id : Dedupe::payload;
        }},
};

}  // namespace

std::span<const Row> selection_rows() {
    return kRows;
}

}  // namespace mqtt_sub
