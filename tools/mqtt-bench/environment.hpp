// The machine as a report needs it: kernel, CPU, limits; so that figures can be judged later.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mqtt::bench {

std::vector<std::pair<std::string, std::string>> read_environment();

// Raises the limit of open files to the hard limit; returns what is allowed now.
std::uint64_t raise_descriptor_limit();

}  // namespace mqtt::bench
