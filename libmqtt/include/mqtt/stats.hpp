// Counters of connections and clients as plain data: what logs, load tests and monitors print.
// Read on the loop's thread; knows no formatting.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mqtt {

// Of one network connection, since it was opened.
struct ConnectionStats {
    std::uint64_t bytes_received = 0;  // application bytes: inside TLS and WebSocket
    std::uint64_t bytes_sent = 0;
    std::uint64_t publishes_received = 0;  // handed to the owner: without QoS 2 duplicates
    std::uint64_t publishes_sent = 0;      // first sendings, all QoS
    std::uint64_t acknowledged = 0;        // QoS 1/2 exchanges that we began and that are complete
};

// Of a client, over all its connections.
struct ClientStats {
    std::uint64_t connects = 0;          // successful ones
    std::uint64_t connect_failures = 0;  // attempts that ended without a successful CONNACK
    std::uint64_t connections_lost = 0;  // ended by anything but our disconnect
    std::uint64_t messages_received = 0;
    std::uint64_t messages_unmatched = 0;  // went to the catch-all receiver
    std::uint64_t messages_published = 0;  // completed successfully
    std::uint64_t messages_refused = 0;    // by the server, or by our own limits
    std::size_t outgoing_messages = 0;     // in the outgoing store now (waiting and in flight)
    std::size_t outgoing_bytes = 0;
    std::size_t unread_messages = 0;  // received and not yet taken by receive()
    std::size_t unread_bytes = 0;
};

}  // namespace mqtt
