// Who we are and what the session is: login, client id, version, keep alive, will, properties, and
// how much is said about it all.
#include <algorithm>
#include <array>
#include <cstdint>

#include "common/connect_flags.hpp"
#include "common/mosquitto_properties.hpp"
#include "common/property_option.hpp"
#include "common/units.hpp"
#include "mqtt/topic.hpp"

namespace tools {
namespace {

constexpr std::string_view kLogin = "Login and session";
constexpr std::string_view kWill = "Will";
constexpr std::string_view kProperties = "MQTT 5.0 properties";
constexpr std::string_view kTalk = "Messages of the tool";

constexpr std::int64_t kLargestWindow = 65'535;

void set_version(ConnectSettings& s, const FlagUse& use) {
    std::string_view word = use.word();
    const bool ours = s.persona == Persona::ours;
    if (word.starts_with("mqttv")) word.remove_prefix(5);
    if (word == "31" || (ours && word == "3.1")) {
        s.version = mqtt::ProtocolVersion::v3_1;
    } else if (word == "311" || (ours && word == "3.1.1")) {
        s.version = mqtt::ProtocolVersion::v3_1_1;
    } else if (word == "5" || (ours && word == "5.0")) {
        s.version = mqtt::ProtocolVersion::v5;
    } else {
        throw UsageError("option '-V' needs 31, 311 or 5, not '" + use.word() + "'");
    }
}

void set_session_expiry(ConnectSettings& s, const FlagUse& use) {
    const std::string& word = use.word();
    s.version = mqtt::ProtocolVersion::v5;
    if (word == "-1" || word == "\u221e") {
        s.session_expiry = mqtt::kNeverExpires;
        return;
    }
    char* end = nullptr;
    const long long value = std::strtoll(word.c_str(), &end, 0);  // C prefixes: 0x3C is 60
    if (word.empty() || *end != 0 || value < 0 || value > mqtt::kNeverExpires) {
        throw UsageError("option '-x' needs seconds from 0 to 4294967295, or -1, not '" + word +
                         "'");
    }
    s.session_expiry = static_cast<std::uint32_t>(value);
}

mqtt::QoS parse_qos(const FlagUse& use) {
    return static_cast<mqtt::QoS>(parse_integer(use.typed(), use.word(), 0, 2));
}

void check_ids(const ConnectSettings& s) {
    if (s.client_id && s.client_id_prefix) {
        throw UsageError("options '-i' and '-I' exclude each other");
    }
}

void set_will_topic(ConnectSettings& s, const FlagUse& use) {
    if (!mqtt::validate_topic_name(use.word())) {
        throw UsageError("'" + use.word() + "' is not a valid will topic");
    }
    s.will.topic = use.word();
}

void set_property(ConnectSettings& s, const FlagUse& use) {
    s.persona == Persona::ours ? add_property(s, use) : add_mosquitto_property(s, use);
    s.version = mqtt::ProtocolVersion::v5;
}

constexpr std::array kRows{
    ConnectRow{{.long_name = "username",
                .short_name = 'u',
                .argument = "NAME",
                .category = kLogin,
                .help = "user name",
                .common = true},
               [](ConnectSettings& s, const FlagUse& use) { s.user_name = use.word(); }},
    ConnectRow{{.long_name = "pw",
                .short_name = 'P',
                .aliases = "password",
                .argument = "PASSWORD",
                .category = kLogin,
                .help = "password; see --password-file and --password-command",
                .common = true,
                .secret = Secret::word},
               [](ConnectSettings& s, const FlagUse& use) { s.password = use.word(); }},
    ConnectRow{{.long_name = "password-file",
                .argument = "FILE",
                .category = kLogin,
                .help = "read the password from the first line of this file",
                .complete = Complete::file,
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse& use) { s.password_file = use.word(); }},
    ConnectRow{{.long_name = "password-command",
                .argument = "COMMAND",
                .category = kLogin,
                .help = "password is the first line that this shell command prints",
                .details = "Run again at each reconnect, for tokens that expire. It finds "
                           "MQTT_HOST, MQTT_PORT, MQTT_USERNAME and MQTT_CLIENT_ID in its "
                           "environment, nothing on its standard input, and has "
                           "--connect-timeout to end.",
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse& use) { s.password_command = use.word(); }},
    ConnectRow{{.long_name = "ask-password",
                .takes = Takes::nothing,
                .category = kLogin,
                .help = "ask for the password on the terminal",
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse&) { s.ask_password = true; }},
    ConnectRow{{.long_name = "id",
                .short_name = 'i',
                .argument = "ID",
                .category = kLogin,
                .help = "client identifier",
                .initial = "chosen by the server",
                .common = true},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.client_id = use.word();
                   check_ids(s);
               }},
    ConnectRow{{.long_name = "id-prefix",
                .short_name = 'I',
                .argument = "PREFIX",
                .category = kLogin,
                .help = "client identifier: this and the process id"},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.client_id_prefix = use.word();
                   check_ids(s);
               }},
    ConnectRow{{.long_name = "protocol-version",
                .short_name = 'V',
                .argument = "VERSION",
                .category = kLogin,
                .help = "MQTT version: 31, 311 or 5",
                .details = "Without it 5 is tried, then 311 when the server does not know 5.",
                .common = true},
               set_version},
    ConnectRow{{.long_name = "disable-clean-session",
                .short_name = 'c',
                .takes = Takes::nothing,
                .category = kLogin,
                .help = "keep the session: subscriptions and queued messages wait for our return",
                .details = "Needs -i. With MQTT 5.0 the session never expires unless -x says so.",
                .common = true},
               [](ConnectSettings& s, const FlagUse&) { s.keep_session = true; }},
    ConnectRow{{.long_name = "session-expiry",
                .short_name = 'x',
                .argument = "SECONDS",
                .category = kLogin,
                .help = "how long the server keeps the session after we leave; -1: for ever"},
               set_session_expiry},
    ConnectRow{{.long_name = "keepalive",
                .short_name = 'k',
                .argument = "SECONDS",
                .category = kLogin,
                .help = "longest silence before a ping",
                .initial = "60"},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.keep_alive =
                       std::chrono::seconds(parse_integer(use.typed(), use.word(), 5, 65'535));
               }},
    ConnectRow{{.long_name = "max-inflight",
                .short_name = 'M',
                .argument = "N",
                .category = kLogin,
                .help = "QoS 1 and 2 messages under way at once",
                .details = "In every version for what is published. mqtt-sub asks the server to "
                           "keep to it (Receive Maximum of MQTT 5.0).",
                .initial = "what the server allows, where it does not say (before 5.0) 20 with QoS "
                           "2; 20 under mosquitto's names"},
               [](ConnectSettings& s, const FlagUse& use) {
                   // mosquitto takes what is more for all that there can be.
                   const bool ours = s.persona == Persona::ours;
                   const std::int64_t most = ours ? kLargestWindow : std::int64_t{INT32_MAX};
                   s.max_inflight = static_cast<std::uint16_t>(
                       std::min(parse_integer(use.typed(), use.word(), 1, most), kLargestWindow));
                   s.max_inflight_given = true;
               }},
    ConnectRow{{.long_name = "will-topic",
                .argument = "TOPIC",
                .category = kWill,
                .help = "topic of the message that the server publishes when we are lost"},
               set_will_topic},
    ConnectRow{{.long_name = "will-payload",
                .argument = "TEXT",
                .category = kWill,
                .help = "payload of the will",
                .initial = "empty"},
               [](ConnectSettings& s, const FlagUse& use) { s.will.payload = use.word(); }},
    ConnectRow{{.long_name = "will-qos",
                .argument = "QOS",
                .category = kWill,
                .help = "QoS of the will",
                .initial = "0"},
               [](ConnectSettings& s, const FlagUse& use) { s.will.qos = parse_qos(use); }},
    ConnectRow{{.long_name = "will-retain",
                .takes = Takes::nothing,
                .category = kWill,
                .help = "make the will retained"},
               [](ConnectSettings& s, const FlagUse&) { s.will.retain = true; }},
    ConnectRow{
        {.long_name = "property",
         .short_name = 'D',
         .takes = Takes::property,
         .argument = "PACKET NAME VALUE",
         .category = kProperties,
         .help = "set a property; user-property takes two values: key and value",
         .details = "PACKET is connect, publish, subscribe, unsubscribe, disconnect or will. "
                    "NAME is a property as the standard spells it, in small letters with "
                    "dashes. Selects MQTT 5.0 unless a later -V says otherwise. Short: NAME=VALUE, "
                    "user-property=KEY=VALUE, for the packet of this program that may have it.",
         .repeatable = true},
        set_property},
    ConnectRow{{.long_name = "debug",
                .short_name = 'd',
                .takes = Takes::nothing,
                .category = kTalk,
                .help = "a line per packet, on standard error",
                .details = "Under mosquitto's names the lines go to standard output."},
               [](ConnectSettings& s, const FlagUse&) { s.debug = true; }},
    ConnectRow{{.long_name = "quiet",
                .takes = Takes::nothing,
                .category = kTalk,
                .help = "no messages while running; wrong options are still told"},
               [](ConnectSettings& s, const FlagUse&) { s.quiet = true; }},
};

}  // namespace

std::span<const ConnectRow> session_rows() {
    return kRows;
}

}  // namespace tools
