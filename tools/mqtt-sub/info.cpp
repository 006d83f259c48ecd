// What mqtt-sub says about itself: help, man page, completions are made from this and the tables.
#include "common/connect_flags.hpp"
#include "common/message_fields.hpp"
#include "common/message_json.hpp"
#include "common/mosquitto_words.hpp"
#include "common/profile.hpp"
#include "common/record_file.hpp"
#include "mqtt-sub/options.hpp"

namespace mqtt_sub {
namespace {

constexpr std::string_view kFormat =
    "A format is text with escapes. Those that begin with % have the form\n"
    "%[-][0][width][.precision][separator]X. A minus aligns to the left, a zero pads numbers and "
    "payloads with zeros. The width pads, and for %p, %x and %X it also cuts, counted in bytes of "
    "payload. The precision cuts text, is the number of decimals for %f and %d, and for %x and %X "
    "the number of digits in a group; the separator, a punctuation mark or a blank, stands between "
    "groups, a blank without one.\n"
    "Widths of text count columns of a terminal, where wide characters take two, and no character "
    "is cut in half; under mosquitto's names they count bytes.\n"
    "\n"
    "  %%  a percent sign              %p  payload\n"
    "  %A  topic alias                 %P  user properties, k:v k:v\n"
    "  %C  content type                %q  QoS\n"
    "  %D  correlation data            %r  retain flag, 0 or 1\n"
    "  %E  message expiry, seconds     %R  response topic\n"
    "  %F  payload format indicator    %S  first subscription identifier\n"
    "  %I  local time, ISO 8601        %t  topic\n"
    "  %j  JSON, payload as a string   %U  Unix time with nanoseconds\n"
    "  %J  JSON, payload as JSON       %x  payload in hexadecimal\n"
    "  %l  length of the payload       %X  the same in capitals\n"
    "  %m  packet identifier           %f %d  payload as float, double\n"
    "\n"
    "@@ is an at sign, @N the nanoseconds, @ and a letter what strftime makes of % and that "
    "letter; under mosquitto's names @ and any character. "
    "The escapes \\\\ \\0 \\a \\e \\n \\r \\t \\v stand for their characters. Any other escape is "
    "an "
    "error. A property that the message lacks prints as nothing.";

constexpr std::string_view kDescription =
    "mqtt-sub connects to an MQTT server, subscribes, and prints every message that arrives: the "
    "payload and a newline, unless options say otherwise. It stays connected until it is told to "
    "end; after a loss it connects again and subscribes again. Standard output carries messages "
    "only; one line on standard error tells every change of the connection.\n"
    "\n"
    "MQTT 5.0 is spoken by default, 3.1.1 when the server does not know it. When every "
    "subscription "
    "is refused the run ends with the reason code; when some are, a line says which, the run goes "
    "on, and in the end that code stands for 0.\n"
    "\n"
    "Started as mosquitto_sub, through a link, it behaves as that program does, exit codes "
    "included.";

tools::ToolInfo make_info() {
    tools::ToolInfo info{
        .name = "mqtt-sub",
        .summary = "subscribe to MQTT topics and print what arrives",
        .synopsis = {"[options] -t FILTER ...", "[options] URL"},
        .description = kDescription,
        .examples = {{"mqtt-sub -h broker.example -t 'sensors/#' -v", "Show topics and payloads."},
                     {"mqtt-sub -t 'a/+' -C 1 -W 10s", "Wait ten seconds for one message."},
                     {"mqtt-sub -t 'a/#' --json | jq .payload", "Work on messages with jq."},
                     {"mqtt-sub -t '#' -v --where 'payload.temp > 20 && topic ~ \"/kitchen/\"'",
                      "Show what a condition selects."},
                     {"mqtt-sub -t '#' --record day.ndjson", "Record; mqtt-pub --replay plays it."},
                     {"mqtt-sub mqtts://user@broker.example/a/b", "TLS, by URL."}},
        .sections = {{"COMMANDS", kCommandsText},
                     {"FORMAT", kFormat},
                     {"CONDITIONS", tools::kExpressionHelp},
                     {"JSON", tools::kJsonSchema},
                     {"RECORDINGS", tools::kRecordHelp}},
        .see_also = {"mqtt-pub 1", "mqtt-bench 1", "mqtt-broker-lite 1"}};
    append_sub_flags(info.flags);
    tools::append_connect_flags(info.flags);
    tools::append_general_flags(info.flags);
    info.sections.push_back({"PROFILES AND SECRETS", tools::kProfilesText});
    info.sections.push_back({"MOSQUITTO'S NAMES", tools::kMosquittoNamesText});
    return info;
}

}  // namespace

const tools::ToolInfo& tool_info() {
    static const tools::ToolInfo info = make_info();
    return info;
}

}  // namespace mqtt_sub
