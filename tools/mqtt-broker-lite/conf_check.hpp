// What does not fit together in a mosquitto.conf becomes a problem with the place of the key that it is about.
// Used by conf_apply.cpp, which makes the configuration.
#pragma once

#include <vector>

#include "mqtt-broker-lite/conf.hpp"

namespace tools::broker_lite {

// Two listeners of one address.
void check_ports(Conf& conf, const std::vector<const ConfListener*>& all);
// `access`: what holds at it.
void check_listener(Conf& conf, const ConfListener& listener, const ConfAccess& access);
void check_bridge(Conf& conf, const ConfBridge& bridge);

}  // namespace tools::broker_lite
