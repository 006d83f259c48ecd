// Drives a stream's handshakes from a coroutine, by waiting for its descriptor. Used by connect.
#pragma once

#include <asio/awaitable.hpp>

#include "mqtt/types.hpp"
#include "net/byte_stream.hpp"

namespace mqtt::net {

// Returns what the stream's last step said; error timed_out when the deadline came first. The stream
// must outlive the coroutine; its descriptor is free for other watchers afterwards.
asio::awaitable<IoResult> drive_handshake(ByteStream* stream, TimePoint deadline);

}  // namespace mqtt::net
