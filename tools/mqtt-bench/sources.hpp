// Local addresses to connect from: what --bind names, or what a run with more connections than one
// address has ports chooses for itself. Used by run and check.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mqtt/endpoint.hpp"

namespace mqtt::bench {

// "10.0.0.1", "10.0.0.0/28" (without network and broadcast address), "::1", an interface's name.
// Throws std::invalid_argument with a sentence.
std::vector<std::string> expand_sources(const std::vector<std::string>& words);

// Ports that the kernel gives out for connections.
std::uint32_t local_ports();

// Addresses for so many connections to each of the targets, when one does not do; empty: it does.
// Throws std::invalid_argument when this host has too few.
std::vector<std::string> choose_sources(const std::vector<Endpoint>& targets,
                                        std::uint32_t connections);

}  // namespace mqtt::bench
