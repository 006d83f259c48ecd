// What mosquitto's clients say where ours say something of their own, for scripts that look at it: the sentences of
// mosquitto 2.0. Used by app under mosquitto's names.
#pragma once

#include <string>
#include <string_view>

namespace tools {

// What goes to stderr for a usage error of ours, the hint at the end included. `program` is "mosquitto_pub".
std::string in_mosquitto_words(std::string_view usage_error, std::string_view program);

// The same for an error at run time, with its end of line.
std::string error_in_mosquitto_words(std::string_view error);

}  // namespace tools
