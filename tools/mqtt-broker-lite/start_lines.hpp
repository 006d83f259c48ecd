// What the broker says when it is up: where it listens, how to reach it, how to open it. Text only.
#pragma once

#include <string>
#include <vector>

#include "mqtt/broker.hpp"

namespace tools::broker_lite {

// Every URL by which a program can reach what is bound: wildcard addresses become this machine's
// addresses.
std::vector<std::string> reachable_urls(const std::vector<mqtt::Broker::Bound>& bound);

// "listening on URL" lines and the hint that belongs to them.
std::vector<std::string> start_lines(const std::vector<mqtt::Broker::Bound>& bound, bool has_rights,
                                     bool has_file);

// True for 127.0.0.0/8, ::1, localhost and Unix sockets.
bool is_local(const mqtt::Endpoint& endpoint);

}  // namespace tools::broker_lite
