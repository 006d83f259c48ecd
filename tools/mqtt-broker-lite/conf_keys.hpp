// The parts of the table of keys, by subject; conf_table() joins them. Used by conf_table.cpp and conf.cpp.
#pragma once

#include <span>

#include "mqtt-broker-lite/conf.hpp"

namespace tools::broker_lite {

std::span<const ConfKey> access_keys();
// With per_listener_settings each listener has its own of these.
bool is_per_listener(std::string_view key);
std::span<const ConfKey> limit_keys();
std::span<const ConfKey> listener_keys();
std::span<const ConfKey> tls_keys();
std::span<const ConfKey> operation_keys();
std::span<const ConfKey> data_keys();
std::span<const ConfKey> bridge_keys();

}  // namespace tools::broker_lite
