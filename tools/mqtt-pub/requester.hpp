// Publishes a request and prints the response (mosquitto_rr, mqtt-pub --request).
// Used by main. Plain options in, exit code out.
#pragma once

#include "mqtt-pub/options.hpp"

namespace mqtt_pub {

int run_request(const tools::Invocation& invocation, const Options& options);

}  // namespace mqtt_pub
