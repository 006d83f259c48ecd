// Keys of who may do what.
#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

constexpr ConfKey kKeys[] = {
    {"per_listener_settings", general, used, "true|false",
     "allow_anonymous, password_file and acl_file belong to the listener above them; must come "
     "first",
     CONF_SET(c.per_listener_settings = boolean(line))},
    {"allow_anonymous", general, used, "true|false",
     "let clients in that give no user name; true when no listener is configured, else false",
     CONF_SET(c.current_access().allow_anonymous = boolean(line)), true},
    {"listener_allow_anonymous", listener, used, "true|false", "the same for one listener",
     CONF_SET(c.current().access.allow_anonymous = boolean(line))},
    {"password_file", general, used, "FILE", "users and passwords, made by mqtt-broker-lite passwd",
     CONF_SET(c.current_access().password_file = line.value), true},
    {"acl_file", general, used, "FILE", "who may publish and read which topics",
     CONF_SET(c.current_access().acl_file = line.value), true},
    {"psk_file", general, refused, "FILE", kNotYet},
    {"plugin", general, refused, "FILE", "plug-ins are not loaded by this broker", nullptr, true},
    {"auth_plugin", general, refused, "FILE", "plug-ins are not loaded by this broker", nullptr,
     true},
    {"global_plugin", general, refused, "FILE", "plug-ins are not loaded by this broker", nullptr,
     true},
    {"plugin_load", general, refused, "FILE", "plug-ins are not loaded by this broker", nullptr,
     true},
    {"clientid_prefixes", general, used, "TEXT", "client ids must begin so; others are refused",
     CONF_SET(c.config.client_id_prefix = line.value)},
    {"login_threads", general, used, "N",
     "threads that check passwords beside the traffic, 1; 0: none (ours)",
     CONF_SET(c.login_threads = number<unsigned>(line, 0, 64))},
    {"auth_plugin_deny_special_chars", general, ignored, "true|false",
     "names with + or # never match a pattern of the ACL"},
    {"check_retain_source", general, ignored, "true|false",
     "a retained message was allowed when it was published"},
};

}  // namespace

std::span<const ConfKey> access_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
