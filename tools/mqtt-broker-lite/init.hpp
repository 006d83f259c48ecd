// `mqtt-broker-lite init DIR`: a configuration to begin with, which starts as it is.
#pragma once

#include <string>
#include <vector>

namespace tools::broker_lite {

// `words`: what follows init. The exit code.
int run_init(const std::vector<std::string>& words);

}  // namespace tools::broker_lite
