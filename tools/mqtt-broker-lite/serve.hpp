// A running broker: start, the wait for signals, reload, end.
#pragma once

#include "mqtt-broker-lite/setup.hpp"

namespace tools::broker_lite {

// Returns the exit code; throws ToolError when it cannot start.
int serve(Setup& setup);

}  // namespace tools::broker_lite
