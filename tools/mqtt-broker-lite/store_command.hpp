// mqtt-broker-lite store check|stats|export|backup: a durable store from outside, with or without its broker.
#pragma once

#include <string_view>

namespace tools::broker_lite {

extern const std::string_view kStoreText;  // for the man page

// The whole program: argv[1] is "store". Exit code.
int run_store(int argc, char** argv);

}  // namespace tools::broker_lite
