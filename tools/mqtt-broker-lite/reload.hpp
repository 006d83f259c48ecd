// SIGHUP: the configuration file once more. Passwords, access lists, certificates, limits, what the log tells
// and log files are taken; for everything else that has changed the log says that it needs a restart.
// Used by serve.cpp alone.
#pragma once

#include "mqtt-broker-lite/rights.hpp"
#include "mqtt-broker-lite/setup.hpp"

namespace tools::broker_lite {

// Anything wrong, and all stays as it was.
void reload(const Setup& setup, Rights& rights, mqtt::Broker& broker, Log& log);

// Whether it takes what this key says; else the key needs a restart.
bool is_reloaded(std::string_view key);

}  // namespace tools::broker_lite
