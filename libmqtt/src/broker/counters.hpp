// What one shard counts. Plain numbers, touched on the shard's thread only; Broker::stats asks each
// shard for a copy and adds them up.
#pragma once

#include <cstdint>

#include "core/exchange.hpp"
#include "mqtt/limits.hpp"

namespace mqtt::broker {

struct Counters {
    core::Exchange::Counters exchange;  // packets, all and PUBLISH
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0;
    std::uint64_t bytes_received = 0;  // of connections that are closed
    std::uint64_t bytes_sent = 0;
    std::uint64_t publish_bytes_received = 0;
    std::uint64_t publish_bytes_sent = 0;
    std::uint64_t dropped_output_full = 0;
    std::uint64_t dropped_queue_full = 0;
    std::uint64_t dropped_too_large = 0;
    std::uint64_t messages_expired = 0;
    std::uint64_t publishes_refused = 0;
    std::uint64_t sessions_expired = 0;
    std::uint64_t connects = 0;
    std::uint64_t output_bytes = 0;  // of a snapshot: what waits for the sockets
    std::uint64_t output_packets = 0;
    LimitHits limits;
    std::uint64_t clients_connected = 0;
    std::uint64_t queued_messages = 0;
    std::uint64_t queued_bytes = 0;
    std::uint64_t queued_bytes_on_disk = 0;  // of these, in the store only
    std::uint64_t shared_subscriptions = 0;
};

}  // namespace mqtt::broker
