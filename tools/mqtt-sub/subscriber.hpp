// Runs a subscription: connect, subscribe, print, end for the reason that comes first.
// Used by main. Plain options in, exit code out.
#pragma once

#include "mqtt-sub/options.hpp"

namespace mqtt_sub {

int run(const tools::Invocation& invocation, const Options& options);

}  // namespace mqtt_sub
