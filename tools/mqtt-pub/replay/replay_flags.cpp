// Rows of --replay and what belongs to it.
#include <array>

#include "common/message_clock.hpp"
#include "common/units.hpp"
#include "mqtt-pub/options.hpp"

namespace mqtt_pub {
namespace {

using tools::FlagUse;
using tools::kOurs;
using tools::Takes;
using tools::UsageError;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kCategory = "Replaying";

double parse_speed(const FlagUse& use) {
    std::string_view text = use.word();
    if (text == "max") return 0;
    if (text.ends_with('x')) text.remove_suffix(1);
    try {
        return tools::parse_number(use.typed(), text, 0.001, 1'000'000);
    } catch (const UsageError&) {
        throw UsageError("option '" + use.typed() + "' needs max or a factor such as 2x, not '" +
                         use.word() + "'");
    }
}

ReplayPoint parse_point(const FlagUse& use) {
    if (const auto time = tools::parse_iso_time(use.word())) return {*time, true};
    return {tools::parse_duration(use.typed(), use.word()), false};
}

void add_map(Options& o, const FlagUse& use) {
    const std::size_t equals = use.word().find('=');
    if (equals == std::string::npos) {
        throw UsageError("option '" + use.typed() + "' needs OLD=NEW, not '" + use.word() + "'");
    }
    o.replay.maps.emplace_back(use.word().substr(0, equals), use.word().substr(equals + 1));
}

constexpr std::array kRows{
    Row{{.long_name = "replay",
         .argument = "FILE",
         .category = kCategory,
         .help = "publish what mqtt-sub --record wrote, in the time it took",
         .details = "Topics, payloads, QoS, retain flags, properties and the gaps between the "
                    "messages are those of the recording, see RECORDINGS; - is standard input. "
                    "The first message leaves at once.",
         .complete = tools::Complete::file,
         .names = kOurs,
         .common = true},
        [](Options& o, const FlagUse& use) {
            choose_source(o, Source::replay);
            o.replay.path = use.word();
        }},
    Row{{.long_name = "speed",
         .argument = "FACTOR",
         .category = kCategory,
         .help = "replay so much faster, as in 2x or 0.5x; max: as fast as the server takes it",
         .initial = "1x",
         .names = kOurs},
        [](Options& o, const FlagUse& use) { o.replay.speed = parse_speed(use); }},
    Row{{.long_name = "loop",
         .takes = Takes::nothing,
         .category = kCategory,
         .help = "replay again and again until a signal comes; --repeat N: N times",
         .names = kOurs},
        [](Options& o, const FlagUse&) { o.replay.loop = true; }},
    Row{{.long_name = "map",
         .argument = "OLD=NEW",
         .category = kCategory,
         .help = "put NEW for OLD at the start of the topics; repeatable: the first that fits",
         .details = "OLD is one or more whole levels. An empty OLD puts NEW in front of every "
                    "topic, an empty NEW takes OLD away.",
         .names = kOurs,
         .repeatable = true},
        add_map},
    Row{{.long_name = "from",
         .argument = "WHEN",
         .category = kCategory,
         .help = "leave out what came before: 90s into the recording, or 2026-05-06T21:48:00",
         .names = kOurs},
        [](Options& o, const FlagUse& use) { o.replay.from = parse_point(use); }},
    Row{{.long_name = "to",
         .argument = "WHEN",
         .category = kCategory,
         .help = "end before what came then or later",
         .names = kOurs},
        [](Options& o, const FlagUse& use) { o.replay.to = parse_point(use); }},
};

}  // namespace

std::span<const Row> replay_rows() {
    return kRows;
}

void check_replay(Options& o, const tools::Invocation& invocation) {
    if (o.source == Source::replay) {
        o.replay.times = o.repeat;
        return;
    }
    for (const FlagUse& use : invocation.uses) {
        for (const Row& row : kRows) {
            if (&row.flag != use.flag) continue;
            throw UsageError("option '" + use.typed() + "' needs '--replay'");
        }
    }
}

}  // namespace mqtt_pub
