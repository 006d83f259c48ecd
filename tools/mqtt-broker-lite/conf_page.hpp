// mqtt-broker-lite.conf(5), from the table of keys.
#pragma once

#include <string>

namespace tools::broker_lite {

std::string conf_page();
// Its chapter about bridges.
std::string bridge_chapter();  // mdoc

}  // namespace tools::broker_lite
