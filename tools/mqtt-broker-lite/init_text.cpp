// See init_text.hpp.
#include "mqtt-broker-lite/init_text.hpp"

#include <fmt/format.h>

#include "mqtt/store.hpp"

namespace tools::broker_lite {

std::string init_conf(const InitFacts& facts) {
    return fmt::format(
        R"(# Configuration of mqtt-broker-lite. Keys and form are those of mosquitto.conf;
# mqtt-broker-lite.conf(5) has them all. After a change:
#   mqtt-broker-lite -c {0}/broker.conf --check-config
# SIGHUP reads it again, and says what needs a restart.

# Only programs on this machine can connect. For the whole network: listener {1}
listener {1} 127.0.0.1

# MQTT and WebSocket on the same port:
#protocol any

# TLS for this listener:
#certfile {0}/server.crt
#keyfile {0}/server.key

# Who may connect, and do what.
#   mqtt-broker-lite passwd {0}/passwords NAME     adds a user or changes a password
#   mqtt-broker-lite passwd -D {0}/passwords NAME  removes one
allow_anonymous false
password_file {0}/passwords
acl_file {0}/acl

# What is kept over a restart.
persistence {3}
persistence_location {0}/data/

# Limits; these are the usual ones.
#max_queued_messages 1000
#max_inflight_messages 1000
#max_packet_size 268435460
#memory_limit 0

# Log. log_type all logs every packet, as -v does; trace_client ID those of one client.
log_dest stderr
#log_dest file {0}/broker.log
#log_type all

# When started as root the broker runs as this user.
user {2}
)",
        facts.directory, facts.port, facts.run_as, mqtt::no_store().empty());
}

std::string init_acl(const InitFacts& facts) {
    return fmt::format(R"(# Who may use which topics: mqtt-broker-lite.conf(5), acl_file.
#   topic [read|write|readwrite|deny|subscribe] FILTER   for the user above
#   pattern ... FILTER                                    for everybody, %u is the user, %c the client id

user {0}
topic readwrite #
topic read $SYS/#

# Every other user has topics of its own.
pattern readwrite users/%u/#
)",
                       facts.user);
}

std::string init_client(const InitFacts& facts) {
    return fmt::format(
        "# Options of mqtt-pub and mqtt-sub for this broker: -o {}/client.conf\n"
        "-h 127.0.0.1\n-p {}\n-u {}\n-P {}\n",
        facts.directory, facts.port, facts.user, facts.password);
}

}  // namespace tools::broker_lite
