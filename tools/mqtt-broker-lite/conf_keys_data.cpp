// Keys of what is kept.
#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

constexpr std::string_view kInMemory =
    "sessions, queues and retained messages are kept in memory and end with the program";

constexpr ConfKey kKeys[] = {
    {"persistence", general, ignored, "true|false", kInMemory},
    {"persistence_file", general, ignored, "NAME", kInMemory},
    {"persistence_location", general, ignored, "DIR", kInMemory},
    {"retained_persistence", general, ignored, "true|false", kInMemory},
    {"autosave_interval", general, ignored, "SECONDS", kInMemory},
    {"autosave_on_changes", general, ignored, "true|false", kInMemory},
    {"retain_expiry_interval", general, ignored, "MINUTES",
     "a retained message that has expired is never sent, and goes when it is next looked at"},
    {"retry_interval", general, ignored, "SECONDS",
     "messages are sent again when a client returns"},
    {"store_clean_interval", general, ignored, "SECONDS", "messages go when nobody needs them"},
    {"enable_control_api", general, ignored, "true|false", "there is no $CONTROL"},
};

}  // namespace

std::span<const ConfKey> data_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
