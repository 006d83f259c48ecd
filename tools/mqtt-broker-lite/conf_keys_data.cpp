// Keys of what is kept, and of bridges.
#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

constexpr std::string_view kInMemory =
    "sessions, queues and retained messages are kept in memory and end with the program";

constexpr std::string_view kBridges = "bridges are not supported by this broker";

constexpr ConfKey kKeys[] = {
    {"persistence", general, ignored, "true|false", kInMemory},
    {"persistence_file", general, ignored, "NAME", kInMemory},
    {"persistence_location", general, ignored, "DIR", kInMemory},
    {"retained_persistence", general, ignored, "true|false", kInMemory},
    {"autosave_interval", general, ignored, "SECONDS", kInMemory},
    {"autosave_on_changes", general, ignored, "true|false", kInMemory},
    {"retain_expiry_interval", general, refused, "MINUTES", kNotYet},
    {"retry_interval", general, ignored, "SECONDS",
     "messages are sent again when a client returns"},
    {"store_clean_interval", general, ignored, "SECONDS", "messages go when nobody needs them"},
    {"enable_control_api", general, ignored, "true|false", "there is no $CONTROL"},

    // Bridges: one message for the section, at its first line.
    {"connection", bridge, refused, "NAME", kBridges, nullptr, true},
    {"address", bridge, refused, "HOST", kBridges, nullptr, true},
    {"addresses", bridge, refused, "HOST", kBridges, nullptr, true},
    {"topic", bridge, refused, "PATTERN", kBridges, nullptr, true},
    {"bridge_protocol_version", bridge, refused, "VERSION", kBridges, nullptr, true},
    {"bridge_attempt_unsubscribe", bridge, refused, "true|false", kBridges, nullptr, true},
    {"bridge_cafile", bridge, refused, "FILE", kBridges, nullptr, true},
    {"bridge_capath", bridge, refused, "DIR", kBridges, nullptr, true},
    {"bridge_certfile", bridge, refused, "FILE", kBridges, nullptr, true},
    {"bridge_keyfile", bridge, refused, "FILE", kBridges, nullptr, true},
    {"bridge_insecure", bridge, refused, "true|false", kBridges, nullptr, true},
    {"cleansession", bridge, refused, "true|false", kBridges, nullptr, true},
    {"clientid", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"keepalive_interval", bridge, refused, "SECONDS", kBridges, nullptr, true},
    {"notifications", bridge, refused, "true|false", kBridges, nullptr, true},
    {"remote_clientid", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"remote_username", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"remote_password", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"restart_timeout", bridge, refused, "SECONDS", kBridges, nullptr, true},
    {"round_robin", bridge, refused, "true|false", kBridges, nullptr, true},
    {"start_type", bridge, refused, "automatic|lazy|once", kBridges, nullptr, true},
    {"threshold", bridge, refused, "N", kBridges, nullptr, true},
    {"try_private", bridge, refused, "true|false", kBridges, nullptr, true},
    {"username", bridge, refused, "TEXT", kBridges, nullptr, true},
    {"password", bridge, refused, "TEXT", kBridges, nullptr, true},
};

}  // namespace

std::span<const ConfKey> data_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
