// `mqtt-broker-lite passwd`: makes and edits password files, with the flags of mosquitto_passwd.
#pragma once

#include <string>
#include <vector>

namespace tools::broker_lite {

// `words`: what follows passwd. The exit code.
int run_passwd(const std::vector<std::string>& words);

}  // namespace tools::broker_lite
