// Keys of what is kept.
#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

constexpr std::string_view kWrittenAnyway = "changes are written as they come";

void set_persistence(Conf& conf, const ConfLine& line) {
    using enum mqtt::Persistence;
    if (line.value == "batch" || line.value == "strict" || line.value == "off")
        conf.config.persistence = line.value == "batch"    ? batch
                                  : line.value == "strict" ? strict
                                                           : off;
    else
        conf.config.persistence = boolean(line) ? batch : off;
}

constexpr ConfKey kKeys[] = {
    {"persistence", general, used, "true|false|batch|strict|off",
     "keep sessions, queues and retained messages on disk; true: batch, written every 100 ms; "
     "strict: "
     "acknowledgements wait until what they promise is on disk",
     set_persistence},
    {"persistence_location", general, used, "DIR", "folder of the store",
     CONF_SET(c.persistence_location = line.value)},
    {"persistence_file", general, used, "NAME",
     "file of the store, mqtt-broker-lite.db if not given; a database of mosquitto cannot be read",
     CONF_SET(c.persistence_file = line.value)},
    {"retained_persistence", general, used, "true|false", "as persistence, of old",
     set_persistence},
    {"autosave_interval", general, ignored, "SECONDS", kWrittenAnyway},
    {"autosave_on_changes", general, ignored, "true|false", kWrittenAnyway},
    {"retain_expiry_interval", general, ignored, "MINUTES",
     "retained messages that have expired are never sent, and go within ten seconds"},
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
