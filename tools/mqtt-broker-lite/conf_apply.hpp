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

// "key value", one per line, with the place where it was said.
std::string effective_text(const Conf& conf);

}  // namespace tools::broker_lite
