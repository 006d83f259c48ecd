// The configuration as the shards read it: checked, with what follows from it worked out once.
// Immutable; a change of limits makes another one, see Shared::change.
#pragma once

#include <vector>

#include "core/server_protocol.hpp"
#include "mqtt/broker.hpp"

namespace mqtt::broker {

// A peer that staged so much in one turn is flushed at once: it stays in the processor's cache, and
// a receiver can start on it.
inline constexpr std::size_t kFlushAtBytes = 256 * 1024;

struct Settings {
    // Throws std::invalid_argument with a sentence when the configuration contradicts itself.
    explicit Settings(BrokerConfig config);

    BrokerConfig config;
    std::vector<core::ServerLimits> limits;  // per listener; connections point at them
    std::size_t connection_limit = 0;        // what the descriptor limit leaves, or less
};

// The running configuration with the limits and log switches of another: Broker::change_limits.
BrokerConfig with_limits_of(BrokerConfig running, const BrokerConfig& next);
// Whether that would change anything: settings are kept as long as the broker, so a reload that brings nothing
// new must not make others.
bool has_limits_of(const BrokerConfig& running, const BrokerConfig& next);
bool has_bridges(const BrokerConfig& running, const std::vector<BridgeConfig>& next);

}  // namespace mqtt::broker
