// Where to connect and how long to try; and the three tables as one.
#include "common/connect_flags.hpp"

#include <array>
#include <utility>

#include "common/mosquitto_urls.hpp"
#include "common/profile.hpp"
#include "common/units.hpp"

namespace tools {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kCategory = "Connection";

milliseconds to_ms(const FlagUse& use) {
    return std::chrono::ceil<milliseconds>(parse_duration(use.typed(), use.word()));
}

void add_header(ConnectSettings& s, const FlagUse& use) {
    const std::string& text = use.word();
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string::npos) {
        throw UsageError("option '--ws-header' needs 'Name: value', not '" + text + "'");
    }
    const std::size_t value = text.find_first_not_of(' ', colon + 1);
    s.websocket_options.headers.emplace_back(
        text.substr(0, colon), value == std::string::npos ? std::string() : text.substr(value));
}

void set_proxy(ConnectSettings& s, const FlagUse& use) {
    constexpr std::string_view scheme = "socks5h://";
    const std::string& url = use.word();
    if (s.persona != Persona::ours) {
        s.proxy = read_mosquitto_proxy(url, s.quiet);
        return;
    }
    if (!url.starts_with(scheme)) {
        throw UsageError("option '--proxy' needs socks5h://[USER[:PASSWORD]@]HOST[:PORT], not '" +
                         masked_url(url) + "'");
    }
    // Same grammar after the scheme as mqtt://, so the same reader.
    const auto parsed = mqtt::parse_url("mqtt://" + url.substr(scheme.size()));
    if (!parsed) {
        throw UsageError("option '--proxy': '" + masked_url(url) + "' is not a usable URL");
    }
    s.proxy = {.host = parsed->endpoint.host,
               .user_name = parsed->user_name,
               .password = parsed->password};
    if (parsed->has_port) s.proxy.port = parsed->endpoint.port;
}

constexpr std::array kRows{
    ConnectRow{{.long_name = "host",
                .short_name = 'h',
                .argument = "HOST",
                .category = kCategory,
                .help = "server to connect to: a name or an address",
                .initial = "localhost",
                .complete = Complete::host,
                .common = true},
               [](ConnectSettings& s, const FlagUse& use) { s.host = use.word(); }},
    ConnectRow{{.long_name = "port",
                .short_name = 'p',
                .argument = "PORT",
                .category = kCategory,
                .help = "port to connect to",
                .initial = "1883; 8883 with TLS",
                .common = true},
               [](ConnectSettings& s, const FlagUse& use) {
                   // mosquitto: port 0 makes the host a socket's path.
                   s.port = static_cast<std::uint16_t>(parse_integer(
                       use.typed(), use.word(), s.persona == Persona::ours ? 1 : 0, 65'535));
               }},
    ConnectRow{{.long_name = "url",
                .short_name = 'L',
                .argument = "URL",
                .category = kCategory,
                .help = "all in one: mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT]/TOPIC",
                .details = "Also ws://HOST/PATH, wss://HOST/PATH and unix:PATH. User, password and "
                           "topic may be percent-encoded; an IPv6 address stands in brackets. The "
                           "URL may stand alone, without the option.",
                .common = true,
                .secret = Secret::url},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.url = use.word();
                   if (s.persona == Persona::ours) return;
                   check_mosquitto_url(s.persona, *s.url);
                   s.host.reset();  // the last one that names a host and port wins
                   s.port.reset();
               }},
    ConnectRow{{.long_name = "profile",
                .argument = "NAME",
                .category = kCategory,
                .help = "read connection options from this profile first",
                .details = "See PROFILES AND SECRETS.",
                .names = kOurs,
                .once = true},
               [](ConnectSettings&, const FlagUse&) {}},  // app has read it
    ConnectRow{{.long_name = "unix",
                .argument = "PATH",
                .category = kCategory,
                .help = "connect to a Unix socket",
                .complete = Complete::file},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.unix_path = use.word();
                   if (s.persona == Persona::ours) return;
                   s.host = std::exchange(s.unix_path, {});  // as if it were -h, with the port 0
                   s.port = 0;
               }},
    ConnectRow{{.long_name = "ws",
                .takes = Takes::nothing,
                .category = kCategory,
                .help = "speak MQTT over WebSocket"},
               [](ConnectSettings& s, const FlagUse&) { s.websocket = true; }},
    ConnectRow{{.long_name = "ws-path",
                .argument = "PATH",
                .category = kCategory,
                .help = "path of the WebSocket request (implies --ws)",
                .initial = "/mqtt",
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.websocket = true;
                   s.websocket_path = use.word();
               }},
    ConnectRow{{.long_name = "ws-header",
                .argument = "HEADER",
                .category = kCategory,
                .help = "add 'Name: value' to the WebSocket request (implies --ws)",
                .names = kOurs,
                .repeatable = true,
                .secret = Secret::word},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.websocket = true;
                   add_header(s, use);
               }},
    ConnectRow{{.long_name = "ws-protocol",
                .argument = "NAME",
                .category = kCategory,
                .help = "WebSocket subprotocol to ask for (implies --ws)",
                .initial = "mqtt",
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.websocket = true;
                   s.websocket_options.subprotocol = use.word();
               }},
    ConnectRow{{.long_name = "proxy",
                .argument = "URL",
                .category = kCategory,
                .help = "SOCKS5 proxy: socks5h://[USER[:PASSWORD]@]HOST[:PORT]",
                .secret = Secret::url},
               set_proxy},
    ConnectRow{{.long_name = "bind",
                .short_name = 'A',
                .argument = "ADDRESS",
                .category = kCategory,
                .help = "local address to connect from"},
               [](ConnectSettings& s, const FlagUse& use) { s.bind_address = use.word(); }},
    ConnectRow{{.long_name = "srv",
                .short_name = 'S',
                .takes = Takes::nothing,
                .category = kCategory,
                .help = "ask DNS for the server: SRV of _mqtt._tcp.HOST",
                .details = "With TLS the record of _secure-mqtt._tcp.HOST is asked for."},
               [](ConnectSettings& s, const FlagUse&) { s.lookup_srv = true; }},
    ConnectRow{{.long_name = "nodelay",
                .takes = Takes::nothing,
                .category = kCategory,
                .help = "send small packets at once (always so here)"},
               [](ConnectSettings& s, const FlagUse&) { s.no_delay = true; }},
    ConnectRow{{.long_name = "connect-timeout",
                .argument = "DURATION",
                .category = kCategory,
                .help = "give up an attempt that is not accepted by then",
                .initial = "30s",
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse& use) { s.connect_timeout = to_ms(use); }},
    ConnectRow{{.long_name = "max-retries",
                .argument = "N",
                .category = kCategory,
                .help = "failed reconnects in a row before giving up",
                .initial = "no limit",
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.reconnect.max_retries =
                       static_cast<int>(parse_integer(use.typed(), use.word(), 0, 1'000'000'000));
               }},
    ConnectRow{{.long_name = "retry-delay",
                .argument = "DURATION",
                .category = kCategory,
                .help = "longest wait between two attempts to reconnect",
                .initial = "30s",
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse& use) {
                   s.reconnect.maximum_delay = to_ms(use);
                   s.reconnect.initial_delay =
                       std::min(s.reconnect.initial_delay, s.reconnect.maximum_delay);
               }},
    ConnectRow{{.long_name = "exit-on-disconnect",
                .takes = Takes::nothing,
                .category = kCategory,
                .help = "end when the connection is lost, instead of reconnecting",
                .names = kOurs},
               [](ConnectSettings& s, const FlagUse&) { s.reconnect.enabled = false; }},
};

}  // namespace

std::span<const ConnectRow> connection_rows() {
    return kRows;
}

void append_connect_flags(std::vector<const Flag*>& flags) {
    append_flags(flags, connection_rows());
    append_flags(flags, tls_rows());
    append_flags(flags, session_rows());
}

bool apply_connect_flag(ConnectSettings& settings, const FlagUse& use) {
    return apply_flag(connection_rows(), settings, use) || apply_flag(tls_rows(), settings, use) ||
           apply_flag(session_rows(), settings, use);
}

}  // namespace tools
