// Who we are and what the session is: login, client id, version, keep alive, will, properties, and
// how much is said about it all.
#include <algorithm>
#include <array>
#include <cstdint>

#include "common/connect_flags.hpp"
#include "common/mosquitto_checks.hpp"
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

struct PacketPlace {
    std::string_view packet;
    mqtt::PropertyPlace place;
    mqtt::PropertyList ConnectSettings::*list =
        nullptr;  // none: packets on which no option has a say
};

constexpr std::array kPlaces{
    PacketPlace{"connect", mqtt::PropertyPlace::connect, &ConnectSettings::connect_properties},
    PacketPlace{"publish", mqtt::PropertyPlace::publish, &ConnectSettings::publish_properties},
    PacketPlace{"subscribe", mqtt::PropertyPlace::subscribe,
                &ConnectSettings::subscribe_properties},
    PacketPlace{"unsubscribe", mqtt::PropertyPlace::unsubscribe,
                &ConnectSettings::unsubscribe_properties},
    PacketPlace{"disconnect", mqtt::PropertyPlace::disconnect,
                &ConnectSettings::disconnect_properties},
    PacketPlace{"will", mqtt::PropertyPlace::will, &ConnectSettings::will_properties},
    PacketPlace{"connack", mqtt::PropertyPlace::connack},
    PacketPlace{"auth", mqtt::PropertyPlace::auth},
    PacketPlace{"puback", mqtt::PropertyPlace::puback},
    PacketPlace{"pubrec", mqtt::PropertyPlace::pubrec},
    PacketPlace{"pubrel", mqtt::PropertyPlace::pubrel},
    PacketPlace{"pubcomp", mqtt::PropertyPlace::pubcomp},
};

// A client may not say everything that the packet may carry from a server.
bool is_server_only(std::string_view packet, std::string_view property) {
    if (packet == "publish") return property == "subscription-identifier";
    return packet == "disconnect" && property == "server-reference";
}

// For a property that comes without its packet. One that no packet has is told by the first of them.
std::string_view packet_of(const ConnectSettings& s, const FlagUse& use) {
    const auto packets = split_words(s.property_packets);
    for (const std::string_view packet : packets) {
        if (is_server_only(packet, use.words[1])) continue;
        for (const PacketPlace& row : kPlaces) {
            mqtt::PropertyList list;
            if (row.packet == packet &&
                mqtt::parse_property(list, row.place, use.words[1], use.words[2], use.words[3]) &&
                mqtt::validate_properties(list.view().raw(), row.place)) {
                return packet;
            }
        }
    }
    return packets.front();
}

// Its method may come behind authentication data: make_connect_options looks whether it did.
bool is_valid(mqtt::PropertyList list, mqtt::PropertyPlace place) {
    using Id = mqtt::PropertyId;
    const bool lacks_method =
        list.view().text(Id::authentication_data) && !list.view().text(Id::authentication_method);
    if (lacks_method) list.add(Id::authentication_method, "");
    return mqtt::validate_properties(list.view().raw(), place).ok();
}

void add_property(ConnectSettings& s, const FlagUse& use) {
    const bool is_short = use.words[0].empty() && s.persona == Persona::ours;  // NAME=VALUE
    const std::string packet(is_short ? packet_of(s, use) : use.words[0]);
    const std::string& property = use.words[1];
    s.version = mqtt::ProtocolVersion::v5;
    for (const PacketPlace& row : kPlaces) {
        if (row.packet != packet) continue;
        const bool is_refused = s.persona == Persona::ours || packet == "publish";
        if (is_refused && is_server_only(packet, property)) {
            throw UsageError("option '-D': " + packet + " of a client has no " + property);
        }
        mqtt::PropertyList unused;
        mqtt::PropertyList& list = row.list == nullptr ? unused : s.*row.list;
        const mqtt::Status status =
            mqtt::parse_property(list, row.place, property, use.words[2], use.words[3]);
        if (!status) {
            const std::string_view problem = status.error().detail;
            const bool is_number = problem.ends_with("range") || problem.ends_with("number");
            throw UsageError("option '-D " + packet + " " + property +
                             (is_number ? " " + use.words[2] : "") + "': " + std::string(problem));
        }
        if (row.list == nullptr) {
            throw UsageError("option '-D': " + packet + " of a client has no " + property +
                             " that an option sets");
        }
        if (!is_valid(list, row.place)) {
            throw UsageError("option '-D " + packet + " " + property +
                             "' was given twice or is not valid there");
        }
        if (s.persona != Persona::ours && !property.ends_with("-data") &&
            !is_mosquitto_text(use.words[2])) {
            throw UsageError("option '-D " + packet + " " + property +
                             "': the value is not valid UTF-8 to mosquitto");
        }
        return;
    }
    throw UsageError("option '-D' does not know '" + packet +
                     "'; choose from connect publish subscribe unsubscribe disconnect will");
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
        add_property},
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
