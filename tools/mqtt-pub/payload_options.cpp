// The options of payloads that are no text: hexadecimal and pack strings.
#include <array>

#include "common/payload_input.hpp"
#include "mqtt-pub/options.hpp"

namespace mqtt_pub {
namespace {

using tools::FlagUse;
using tools::Takes;
using tools::UsageError;
using Row = tools::FlagRow<Options>;

constexpr std::string_view kWhat = "Message";

constexpr std::array kRows{
    Row{{.long_name = "hex",
         .takes = Takes::nothing,
         .category = kWhat,
         .help = "what -m, -f, -s or a line of -l says is in hexadecimal: '01 02 ff'",
         .details = "Digits come in pairs, with blanks, colons or nothing between them. -m, -f and "
                    "-s may also be a dump, as mqtt-sub --hex-dump, hexdump -C or xxd print it.",
         .names = tools::kOurs},
        [](Options& o, const FlagUse&) { o.is_hex = true; }},
    Row{{.long_name = "pack",
         .argument = "FORMAT",
         .category = kWhat,
         .help = "what -m, -f, -s or a line of -l says are values for this pack string: '>hf'",
         .details =
             "Values have blanks between them; integers may be in hexadecimal (0x1f). < and > "
             "choose little and big endian (big at first); b B h H i I q Q are signed and unsigned "
             "integers of 1, 2, 4 and 8 bytes, f d floating point of 4 and 8, c a character, x a "
             "zero byte without a value, s the rest of the text, $ nothing; a number before a "
             "letter repeats it. mqtt-sub --unpack prints such values.",
         .names = tools::kOurs},
        [](Options& o, const FlagUse& use) {
            (void)tools::Pack(use.word());  // throws for a bad one
            o.pack = use.word();
        }},
};

}  // namespace

std::span<const Row> payload_rows() {
    return kRows;
}

void check_payload(const Options& o) {
    if (!o.is_hex && !o.pack) return;
    if (o.is_hex && o.pack) throw UsageError("options '--hex' and '--pack' exclude each other");
    if (o.source == Source::json_lines || o.source == Source::replay ||
        o.source == Source::nothing) {
        throw UsageError("options '--hex' and '--pack' are for -m, -f, -s and -l");
    }
}

}  // namespace mqtt_pub
