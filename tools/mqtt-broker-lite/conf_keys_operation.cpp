// Keys of log and process.
#include <algorithm>
#include <chrono>

#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

void add_log_destination(Conf& conf, const ConfLine& line) {
    const std::vector<std::string> parts = words(line.value);
    if (parts.front() == "file") {
        if (parts.size() != 2) throw ConfError("file needs a path");
        conf.log_destinations.push_back(parts[1]);
    } else if (parts.front() == "stderr" || parts.front() == "stdout") {
        conf.log_destinations.push_back(parts.front());
    } else if (parts.front() == "none") {
        conf.log_none = true;
    } else {
        throw ConfError("'" + line.value + "' is none of stderr, stdout, none and file PATH");
    }
}

void add_log_type(Conf& conf, const ConfLine& line) {
    static constexpr std::string_view kTypes[] = {
        "error",     "warning",     "notice",     "information", "debug",
        "subscribe", "unsubscribe", "websockets", "none",        "all"};
    if (std::find(std::begin(kTypes), std::end(kTypes), line.value) == std::end(kTypes)) {
        throw ConfError("'" + line.value + "' is no type of log line");
    }
    if (line.value == "all" || line.value == "debug") conf.log_packets = true;
    if (line.value == "none") conf.log_none = true;
}

constexpr ConfKey kKeys[] = {
    {"log_dest", general, used, "stderr|stdout|none|file PATH", "where the log goes",
     add_log_destination, true},
    {"log_type", general, used, "TYPE",
     "error, warning, notice, information; all or debug: every packet, too; none", add_log_type,
     true},
    {"log_timestamp", general, used, "true|false", "begin lines with the time",
     CONF_SET(c.log_timestamp = boolean(line))},
    {"log_timestamp_format", general, used, "FORMAT",
     "the time by strftime; without it seconds since 1970",
     CONF_SET(c.log_timestamp_format = line.value)},
    {"log_facility", general, ignored, "N", "there is no log to syslog"},
    {"connection_messages", general, ignored, "true|false", "connections are always logged"},
    {"sys_interval", general, used, "SECONDS", "how often $SYS/broker/... is updated; 0: never",
     CONF_SET(c.config.sys_interval = std::chrono::seconds(integer(line, 0, 65'535)))},

    // The process.
    {"pid_file", general, used, "FILE", "write the process id there",
     CONF_SET(c.pid_file = line.value)},
    {"user", general, used, "NAME", "run as this user when started as root",
     CONF_SET(c.user = line.value)},
};

}  // namespace

std::span<const ConfKey> operation_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
