// Rows of where messages go beside plain output: recordings and live views; and how it ends.
#include <array>

#include "common/units.hpp"
#include "mqtt-sub/options.hpp"

namespace mqtt_sub {
namespace {

using tools::FlagUse;
using tools::kOurs;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kOutput = "Output";

constexpr std::array kRows{
    Row{{.long_name = "hex-dump",
         .takes = tools::Takes::nothing,
         .category = kOutput,
         .help = "show payloads as offsets, hexadecimal and text",
         .names = kOurs},
        [](Options& o, const FlagUse&) { o.style.hex_dump = true; }},
    Row{{.long_name = "unpack",
         .argument = "PACKING",
         .category = kOutput,
         .help = "show the numbers in payloads, as a pack string names them: '<hHf'",
         .details =
             "b B h H i I q Q are signed and unsigned integers of 1, 2, 4 and 8 bytes, f d "
             "floating "
             "point of 4 and 8, c a character, x a byte to go past, s the rest as text, $ the end; "
             "< and > choose little and big endian (big at first); a number repeats the letter "
             "behind it. A payload of another shape is shown as by --hex-dump, and told of.",
         .names = kOurs},
        [](Options& o, const FlagUse& use) { o.style.unpack = use.word(); }},
    Row{{.long_name = "null-delimiter",
         .short_name = '0',
         .takes = tools::Takes::nothing,
         .category = kOutput,
         .help = "messages end with a NUL byte instead of a newline, for xargs -0 and mqtt-pub -0",
         .names = kOurs},
        [](Options& o, const FlagUse&) { o.style.end = '\0'; }},
    Row{{.long_name = "top",
         .takes = tools::Takes::nothing,
         .category = kOutput,
         .help = "a live view of all topics: rates, ages, last values; ? there shows its keys",
         .details =
             "A table or tree of topics with messages per second, bytes, age, retain flag, the "
             "history as a line and the last value; keys sort, search, pause, open a message "
             "in full; q ends and gives the screen back. Drawn at most ten times per second. "
             "When standard output is no terminal: lines as of --stat 1s.",
         .names = kOurs,
         .common = true},
        [](Options& o, const FlagUse&) { o.top = true; }},
    Row{{.long_name = "stat",
         .argument = "DURATION",
         .category = kOutput,
         .help = "one line of figures in this time: messages and bytes per second, busiest topic",
         .details = "Columns are the time, messages and bytes per second since the line before, "
                    "messages, topics, the busiest topic and its rate. With --json each line is an "
                    "object with the same figures.",
         .names = kOurs},
        [](Options& o, const FlagUse& use) {
            o.stat_interval = tools::parse_duration(use.typed(), use.word());
            if (*o.stat_interval < std::chrono::milliseconds(10)) {
                throw tools::UsageError("option '" + use.typed() + "' needs 10ms or more");
            }
        }},
    Row{{.long_name = "color",
         .argument = "WHEN",
         .category = kOutput,
         .help = "colour the topics of -v: auto, always or never",
         .details =
             "auto means on a terminal, unless NO_COLOR is set. There, and with always, "
             "whatever in a message could control the terminal is shown as an escape (\\x1b, "
             "\\u009b); a pipe or file gets the exact bytes.",
         .initial = "auto",
         .choices = "auto always never",
         .complete = tools::Complete::choices,
         .names = kOurs},
        [](Options& o, const FlagUse& use) {
            o.color = tools::parse_color_wish(use.typed(), use.word());
        }},
    Row{{.long_name = "record",
         .argument = "FILE",
         .category = kOutput,
         .help = "write the messages to this file with their times, for mqtt-pub --replay",
         .details = "One JSON object per line, see RECORDINGS; - is standard output. An existing "
                    "file is emptied. Without -q the subscription asks for QoS 2, and retain flags "
                    "are kept as published, so that the recording has both as they were. Messages "
                    "are printed only when -v, -F or --json asks for it.",
         .complete = tools::Complete::file,
         .names = kOurs,
         .common = true},
        [](Options& o, const FlagUse& use) {
            o.record_path = tools::required_word(use.typed(), use.word());
        }},
};

}  // namespace

std::span<const Row> view_rows() {
    return kRows;
}

}  // namespace mqtt_sub
