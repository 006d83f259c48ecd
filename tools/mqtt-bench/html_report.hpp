// A result as one HTML file that needs nothing else: style and drawings are inside, scripts there
// are none, and its own policy forbids to load anything. Light and dark, for screens and phones.
#pragma once

#include <string>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

std::string result_html(const Result& result);

}  // namespace mqtt::bench
