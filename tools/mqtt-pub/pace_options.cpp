// The options of made-up and restored messages: templates, their pace, --restore.
#include <array>

#include "common/units.hpp"
#include "mqtt-pub/options.hpp"
#include "mqtt-pub/template.hpp"

namespace mqtt_pub {
namespace {

using tools::FlagUse;
using tools::Takes;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kWhat = "Message";
constexpr std::string_view kHow = "Publishing";

constexpr std::array kRows{
    Row{{.long_name = "restore",
         .argument = "FILE",
         .category = kWhat,
         .help = "publish the retained messages of this file, as mqtt-sub --snapshot printed it",
         .details =
             "All are published with the retain flag, with QoS 1 when they had less and -q does "
             "not say else; - is standard input.",
         .complete = tools::Complete::file,
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            choose_source(o, Source::json_lines, use.word());
            o.restores = true;
        }},
    Row{{.long_name = "template",
         .takes = Takes::nothing,
         .category = kWhat,
         .help =
             "make topic and text anew for each message: {{seq}}, {{now}}, {{uuid}}, {{rand 1 9}}",
         .details = "See TEMPLATES in the man page.",
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.uses_template = true; }},
    Row{{.long_name = "rate",
         .argument = "RATE",
         .category = kHow,
         .help = "publish at most so many messages: 50, 50/s, 600/m",
         .details =
             "On a schedule from the first message on; what was late is made up for within a "
             "tenth of a second.",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            o.rate = tools::parse_rate(use.typed(), use.word());
            if (o.rate <= 0) throw tools::UsageError("option '--rate' needs more than 0");
        }},
    Row{{.long_name = "for",
         .argument = "DURATION",
         .category = kHow,
         .help = "take messages for so long, then end; one message is repeated until then",
         .details = "What was taken is still delivered.",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            o.duration = tools::parse_duration(use.typed(), use.word());
            if (o.duration->count() == 0) {
                throw tools::UsageError("option '--for' needs more than 0");
            }
        }},
};

}  // namespace

std::span<const Row> pace_rows() {
    return kRows;
}

void check_pace(Options& o) {
    if (o.uses_template) {
        (void)Template("-t", o.topic);
        if (o.source == Source::text) (void)Template("-m", o.text);
    }
    if (o.request.wanted && (o.rate > 0 || o.duration)) {
        throw tools::UsageError("a request is one message: no '--rate' or '--for'");
    }
    if (!o.outbox.folder.empty() && o.duration) {
        throw tools::UsageError("an outbox takes all at once: no '--for'");
    }
    const bool has_end = o.repeat_given || o.repeat > 1;
    if (o.duration && !is_stream(o.source) && !has_end) o.repeat = UINT64_MAX;
    if (o.restores && !o.qos_given) o.qos = mqtt::QoS::at_least_once;
}

}  // namespace mqtt_pub
