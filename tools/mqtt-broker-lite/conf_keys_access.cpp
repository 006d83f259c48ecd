// Keys of who may do what.
#include <algorithm>

#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"
#include "mqtt/topic.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

constexpr std::string_view kPlugins =
    "mosquitto_password_file.so and mosquitto_acl_file.so, which this broker has built in; others "
    "are "
    "refused";

void use_plugin(Conf&, const ConfLine& line) {
    const std::string path = words(line.value).back();
    const std::string name = path.substr(path.rfind('/') + 1);
    if (name == "mosquitto_password_file.so" || name == "mosquitto_acl_file.so") return;
    throw ConfError("plug-ins are not loaded by this broker: " + name +
                    "; use password_file and acl_file");
}

// What it names was judged at plugin_load.
void use_named_plugin(Conf&, const ConfLine&) {}

// What has been said for all would be no listener's any more.
void set_per_listener(Conf& conf, const ConfLine& line) {
    const bool is_late =
        std::any_of(conf.lines.begin(), conf.lines.end(),
                    [](const ConfLine& said) { return is_per_listener(said.key); });
    if (boolean(line) && !conf.per_listener_settings && is_late) {
        throw ConfError("it must stand before the settings of who may log in and do what");
    }
    conf.per_listener_settings = boolean(line);
}

void set_subscribe_mode(Conf& conf, const ConfLine& line) {
    if (line.value != "strict" && line.value != "mosquitto") {
        throw ConfError("'" + line.value + "' is neither strict nor mosquitto");
    }
    conf.current_access().grants_all_subscriptions = line.value == "mosquitto";
}

std::string topic(const ConfLine& line) {
    if (!mqtt::validate_topic_name(line.value)) {
        throw ConfError("'" + line.value + "' cannot begin a topic");
    }
    return line.value;
}

constexpr ConfKey kKeys[] = {
    {"per_listener_settings", general, used, "true|false",
     "allow_anonymous, password_file, acl_file, psk_file, acl_subscribe_mode, auto_id_prefix and "
     "allow_zero_length_clientid belong to the listener above them; must come before them",
     set_per_listener, false, "false"},
    {"allow_anonymous", general, used, "true|false",
     "let clients in that give no user name; true when no listener is configured, else false",
     CONF_SET(c.current_access().allow_anonymous = boolean(line))},
    {"listener_allow_anonymous", listener, used, "true|false", "the same for one listener",
     CONF_SET(c.current().access.allow_anonymous = boolean(line))},
    {"password_file", general, used, "FILE", "users and passwords, made by mqtt-broker-lite passwd",
     CONF_SET(c.current_access().password_file = line.value)},
    {"acl_file", general, used, "FILE", "who may publish and read which topics",
     CONF_SET(c.current_access().acl_file = line.value)},
    {"psk_file", general, used, "FILE",
     "pre-shared keys of TLS listeners with psk_hint: lines of identity:key, the key in hex",
     CONF_SET(c.current_access().psk_file = line.value)},
    {"acl_subscribe_mode", general, used, "strict|mosquitto",
     "strict: a subscription that can match nothing readable is refused; mosquitto: all are "
     "granted, "
     "and what may not be read is left out (ours)",
     set_subscribe_mode, true, "strict"},
    {"plugin", general, used, "FILE", kPlugins, use_plugin, true},
    {"auth_plugin", general, used, "FILE", "as plugin", use_plugin, true},
    {"global_plugin", general, used, "FILE", "as plugin", use_plugin, true},
    {"plugin_load", general, used, "NAME FILE", "as plugin", use_plugin, true},
    {"plugin_use", general, used, "NAME", "what plugin_load has named", use_named_plugin, true},
    {"plugin_opt_password_file", general, used, "FILE", "as password_file",
     CONF_SET(c.current_access().password_file = line.value)},
    {"plugin_opt_acl_file", general, used, "FILE", "as acl_file",
     CONF_SET(c.current_access().acl_file = line.value)},
    {"auth_opt_password_file", general, used, "FILE", "as password_file",
     CONF_SET(c.current_access().password_file = line.value)},
    {"auth_opt_acl_file", general, used, "FILE", "as acl_file",
     CONF_SET(c.current_access().acl_file = line.value)},
    {"response_information", general, used, "TOPIC",
     "told to clients that ask for Response Information: what their response topics begin with; %c "
     "is the client id, %u the user name (ours)",
     CONF_SET(c.config.response_information = topic(line))},
    {"check_payload_format", general, used, "true|false",
     "refuse payloads that are marked as UTF-8 text and are none (ours)",
     CONF_SET(c.config.check_payload_format = boolean(line)), false, "false"},
    {"clientid_prefixes", general, used, "TEXT", "client ids must begin so; others are refused",
     CONF_SET(c.config.client_id_prefix = line.value)},
    {"login_threads", general, used, "N",
     "threads that check passwords beside the traffic, 1; wrong ones may take a hundredth of the "
     "CPU "
     "time that the broker uses; 0: none (ours)",
     CONF_SET(c.login_threads = number<unsigned>(line, 0, 64)), false, "1"},
    {"remembered_logins", general, used, "N",
     "passwords that are known to be right, and some wrong ones, as keyed hashes in memory until "
     "the next reload: they are not computed again; 0: none (ours)",
     CONF_SET(c.remembered_logins = number<std::size_t>(line, 0, 10'000'000)), false, "16384"},
    {"auth_plugin_deny_special_chars", general, ignored, "true|false",
     "names with + or # never match a pattern of the ACL"},
    {"check_retain_source", general, used, "true|false",
     "retained messages are sent only while the client that published them, by its client id and "
     "user name, may still do so; of those that came while there was no acl_file nobody is known, "
     "and they are sent",
     CONF_SET(c.config.check_retain_source = boolean(line)), false, "true"},
};

}  // namespace

bool is_per_listener(std::string_view key) {
    static constexpr std::string_view kOwn[] = {
        "allow_anonymous",    "password_file",  "acl_file",
        "psk_file",           "auto_id_prefix", "allow_zero_length_clientid",
        "acl_subscribe_mode", "auth_plugin",    "plugin",
    };
    return key.starts_with("auth_opt_") || key.starts_with("plugin_opt_") ||
           std::find(std::begin(kOwn), std::end(kOwn), key) != std::end(kOwn);
}

std::span<const ConfKey> access_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
