// Keys of listeners: where and what.
#include <algorithm>

#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"
#include "mqtt/topic.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

void add_listener(Conf& conf, const ConfLine& line) {
    const std::vector<std::string> parts = words(line.value);
    ConfLine number = line;
    number.value = parts.front();
    ConfListener listener;
    listener.place = line.place();
    listener.limits = conf.general_limits();
    listener.is_mentioned = true;
    listener.port = static_cast<std::uint16_t>(integer(number, 0, 65'535));
    if (parts.size() > 2) throw ConfError("a port and an address, no more");
    if (parts.size() == 2) {
        (parts[1].starts_with('/') ? listener.unix_path : listener.host) = parts[1];
    }
    if (listener.port == 0 && listener.unix_path.empty()) {
        throw ConfError("port 0 is for Unix sockets: listener 0 /path");
    }
    conf.listeners.push_back(std::move(listener));
}

// A listener of its own, for programs of this machine when no address is given.
void add_http_listener(Conf& conf, const ConfLine& line) {
    ConfLine full = line;
    if (full.value.find(' ') == std::string::npos) full.value += " localhost";
    add_listener(conf, full);
    conf.listeners.back().is_http = true;
}

void set_protocol(Conf& conf, const ConfLine& line) {
    if (line.value != "mqtt" && line.value != "websockets" && line.value != "any" &&
        line.value != "http_api") {
        throw ConfError("'" + line.value + "' is none of mqtt, websockets, any and http_api");
    }
    conf.current().is_http = line.value == "http_api";
    conf.current().is_websocket = line.value == "websockets";
    conf.current().is_shared = line.value == "any";
}

void set_socket_domain(Conf& conf, const ConfLine& line) {
    if (line.value != "ipv4" && line.value != "ipv6") {
        throw ConfError("'" + line.value + "' is neither ipv4 nor ipv6");
    }
    conf.current().domain = line.value;
}

void set_unix_mode(Conf& conf, const ConfLine& line) {
    ConfLine octal = line;
    octal.value = "0" + line.value;
    conf.current().unix_mode = number<unsigned>(octal, 0, 0777);
}

void add_proxy_peer(Conf& conf, const ConfLine& line) {
    for (std::string& peer : words(line.value)) {
        if (!mqtt::is_address_range(peer)) {
            throw ConfError("'" + peer + "' is no address, range (10.0.0.0/8) or unix");
        }
        conf.current().proxy_peers.push_back(std::move(peer));
    }
}

void set_versions(Conf& conf, const ConfLine& line) {
    std::string text = line.value;
    std::replace(text.begin(), text.end(), ',', ' ');
    for (const std::string& word : words(text)) {
        if (word != "3" && word != "4" && word != "5") {
            throw ConfError("'" + word + "' is none of 3, 4 and 5");
        }
        conf.current().versions.push_back(static_cast<mqtt::ProtocolVersion>(word[0] - '0'));
    }
}

void set_assigned_prefix(Conf& conf, const ConfLine& line) {
    if (line.value.size() > 50) throw ConfError("at most 50 characters");
    auto& prefix = conf.per_listener_settings ? conf.current().assigned_id_prefix
                                              : conf.config.assigned_id_prefix;
    prefix = line.value;
}

void set_empty_id_allowed(Conf& conf, const ConfLine& line) {
    if (conf.per_listener_settings)
        conf.current().empty_client_id_allowed = boolean(line);
    else
        conf.config.empty_client_id_allowed = boolean(line);
}

constexpr ConfKey kKeys[] = {
    {"listener", listener, used, "PORT [ADDRESS]",
     "listen there; the keys that follow are about it", add_listener, true},
    {"port", listener, used, "PORT", "port of the default listener",
     CONF_SET(c.default_listener.is_mentioned = true;
              c.default_listener.port = number<std::uint16_t>(line, 1, 65'535))},
    {"bind_address", listener, used, "ADDRESS", "address of the default listener",
     CONF_SET(c.default_listener.is_mentioned = true; c.default_listener.host = line.value)},
    {"http_listener", listener, used, "PORT [ADDRESS]",
     "serve the console page, the HTTP API and metrics there (9883 is usual), as listener with "
     "protocol http_api does, but on 127.0.0.1 and ::1 when no address is given (ours)",
     add_http_listener, true},
    {"protocol", listener, used, "mqtt|websockets|any|http_api",
     "what this listener speaks; any: MQTT and WebSocket, told apart by a connection's first byte "
     "(ours); http_api: HTTP and WebSocket, see HTTP API in mqtt-broker-lite(1). Where others than "
     "programs of this machine reach http_api, every request needs a user name and password",
     set_protocol, false, "mqtt"},
    {"socket_domain", listener, used, "ipv4|ipv6", "one family of addresses only",
     set_socket_domain},
    {"bind_interface", listener, used, "NAME", "only the addresses of this network interface",
     CONF_SET(c.current().interface = line.value)},
    {"unix_socket_mode", listener, used, "MODE",
     "permissions of a Unix socket in octal digits, 0660 (ours)", set_unix_mode, false, "0660"},
    {"mount_point", listener, used, "TOPIC",
     "put in front of the topics of this listener's clients, who see only what is below it; "
     "usually with "
     "a / at its end. Access lists have the whole topics",
     CONF_SET(if (!mqtt::validate_topic_name(line.value)) throw ConfError("'" + line.value +
                                                                          "' cannot begin a topic");
              c.current().mount_point = line.value)},
    {"use_username_as_clientid", listener, used, "true|false",
     "the user name is the client id; clients without one are refused",
     CONF_SET(c.current().uses_user_name_as_client_id = boolean(line)), false, "false"},
    {"accept_protocol_versions", listener, used, "LIST",
     "versions of MQTT that are accepted, of 3, 4 (3.1.1) and 5 with commas between", set_versions,
     false, "3,4,5"},
    {"enable_proxy_protocol", listener, used, "1|2",
     "connections of proxies begin with a PROXY header of this version, which tells whose they are",
     CONF_SET(c.current().proxy_header =
                  integer(line, 1, 2) == 1 ? mqtt::ProxyHeader::v1 : mqtt::ProxyHeader::v2)},
    {"proxy_protocol_trusted", listener, used, "ADDRESS[/N]",
     "who is such a proxy, an address or range, or unix; without it every peer is, as in "
     "mosquitto. "
     "Others connect as without a proxy (ours)",
     add_proxy_peer, true},
    {"proxy_protocol_v2_require_tls", listener, used, "true|false",
     "refuse clients that did not reach the proxy over TLS",
     CONF_SET(c.current().proxy_requires_tls = boolean(line)), false, "false"},
    {"websockets_origin", listener, used, "ORIGIN",
     "web pages of this origin may connect (https://example.org; * for all); without it those of "
     "the host that they ask. Every WebSocket request must name the listener, in Host, by an "
     "address, as localhost, by the machine's name (alone, or with .local, .lan, .home.arpa or "
     ".internal), by a name in the listener's certificate, or by the host of an origin given here; "
     "over the network by any name without a dot, too. So no site can have its own name lead here. "
     "Unix sockets and proxies with a PROXY header may say any name",
     CONF_SET(c.current().websocket_origins.push_back(line.value)), true},
    {"listener_auto_id_prefix", listener, used, "TEXT", "as auto_id_prefix, for this listener",
     CONF_SET(if (line.value.size() > 50) throw ConfError("at most 50 characters");
              c.current().assigned_id_prefix = line.value)},
    {"http_dir", listener, used, "DIR",
     "serve the files of this folder over HTTP, too, to everybody who reaches the listener: with "
     "protocol websockets beside MQTT, with http_api beside the API, where an index.html takes the "
     "place of the console page. Symbolic links below it are not followed, names that begin with a "
     "dot are not there",
     CONF_SET(c.current().http_dir = line.value)},
    {"websockets_log_level", general, ignored, "N", "there is no other log of WebSockets"},
    {"websockets_headers_size", general, ignored, "N", "upgrades may have 8 KiB of headers"},
    {"packet_buffer_size", general, ignored, "N", "idle connections hold no buffer"},
    {"set_tcp_nodelay", general, ignored, "true|false", "always on: writes are batched before"},
    {"allow_zero_length_clientid", general, used, "true|false",
     "clients of 3.1.1 without an id get one; false: they are refused", set_empty_id_allowed, false,
     "true"},
    {"auto_id_prefix", general, used, "TEXT", "how the ids begin that clients get, auto-",
     set_assigned_prefix, false, "auto-"},
};

}  // namespace

std::span<const ConfKey> listener_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
