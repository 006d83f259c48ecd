// Publishes what a MessageSource gives, at the server's pace, and accounts for every message.
// Used by main. Plain options in, exit code out.
#pragma once

#include "mqtt-pub/options.hpp"

namespace mqtt_pub {

int run(const tools::Invocation& invocation, const Options& options);

}  // namespace mqtt_pub
