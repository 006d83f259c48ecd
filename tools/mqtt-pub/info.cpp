// What mqtt-pub says about itself: help, man page, completions are made from this and the tables.
#include "common/connect_flags.hpp"
#include "common/message_json.hpp"
#include "common/mosquitto_words.hpp"
#include "common/profile.hpp"
#include "common/record_file.hpp"
#include "mqtt-pub/options.hpp"
#include "mqtt-pub/template.hpp"

namespace mqtt_pub {
namespace {

constexpr std::string_view kDescription =
    "mqtt-pub connects to an MQTT server, publishes one message or a stream of them, waits for the "
    "acknowledgements, and leaves. It prints nothing when all went well.\n"
    "\n"
    "Exit code 0 means that every message with QoS 1 or 2 was acknowledged with success. Otherwise "
    "a "
    "summary on standard error says how many messages were sent, acknowledged, refused and why, "
    "and "
    "left unsent. A message with QoS 0 is never acknowledged, and before MQTT 5.0 a server cannot "
    "say that it refuses one: for those 0 means sent, and denial is not provable.\n"
    "\n"
    "MQTT 5.0 is spoken by default, 3.1.1 when the server does not know it. A stream (-l, "
    "--json-lines) survives a lost connection: the tool connects again and goes on where it was. A "
    "single message is tried once unless --max-retries is given.\n"
    "\n"
    "Started as mosquitto_pub or mosquitto_rr, through links, it behaves as those programs do, "
    "exit "
    "codes included.";

tools::ToolInfo make_info() {
    tools::ToolInfo info{
        .name = "mqtt-pub",
        .summary = "publish MQTT messages and prove that they were delivered",
        .synopsis = {"[options] -t TOPIC -m TEXT", "[options] -t TOPIC -l",
                     "[options] URL -m TEXT"},
        .description = kDescription,
        .examples = {{"mqtt-pub -h broker.example -t door/front -m open -q 1", "Publish a text."},
                     {"tail -f log | mqtt-pub -t log -l -q 1", "Publish a stream of lines."},
                     {"mqtt-pub mqtts://broker.example/cam -f picture.jpg", "Publish a file."},
                     {"mqtt-pub --request -t time/get -n -W 2s", "Ask, and print the answer."},
                     {"mqtt-pub --replay day.ndjson --speed 10x --map site=lab",
                      "Replay a recording in a tenth of its time, under other topics."},
                     {"mqtt-pub --outbox ~/outbox -t meter/1 -m 42",
                      "Keep a message until a server has it, also without a network."},
                     {"mqtt-sub -t 'a/#' --json | mqtt-pub -h other --json-lines",
                      "Copy messages, losslessly."}},
        .sections = {{"TEMPLATES", kTemplateText},
                     {"OUTBOX", kOutboxText},
                     {"JSON", tools::kJsonSchema},
                     {"RECORDINGS", tools::kRecordHelp}},
        .see_also = {"mqtt-sub 1", "mqtt-bench 1", "mqtt-broker-lite 1"}};
    tools::append_flags(info.flags, message_rows());
    tools::append_flags(info.flags, payload_rows());
    tools::append_flags(info.flags, replay_rows());
    tools::append_flags(info.flags, request_rows());
    tools::append_flags(info.flags, pace_rows());
    tools::append_flags(info.flags, outbox_rows());
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

}  // namespace mqtt_pub
