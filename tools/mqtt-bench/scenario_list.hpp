// mqtt-bench list: the presets, or the text of one.
#pragma once

#include <string>

namespace mqtt::bench {

// Empty name: all of them, a line each. Throws std::invalid_argument for an unknown one.
int list_scenarios(const std::string& name);

}  // namespace mqtt::bench
