// Keys of bridge sections, as mosquitto has them, and one of ours.
#include <algorithm>

#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfUse;
using mqtt::BridgeConfig;
using mqtt::BridgeDirection;
using mqtt::BridgeStart;
using mqtt::BridgeTopic;

constexpr ConfScope bridge = ConfScope::bridge;

#define BRIDGE_SET(...)                                \
    [](Conf& c, const ConfLine& line) {                \
        ConfBridge& b = c.current_bridge();            \
        static_cast<void>(b), static_cast<void>(line); \
        __VA_ARGS__;                                   \
    }

void open_bridge(Conf& conf, const ConfLine& line) {
    const auto has_name = [&](const ConfBridge& other) { return other.config.name == line.value; };
    if (std::any_of(conf.bridges.begin(), conf.bridges.end(), has_name)) {
        throw ConfError("'" + line.value + "' is there twice");
    }
    ConfBridge& opened = conf.bridges.emplace_back();
    opened.place = line.place();
    opened.config.name = line.value;
}

// HOST, HOST:PORT, [IPv6]:PORT; an IPv6 address without brackets needs its port, as with mosquitto.
mqtt::Endpoint parse_address(const std::string& text) {
    mqtt::Endpoint endpoint;
    endpoint.port = 0;
    std::string host = text;
    const std::size_t bracket = text.find(']');
    const std::size_t colon = text.rfind(':');
    if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
        ConfLine port;
        port.value = text.substr(colon + 1);
        endpoint.port = number<std::uint16_t>(port, 1, 65'535);
        host = text.substr(0, colon);
    }
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    if (host.empty()) throw ConfError("'" + text + "' has no host");
    endpoint.host = host;
    return endpoint;
}

void set_addresses(Conf& conf, const ConfLine& line) {
    ConfBridge& current = conf.current_bridge();
    if (!current.config.addresses.empty()) throw ConfError("the addresses are there already");
    for (const std::string& word : words(line.value))
        current.config.addresses.push_back(parse_address(word));
}

// Words, where quotes keep blanks and "" is an empty one.
std::vector<std::string> quoted_words(const std::string& text) {
    std::vector<std::string> all;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ' || text[at] == '\t') {
            ++at;
            continue;
        }
        const bool is_quoted = text[at] == '"';
        const std::size_t from = is_quoted ? at + 1 : at;
        std::size_t end = is_quoted ? text.find('"', from) : text.find_first_of(" \t", from);
        if (is_quoted && end == std::string::npos) throw ConfError("a quote is not closed");
        if (end == std::string::npos) end = text.size();
        all.push_back(text.substr(from, end - from));
        at = is_quoted ? end + 1 : end;
    }
    return all;
}

BridgeDirection direction(const std::string& word) {
    if (word == "out") return BridgeDirection::out;
    if (word == "in") return BridgeDirection::in;
    if (word == "both") return BridgeDirection::both;
    throw ConfError("'" + word + "' is none of out, in and both");
}

void add_topic(Conf& conf, const ConfLine& line) {
    const std::vector<std::string> parts = quoted_words(line.value);
    if (parts.empty() || parts.size() > 5) {
        throw ConfError("expected PATTERN [DIRECTION [QOS [LOCAL-PREFIX [REMOTE-PREFIX]]]]");
    }
    BridgeTopic topic;
    topic.pattern = parts[0];
    if (parts.size() > 1) topic.direction = direction(parts[1]);
    if (parts.size() > 2) {
        ConfLine qos;
        qos.value = parts[2];
        topic.qos = static_cast<mqtt::QoS>(integer(qos, 0, 2));
    }
    if (parts.size() > 3) topic.local_prefix = parts[3];
    if (parts.size() > 4) topic.remote_prefix = parts[4];
    const std::string problem = mqtt::check_bridge_topic(topic);
    if (!problem.empty()) throw ConfError(problem);
    conf.current_bridge().config.topics.push_back(std::move(topic));
}

void set_start(Conf& conf, const ConfLine& line) {
    BridgeStart& start = conf.current_bridge().config.start;
    if (line.value == "automatic")
        start = BridgeStart::automatic;
    else if (line.value == "lazy")
        start = BridgeStart::lazy;
    else if (line.value == "once")
        start = BridgeStart::once;
    else if (line.value == "manual")
        throw ConfError("manual is supported by no broker; automatic, lazy or once");
    else
        throw ConfError("'" + line.value + "' is none of automatic, lazy and once");
}

void set_reload_type(Conf& conf, const ConfLine& line) {
    if (line.value != "lazy" && line.value != "immediate")
        throw ConfError("'" + line.value + "' is neither lazy nor immediate");
    conf.current_bridge().config.changes_at_once = line.value == "immediate";
}

void set_version(Conf& conf, const ConfLine& line) {
    auto& version = conf.current_bridge().config.version;
    if (line.value == "mqttv31")
        version = mqtt::ProtocolVersion::v3_1;
    else if (line.value == "mqttv311")
        version = mqtt::ProtocolVersion::v3_1_1;
    else if (line.value == "mqttv50" || line.value == "mqttv5")
        version = mqtt::ProtocolVersion::v5;
    else
        throw ConfError("'" + line.value + "' is none of mqttv31, mqttv311 and mqttv50");
}

std::int64_t word_number(const std::string& word, std::int64_t least, std::int64_t most) {
    ConfLine one;
    one.value = word;
    return integer(one, least, most);
}

// One number: always so long; two: drawn between them, the longer the more attempts have failed.
void set_restart_timeout(Conf& conf, const ConfLine& line) {
    const std::vector<std::string> parts = words(line.value);
    if (parts.size() > 3) throw ConfError("expected BASE [CAP [STABLE]], in seconds");
    BridgeConfig& config = conf.current_bridge().config;
    using std::chrono::seconds;
    config.restart_base = seconds(word_number(parts[0], 1, 86'400));
    config.restart_cap = config.restart_base;
    if (parts.size() > 1) config.restart_cap = seconds(word_number(parts[1], 1, 86'400));
    if (parts.size() > 2) config.restart_stable = seconds(word_number(parts[2], 0, 86'400));
    if (config.restart_cap < config.restart_base) throw ConfError("the cap is below the base");
}

void set_tcp_keepalive(Conf& conf, const ConfLine& line) {
    const std::vector<std::string> parts = words(line.value);
    if (parts.size() != 3) throw ConfError("expected IDLE INTERVAL COUNT, in seconds");
    BridgeConfig& config = conf.current_bridge().config;
    config.tcp_keepalive_idle = static_cast<int>(word_number(parts[0], 1, 32'767));
    config.tcp_keepalive_interval = static_cast<int>(word_number(parts[1], 1, 32'767));
    config.tcp_keepalive_count = static_cast<int>(word_number(parts[2], 1, 127));
}

// As mosquitto: what is too short is no mistake.
void set_keep_alive(Conf& conf, const ConfLine& line) {
    constexpr std::int64_t kShortest = 5;
    const std::int64_t seconds = integer(line, 0, 65'535);
    if (seconds < kShortest) {
        conf.problems.push_back(
            {false, line.place() + ": keepalive_interval: 5 seconds are the shortest, and taken"});
    }
    conf.current_bridge().config.connect.keep_alive =
        std::chrono::seconds(std::max(seconds, kShortest));
}

// A file, a key or a list of trust makes the connection TLS.
template <auto Member>
void tls_text(Conf& conf, const ConfLine& line) {
    ConfBridge& current = conf.current_bridge();
    current.config.connect.tls.*Member = line.value;
}

template <auto Member>
void tls_on(Conf& conf, const ConfLine& line) {
    tls_text<Member>(conf, line);
    conf.current_bridge().is_tls = true;
}

void set_tls_version(Conf& conf, const ConfLine& line) {
    if (line.value != "tlsv1.2" && line.value != "tlsv1.3") {
        throw ConfError("'" + line.value + "' is neither tlsv1.2 nor tlsv1.3");
    }
    conf.current_bridge().config.connect.tls.minimum_version = line.value;
}

void set_require_ocsp(Conf&, const ConfLine& line) {
    if (boolean(line))
        throw ConfError("answers of OCSP are not checked by this broker; use crl files");
}

constexpr ConfKey kKeys[] = {
    {"connection", bridge, used, "NAME", "opens a bridge; the keys that follow are about it",
     open_bridge, true},
    {"address", bridge, used, "HOST[:PORT] ...",
     "the remote broker; several in the order of preference. Port 1883, with TLS 8883, if not "
     "given",
     set_addresses},
    {"addresses", bridge, used, "HOST[:PORT] ...", "the same", set_addresses},
    {"topic", bridge, used, "PATTERN [out|in|both [QOS [LOCAL-PREFIX [REMOTE-PREFIX]]]]",
     "what crosses, and whereto: topics below the local prefix here are below the remote prefix "
     "there. Of several lines that match, the first counts. Quotes keep blanks; \"\" is an empty "
     "prefix, or an empty pattern: a single topic. Without more it is out, with QoS 0",
     add_topic, true},
    {"round_robin", bridge, used, "true|false",
     "each attempt takes the next address; false: the first that answers, and the first of all "
     "again "
     "when it is back",
     BRIDGE_SET(b.config.round_robin = boolean(line)), false, "false"},
    {"start_type", bridge, used, "automatic|lazy|once",
     "automatic: always connected; lazy: when threshold messages wait, until idle_timeout; once: "
     "not "
     "again when the connection ends",
     set_start, false, "automatic"},
    {"threshold", bridge, used, "N", "messages that start a lazy bridge",
     BRIDGE_SET(b.config.threshold = number<std::size_t>(line, 1, kMostNumber)), false, "10"},
    {"idle_timeout", bridge, used, "SECONDS", "without messages, after which a lazy bridge ends",
     BRIDGE_SET(b.config.idle_timeout = std::chrono::seconds(integer(line, 1, kMostNumber))), false,
     "60"},
    {"restart_timeout", bridge, used, "BASE [CAP [STABLE]]",
     "seconds to the next attempt: always BASE, or drawn between BASE and CAP, the longer the more "
     "have failed; a connection of STABLE seconds lets them be short again",
     set_restart_timeout, false, "5 30"},
    {"keepalive_interval", bridge, used, "SECONDS", "keep alive towards the remote broker",
     set_keep_alive, false, "60"},
    {"cleansession", bridge, used, "true|false",
     "the remote broker keeps nothing for the bridge while it is away",
     BRIDGE_SET(b.config.clean_start = boolean(line)), false, "false"},
    {"local_cleansession", bridge, used, "true|false",
     "this broker keeps nothing for the remote while it is away; without it as cleansession",
     BRIDGE_SET(b.config.local_clean_start = boolean(line))},
    {"bridge_protocol_version", bridge, used, "mqttv31|mqttv311|mqttv50",
     "without it 5.0, and 3.1.1 where the remote broker does not understand that", set_version},
    {"try_private", bridge, used, "true|false",
     "3.x: tell the remote broker that this is a bridge, so that it sends nothing back; 5.0 has No "
     "Local for it",
     BRIDGE_SET(b.config.try_private = boolean(line)), false, "true"},
    {"bridge_hop_name", bridge, used, "NAME",
     "5.0: this broker's name in the user properties mqtt-hop of what goes out; what comes in with "
     "it "
     "has been here and is dropped, over however many brokers it came (ours)",
     BRIDGE_SET(b.config.hop_name = line.value)},
    {"remote_clientid", bridge, used, "TEXT",
     "client id at the remote broker; without it NAME.HOST",
     BRIDGE_SET(b.config.remote_client_id = line.value)},
    {"clientid", bridge, used, "TEXT", "its old name",
     BRIDGE_SET(b.config.remote_client_id = line.value)},
    {"remote_username", bridge, used, "TEXT", "user name at the remote broker",
     BRIDGE_SET(b.config.connect.user_name = line.value)},
    {"username", bridge, used, "TEXT", "its old name",
     BRIDGE_SET(b.config.connect.user_name = line.value)},
    {"remote_password", bridge, used, "TEXT", "password at the remote broker",
     BRIDGE_SET(b.config.connect.password = line.value)},
    {"password", bridge, used, "TEXT", "its old name",
     BRIDGE_SET(b.config.connect.password = line.value)},
    {"local_clientid", bridge, used, "TEXT",
     "client id of the bridge's session in this broker; without it local. and the remote one",
     BRIDGE_SET(b.config.local_client_id = line.value)},
    {"local_username", bridge, used, "TEXT",
     "the user whose rights by acl_file the bridge has here; without it all rights",
     BRIDGE_SET(b.config.local_user_name = line.value)},
    {"local_password", bridge, ignored, "TEXT", "the bridge is part of this broker"},
    {"notifications", bridge, used, "true|false",
     "retained 1 or 0, whether the bridge is connected, here and at the remote broker",
     BRIDGE_SET(b.config.notifications = boolean(line)), false, "true"},
    {"notifications_local_only", bridge, used, "true|false", "only here",
     BRIDGE_SET(b.config.notifications_local_only = boolean(line)), false, "false"},
    {"notification_topic", bridge, used, "TOPIC",
     "its topic; without it $SYS/broker/connection/REMOTE-CLIENTID/state",
     BRIDGE_SET(b.config.notification_topic = line.value)},
    {"bridge_attempt_unsubscribe", bridge, used, "true|false",
     "unsubscribe from what only goes out, which an earlier configuration may have subscribed to",
     BRIDGE_SET(b.config.attempt_unsubscribe = boolean(line)), false, "true"},
    {"bridge_outgoing_retain", bridge, used, "true|false", "false: messages go out without RETAIN",
     BRIDGE_SET(b.config.outgoing_retain = boolean(line)), false, "true"},
    {"bridge_max_packet_size", bridge, used, "BYTES",
     "packets from the remote broker that are accepted (5.0: which it is told); 0: any",
     BRIDGE_SET(const auto size = number<std::uint32_t>(line, 0, mqtt::kMaxRemainingLength);
                if (size != 0) b.config.connect.maximum_packet_size = size),
     false, "0"},
    {"bridge_max_topic_alias", bridge, used, "N", "aliases that the remote broker may use (5.0)",
     BRIDGE_SET(b.config.topic_alias_maximum = number<std::uint16_t>(line, 0, 65'535)), false,
     "10"},
    {"bridge_receive_maximum", bridge, used, "N",
     "QoS 1 and 2 messages in flight from the remote broker (5.0)",
     BRIDGE_SET(b.config.receive_maximum = number<std::uint16_t>(line, 1, 65'535)), false, "1000"},
    {"bridge_session_expiry_interval", bridge, used, "SECONDS",
     "how long the remote broker keeps the session of a bridge that is away (5.0); without it "
     "always",
     BRIDGE_SET(b.config.session_expiry = number<std::uint32_t>(line, 0, kMostNumber))},
    {"bridge_bind_address", bridge, used, "ADDRESS", "local address of the connection",
     BRIDGE_SET(b.config.connect.bind_address = line.value)},
    {"bridge_tcp_keepalive", bridge, used, "IDLE INTERVAL COUNT",
     "probes of an idle TCP connection, in seconds", set_tcp_keepalive},
    {"bridge_tcp_user_timeout", bridge, used, "MILLISECONDS",
     "how long data may go without an acknowledgement of TCP",
     BRIDGE_SET(b.config.tcp_user_timeout =
                    std::chrono::milliseconds(integer(line, 0, 0x7FFFFFFF)))},
    {"bridge_cafile", bridge, used, "FILE", "TLS: who signs the remote broker's certificate (PEM)",
     tls_on<&mqtt::TlsOptions::ca_file>},
    {"bridge_capath", bridge, used, "DIR", "TLS: the same as a hashed folder",
     tls_on<&mqtt::TlsOptions::ca_directory>},
    {"bridge_tls_use_os_certs", bridge, used, "true|false",
     "TLS: with the certificates that the system trusts",
     BRIDGE_SET(b.is_tls = b.is_tls || boolean(line)), false, "false"},
    {"bridge_certfile", bridge, used, "FILE", "TLS: the bridge's own certificate (PEM)",
     tls_text<&mqtt::TlsOptions::certificate_file>},
    {"bridge_keyfile", bridge, used, "FILE", "its private key (PEM)",
     tls_text<&mqtt::TlsOptions::key_file>},
    {"bridge_insecure", bridge, used, "true|false",
     "TLS: do not check that the certificate has the remote broker's name",
     BRIDGE_SET(b.config.connect.tls.verify_host_name = !boolean(line)), false, "false"},
    {"bridge_alpn", bridge, used, "NAME", "TLS: the application protocol to ask for",
     BRIDGE_SET(b.config.connect.tls.alpn = {line.value})},
    {"bridge_ciphers", bridge, used, "LIST", "ciphers of TLS 1.2",
     tls_text<&mqtt::TlsOptions::ciphers>},
    {"bridge_ciphers_tls1.3", bridge, used, "LIST", "cipher suites of TLS 1.3",
     tls_text<&mqtt::TlsOptions::ciphersuites>},
    {"bridge_tls_version", bridge, used, "tlsv1.2|tlsv1.3", "oldest version of TLS",
     set_tls_version, false, "tlsv1.2"},
    {"bridge_identity", bridge, used, "TEXT", "TLS by a pre-shared key: its identity",
     tls_on<&mqtt::TlsOptions::psk_identity>},
    {"bridge_psk", bridge, used, "KEY", "the pre-shared key, in hexadecimal",
     tls_on<&mqtt::TlsOptions::psk_hex>},
    {"bridge_require_ocsp", bridge, used, "false", "answers of OCSP are not checked",
     set_require_ocsp},
    {"bridge_reload_type", bridge, used, "lazy|immediate",
     "a reload that changes its lines: lazy, they hold when the connection ends; immediate, the "
     "connection ends for them, and what waits goes on after it (mosquitto: lazy)",
     set_reload_type, false, "immediate"},
};

}  // namespace

std::span<const ConfKey> bridge_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
