// One row per flag of mqtt-broker-lite.
#include "mqtt-broker-lite/options.hpp"

#include "common/app.hpp"
#include "common/units.hpp"
#include "mqtt-broker-lite/http_text.hpp"
#include "mqtt-broker-lite/store_command.hpp"
#include "mqtt-broker-lite/sys_text.hpp"
#include "mqtt/topic.hpp"

namespace tools::broker_lite {
namespace {

using mqtt::Endpoint;
using mqtt::Persistence;
using mqtt::Transport;

constexpr std::uint16_t kConsolePort = 9883;  // as in mosquitto's examples of http_api

std::uint16_t port_of(const FlagUse& use) {
    return static_cast<std::uint16_t>(parse_integer(use.typed(), use.word(), 0, 65'535));
}

void add_listener(Options& o, Transport transport, const FlagUse& use) {
    Endpoint endpoint;
    endpoint.transport = transport;
    endpoint.host.clear();
    endpoint.port = port_of(use);
    o.listeners.push_back(std::move(endpoint));
}

void add_url(Options& o, const FlagUse& use) {
    const auto parsed = mqtt::parse_url(use.word());
    if (!parsed) {
        throw UsageError(use.typed() + " '" + use.word() +
                         "': " + std::string(parsed.error().detail));
    }
    if (parsed->endpoint.host.empty() && parsed->endpoint.transport != Transport::unix_socket) {
        throw UsageError(use.typed() + " '" + use.word() +
                         "': the host is missing (localhost, or " +
                         "0.0.0.0 and [::] for every address)");
    }
    o.listeners.push_back(parsed->endpoint);
}

// [ADDRESS:]PORT; any:PORT is every address of the machine.
void add_console(Options& o, const FlagUse& use) {
    Endpoint endpoint;
    endpoint.host = "localhost";
    endpoint.port = kConsolePort;
    std::string word = use.word();
    const std::size_t colon = word.rfind(':');
    if (colon != std::string::npos) {
        endpoint.host = bind_host(word.substr(0, colon));
        word.erase(0, colon + 1);
    }
    if (!word.empty()) {
        endpoint.port = static_cast<std::uint16_t>(parse_integer(use.typed(), word, 0, 65'535));
    }
    o.consoles.push_back(std::move(endpoint));
}

void add_unix(Options& o, const FlagUse& use) {
    Endpoint endpoint;
    endpoint.transport = Transport::unix_socket;
    endpoint.host.clear();
    endpoint.port = 0;
    endpoint.path = use.word();
    o.listeners.push_back(std::move(endpoint));
}

void set_unix_mode(Options& o, const FlagUse& use) {
    const std::string& word = use.word();
    const bool is_octal = !word.empty() && word.size() <= 4 &&
                          word.find_first_not_of("01234567") == std::string::npos;
    if (!is_octal || std::stoul(word, nullptr, 8) > 0777) {
        throw UsageError(use.typed() + " '" + word + "': not permissions like 660");
    }
    o.unix_mode = static_cast<unsigned>(std::stoul(word, nullptr, 8));
}

void add_user(Options& o, const FlagUse& use) {
    const std::size_t colon = use.word().find(':');
    if (colon == 0 || colon == std::string::npos || colon + 1 == use.word().size()) {
        throw UsageError(use.typed() + " '" + use.word() + "': not NAME:FILE");
    }
    o.users.emplace_back(use.word().substr(0, colon), use.word().substr(colon + 1));
}

void add_traced_topic(Options& o, const FlagUse& use) {
    if (!mqtt::validate_topic_filter(use.word())) {
        throw UsageError(use.typed() + " '" + use.word() + "': no topic filter");
    }
    o.config.trace_topics.push_back(use.word());
}

std::chrono::seconds whole_seconds(const FlagUse& use) {
    const auto duration = parse_duration(use.typed(), use.word());
    return std::chrono::ceil<std::chrono::seconds>(duration);
}

void set_persistence(Options& o, const FlagUse& use) {
    const std::string& mode = use.word();
    if (mode != "off" && mode != "batch" && mode != "strict") {
        throw UsageError(use.typed() + " '" + mode + "': none of off, batch and strict");
    }
    o.config.persistence = mode == "off"     ? Persistence::off
                           : mode == "batch" ? Persistence::batch
                                             : Persistence::strict;
    if (o.config.store_file.empty()) o.config.store_file = "mqtt-broker-lite.db";
}

constexpr std::string_view kConfiguration = "Configuration";
constexpr std::string_view kListen = "Listening";
constexpr std::string_view kOutput = "Output";

const FlagRow<Options> kFlags[] = {
    {{.long_name = "config-file",
      .short_name = 'c',
      .argument = "FILE",
      .category = kConfiguration,
      .help = "read a mosquitto.conf; flags win over it",
      .details = "mqtt-broker-lite.conf(5) has the keys. -p is heard only when the file has no "
                 "listener; other listeners come on top.",
      .complete = Complete::file,
      .common = true},
     [](Options& o, const FlagUse& use) { o.config_file = use.word(); }},
    {{.long_name = "check-config",
      .takes = Takes::nothing,
      .category = kConfiguration,
      .help = "name every problem of the configuration and end"},
     [](Options& o, const FlagUse&) { o.check_config = true; }},
    {{.long_name = "test-config",
      .takes = Takes::nothing,
      .category = kConfiguration,
      .help = "as --check-config; mosquitto's name"},
     [](Options& o, const FlagUse&) { o.check_config = true; }},
    {{.long_name = "usage",
      .short_name = 'h',
      .takes = Takes::nothing,
      .category = kConfiguration,
      .help = "as --help; mosquitto's -h"},
     [](Options& o, const FlagUse&) { o.usage = true; }},
    {{.long_name = "print-config",
      .takes = Takes::nothing,
      .category = kConfiguration,
      .help = "print the values that hold, and where each is said, and end"},
     [](Options& o, const FlagUse&) { o.print_config = true; }},
    {{.long_name = "daemon",
      .short_name = 'd',
      .takes = Takes::nothing,
      .category = kConfiguration,
      .help = "go on in the background once it listens"},
     [](Options& o, const FlagUse&) { o.daemon = true; }},
    {{.long_name = "persistence",
      .argument = "MODE",
      .category = kConfiguration,
      .help = "what outlives the program: off, batch or strict",
      .details = "batch: retained messages and the sessions of clients that want to be remembered, "
                 "written every 100 ms; a crash costs what came since. strict: what promises "
                 "something (PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK, CONNACK of such a session) "
                 "leaves when it is on disk.",
      .initial = "off",
      .choices = "off batch strict"},
     set_persistence},
    {{.long_name = "store",
      .argument = "FILE",
      .category = kConfiguration,
      .help = "where; mqtt-broker-lite.db if not given; alone it means --persistence batch",
      .complete = Complete::file},
     [](Options& o, const FlagUse& use) {
         o.config.store_file = use.word();
         if (o.config.persistence == Persistence::off) o.config.persistence = Persistence::batch;
     }},
    {{.long_name = "port",
      .short_name = 'p',
      .argument = "PORT",
      .category = kListen,
      .help = "listen for MQTT over TCP; 0: the kernel chooses",
      .initial = "1883",
      .common = true,
      .repeatable = true},
     [](Options& o, const FlagUse& use) { add_listener(o, Transport::tcp, use); }},
    {{.long_name = "tls",
      .argument = "PORT",
      .category = kListen,
      .help = "listen for MQTT over TLS (8883 is usual)",
      .common = true,
      .repeatable = true},
     [](Options& o, const FlagUse& use) { add_listener(o, Transport::tls, use); }},
    {{.long_name = "ws",
      .argument = "PORT",
      .category = kListen,
      .help = "listen for MQTT over WebSocket, any path",
      .details =
          "The same port as -p: both on it, told apart by a connection's first byte. So it is "
          "with --tls and --wss.",
      .common = true,
      .repeatable = true},
     [](Options& o, const FlagUse& use) { add_listener(o, Transport::websocket, use); }},
    {{.long_name = "wss",
      .argument = "PORT",
      .category = kListen,
      .help = "listen for MQTT over secure WebSocket",
      .repeatable = true},
     [](Options& o, const FlagUse& use) { add_listener(o, Transport::secure_websocket, use); }},
    {{.long_name = "unix",
      .argument = "PATH",
      .category = kListen,
      .help = "listen on a Unix socket",
      .complete = Complete::file,
      .repeatable = true},
     add_unix},
    {{.long_name = "console",
      .argument = "[[ADDRESS:]PORT]",
      .category = kListen,
      .help = "serve the console page, the HTTP API and metrics",
      .details =
          "Without ADDRESS only programs on this machine reach it. Others (any:PORT is every "
          "address) must log in with a user name and password, so there must be users: --user or "
          "password_file. With --cert it speaks TLS there. See HTTP API.",
      .initial = "9883",
      .common = true,
      .repeatable = true},
     add_console},
    {{.long_name = "listen",
      .short_name = 'L',
      .argument = "URL",
      .category = kListen,
      .help = "listen on mqtt://, mqtts://, ws://, wss:// or unix:",
      .details = "The host of the URL is the address: localhost is 127.0.0.1 and ::1, 0.0.0.0 and "
                 "[::] are every address of the machine.",
      .common = true,
      .repeatable = true},
     add_url},
    {{.long_name = "bind",
      .argument = "ADDRESS",
      .category = kListen,
      .help = "address for -p, --tls, --ws and --wss; any: every address of the machine",
      .details = "Without it only programs on this machine can connect.",
      .initial = "localhost",
      .common = true,
      .repeatable = true},
     [](Options& o, const FlagUse& use) { o.bind.push_back(use.word()); }},
    {{.long_name = "unix-mode",
      .argument = "MODE",
      .category = kListen,
      .help = "permissions of Unix sockets, in octal digits",
      .initial = "660"},
     set_unix_mode},
    {{.long_name = "user",
      .argument = "NAME:FILE",
      .category = kListen,
      .help = "let NAME in with the password in the first line of FILE, others not",
      .details = "With a configuration file: besides those of its password_file.",
      .repeatable = true},
     add_user},
    {{.long_name = "cert",
      .argument = "FILE",
      .category = kListen,
      .help = "certificate chain for TLS listeners (PEM)",
      .complete = Complete::file,
      .common = true},
     [](Options& o, const FlagUse& use) { o.tls.certificate_file = use.word(); }},
    {{.long_name = "key",
      .argument = "FILE",
      .category = kListen,
      .help = "private key for TLS listeners (PEM)",
      .complete = Complete::file,
      .common = true},
     [](Options& o, const FlagUse& use) { o.tls.key_file = use.word(); }},
    {{.long_name = "cafile",
      .argument = "FILE",
      .category = kListen,
      .help = "who signs client certificates (PEM); asks clients for one",
      .complete = Complete::file},
     [](Options& o, const FlagUse& use) {
         o.tls.ca_file = use.word();
         o.tls.request_client_certificate = true;
     }},
    {{.long_name = "tls-keylog",
      .argument = "FILE",
      .category = kListen,
      .help = "append the session keys of TLS listeners to this file, for Wireshark",
      .complete = Complete::file},
     [](Options& o, const FlagUse& use) { o.tls.key_log_file = use.word(); }},
    {{.long_name = "require-certificate",
      .takes = Takes::nothing,
      .category = kListen,
      .help = "refuse clients without a certificate that --cafile signed"},
     [](Options& o, const FlagUse&) {
         o.tls.request_client_certificate = o.tls.require_client_certificate = true;
     }},
};

const FlagRow<Options> kOutputFlags[] = {
    {{.long_name = "sys-interval",
      .argument = "TIME",
      .category = kOutput,
      .help = "how often $SYS/broker/... is updated; 0: never",
      .initial = "10s"},
     [](Options& o, const FlagUse& use) { o.config.sys_interval = whole_seconds(use); }},
    {{.long_name = "verbose",
      .short_name = 'v',
      .takes = Takes::nothing,
      .category = kOutput,
      .help = "log every packet",
      .common = true},
     [](Options& o, const FlagUse&) { o.verbose = true; }},
    {{.long_name = "trace-client",
      .argument = "ID",
      .category = kOutput,
      .help = "log every packet of this client",
      .repeatable = true},
     [](Options& o, const FlagUse& use) { o.config.trace_clients.push_back(use.word()); }},
    {{.long_name = "trace-topic",
      .argument = "FILTER",
      .category = kOutput,
      .help = "log every message, in and out, whose topic matches",
      .repeatable = true},
     add_traced_topic},
    {{.long_name = "quiet",
      .short_name = 'q',
      .takes = Takes::nothing,
      .category = kOutput,
      .help = "no log, only errors"},
     [](Options& o, const FlagUse&) { o.quiet = true; }},
    {{.long_name = "log-format",
      .argument = "FORM",
      .category = kOutput,
      .help = "lines as text in mosquitto's form, or as JSON",
      .initial = "text",
      .choices = "text json"},
     [](Options& o, const FlagUse& use) {
         o.log_format = use.word() == "json" ? LogFormat::json : LogFormat::text;
     }},
    {{.long_name = "ready-file",
      .argument = "FILE",
      .category = kOutput,
      .help = "write the URLs that are listened on, one per line, when ready",
      .details = "The file appears complete or not at all, so a script may wait for it.",
      .complete = Complete::file},
     [](Options& o, const FlagUse& use) { o.ready_file = use.word(); }},
};

}  // namespace

std::span<const FlagRow<Options>> flag_table() {
    static const std::vector<FlagRow<Options>> kTable = [] {
        std::vector<FlagRow<Options>> all(std::begin(kFlags), std::end(kFlags));
        all.insert(all.end(), limit_flags().begin(), limit_flags().end());
        all.insert(all.end(), std::begin(kOutputFlags), std::end(kOutputFlags));
        return all;
    }();
    return kTable;
}

ToolInfo tool_info() {
    ToolInfo info;
    info.name = "mqtt-broker-lite";
    info.summary = "an MQTT broker for one machine, fast and small";
    info.synopsis = {"[options]", "init [-p PORT] DIR", "passwd [-bcDU] FILE [USER]",
                     "store check|stats|export [--store FILE | -c FILE]",
                     "store backup TARGET [--store FILE | -c FILE]"};
    info.description =
        "Lets MQTT 3.1, 3.1.1 and 5.0 clients exchange messages over TCP, TLS, WebSocket and Unix "
        "sockets. Without options it listens on port 1883 of the loopback addresses, so that only "
        "programs on this machine can connect; --bind any lets others in.\n\n"
        "At start it says every URL by which a program can reach it. SIGINT and SIGTERM stop it: "
        "clients are told, what is staged is written out.\n\n"
        "Sessions, queues and retained messages are kept in memory and end with the program, "
        "unless --persistence or the configuration has them kept in a file.\n\n"
        "-c takes a mosquitto.conf; its keys are in mqtt-broker-lite.conf(5). SIGHUP reads "
        "passwords, access lists, certificates, limits, bridges and what the log tells again, and "
        "leaves "
        "everything as it was when one has a mistake; of what has changed beside them it says "
        "that it needs a restart; without -c it is the certificates of --cert and the passwords of "
        "--user. Limits that a "
        "client was told of at CONNECT stay with its "
        "connection. "
        "SIGRTMIN opens log files again. SIGUSR1, by which mosquitto writes its database, says "
        "that "
        "there is nothing to write, and SIGUSR2 how much is subscribed and retained. Sockets that "
        "systemd has opened (LISTEN_FDS) are taken by "
        "the listeners with their address.\n\n"
        "init DIR writes a configuration with comments, a password file with one user, an access "
        "list "
        "and a data folder, which start as they are, on a port of their own. "
        "The passwd command makes and edits password files, with the flags of mosquitto_passwd; "
        "mqtt-broker-lite passwd --help has them.";
    append_flags(info.flags, flag_table());
    append_general_flags(info.flags);
    info.examples = {
        {"mqtt-broker-lite -v", "On this machine only, logging every packet."},
        {"mqtt-broker-lite -c mosquitto.conf -v", "With mosquitto's configuration."},
        {"mqtt-broker-lite --bind any", "For the whole network."},
        {"mqtt-broker-lite --console", "With a page at http://127.0.0.1:9883/ to look inside."},
        {"mqtt-broker-lite init ~/broker", "A configuration to begin with."},
        {"mqtt-broker-lite store backup /backup/today.db -c /etc/mqtt/broker.conf",
         "A copy of what the broker keeps, while it runs."},
        {"mqtt-broker-lite -p 1883 --ws 1883", "MQTT and WebSocket on one port."},
        {"mqtt-broker-lite -p 1883 --tls 8883 --ws 8080 --cert server.pem --key server.key",
         "TCP, TLS and WebSocket side by side."},
        {"mqtt-broker-lite --unix /run/user/1000/mqtt.sock", "A Unix socket and nothing else."},
    };
    info.sections = {{"$SYS topics", kSysText}, {"Store", kStoreText}, {"HTTP API", kHttpText}};
    info.see_also = {"mqtt-bench 1", "mqtt-pub 1", "mqtt-sub 1", "mqtt-broker-lite.conf 5"};
    return info;
}

}  // namespace tools::broker_lite
