// From what mosquitto.conf says to what the broker needs.
#pragma once

#include <vector>

#include "mqtt-broker-lite/conf.hpp"
#include "mqtt/broker.hpp"

namespace tools::broker_lite {

// The listeners, the default one included; loopback only, open to everybody, when nothing is said of any.
// What does not fit together becomes a problem. `ports` are those of -p, heard when the file has no
// listener; `accesses` gets who may log in, one per listener of the result.
mqtt::BrokerConfig broker_config(Conf& conf, const std::vector<mqtt::Endpoint>& flags,
                                 std::vector<ConfAccess>& accesses);

// Who may log in at a listener that a flag asks for beside those of the file.
ConfAccess access_of_flag(const Conf& conf, const mqtt::ListenerConfig& listener);

// The certificates of the listeners of `config`, which was made from `conf`; what cannot be used is a problem.
std::vector<mqtt::ListenerTls> load_certificates(Conf& conf, const mqtt::BrokerConfig& config);

// Where the listener at this index of the result was said; empty: by no line of the file.
std::string listener_place(const Conf& conf, std::size_t index);

}  // namespace tools::broker_lite
