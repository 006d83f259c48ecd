// Keys of log and process.
#include <algorithm>
#include <chrono>

#include "mqtt-broker-lite/conf_keys.hpp"
#include "mqtt-broker-lite/conf_values.hpp"
#include "mqtt/topic.hpp"

namespace tools::broker_lite {
namespace {

using enum ConfScope;
using enum ConfUse;

void add_log_destination(Conf& conf, const ConfLine& line) {
    const std::vector<std::string> parts = words(line.value);
    if (parts.front() == "file") {
        if (parts.size() != 2) throw ConfError("file needs a path");
        conf.log_destinations.push_back(parts[1]);
    } else if (parts.front() == "stderr" || parts.front() == "stdout" ||
               parts.front() == "syslog" || parts.front() == "topic") {
        conf.log_destinations.push_back(parts.front());
    } else if (parts.front() == "dlt" || parts.front() == "android") {
        conf.problems.push_back(
            {false, line.place() + ": log_dest " + parts.front() + " has no effect here"});
    } else if (parts.front() == "none") {
        conf.log_none = true;
    } else {
        throw ConfError("'" + line.value +
                        "' is none of stderr, stdout, syslog, topic, none and file PATH");
    }
}

void set_log_format(Conf& conf, const ConfLine& line) {
    if (line.value != "text" && line.value != "json") {
        throw ConfError("'" + line.value + "' is neither text nor json");
    }
    conf.log_format = line.value == "json" ? LogFormat::json : LogFormat::text;
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
    const bool is_about_filters = line.value == "subscribe" || line.value == "unsubscribe";
    if (is_about_filters) conf.config.log_subscriptions = true;
    conf.log_types.push_back(line.value);
}

void add_traced_topic(Conf& conf, const ConfLine& line) {
    if (!mqtt::validate_topic_filter(line.value)) {
        throw ConfError("'" + line.value + "' is no topic filter");
    }
    conf.config.trace_topics.push_back(line.value);
}

constexpr ConfKey kKeys[] = {
    {"log_dest", general, used, "stderr|stdout|syslog|topic|none|file PATH",
     "where the log goes; topic: $SYS/broker/log/E, W, N and M/subscribe, without the lines of "
     "packets",
     add_log_destination, true, "stderr"},
    {"log_type", general, used, "TYPE",
     "what is logged: error, warning, notice, information (these four without any such line); "
     "subscribe, unsubscribe; debug or all: every packet, too; none",
     add_log_type, true},
    {"trace_client", general, used, "CLIENTID", "log every packet of this client (ours)",
     CONF_SET(c.config.trace_clients.push_back(line.value)), true},
    {"trace_topic", general, used, "FILTER",
     "log every message, in and out, whose topic matches (ours)", add_traced_topic, true},
    {"log_timestamp", general, used, "true|false", "begin lines with the time",
     CONF_SET(c.log_timestamp = boolean(line)), false, "true"},
    {"log_timestamp_format", general, used, "FORMAT",
     "the time by strftime; without it seconds since 1970",
     CONF_SET(c.log_timestamp_format = line.value)},
    {"log_facility", general, used, "N", "facility of syslog, 0 to 7 for local0 to local7",
     CONF_SET(c.log_facility = number<int>(line, 0, 7))},
    {"log_format", general, used, "text|json",
     "the form of lines; text is mosquitto's; json: objects with time, level, message and, where "
     "they apply, event, client, user, address, packet, topic, limit and reason (ours)",
     set_log_format, false, "text"},
    {"connection_messages", general, used, "true|false", "log who comes and goes",
     CONF_SET(c.config.log_connections = boolean(line)), false, "true"},
    {"sys_interval", general, used, "SECONDS", "how often $SYS/broker/... is updated; 0: never",
     CONF_SET(c.config.sys_interval = std::chrono::seconds(integer(line, 0, 65'535))), false, "10"},

    // Of RSMB and old versions.
    {"max_log_entries", general, ignored, "N", "the log is not kept in memory"},
    {"trace_level", general, ignored, "LEVEL", "log_type and trace_client say what is logged"},
    {"trace_output", general, ignored, "WHERE", "log_dest says where the log goes"},
    {"ffdc_output", general, ignored, "WHERE", "there are no such files"},

    // The process.
    {"pid_file", general, used, "FILE", "write the process id there",
     CONF_SET(c.pid_file = line.value)},
    {"user", general, used, "NAME",
     "run as this user when started as root; the files of the store become this user's",
     CONF_SET(c.user = line.value), false, "mosquitto"},
};

}  // namespace

std::span<const ConfKey> operation_keys() {
    return kKeys;
}

}  // namespace tools::broker_lite
