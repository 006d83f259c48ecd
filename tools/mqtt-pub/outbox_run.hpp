// mqtt-pub --outbox: journals what a MessageSource gives, and sends what the outbox holds.
// Used by main. Plain options in, exit code out.
#pragma once

#include "mqtt-pub/options.hpp"

namespace mqtt_pub {

int run_outbox(const tools::Invocation& invocation, const Options& options);

}  // namespace mqtt_pub
