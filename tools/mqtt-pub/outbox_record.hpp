// One message of the outbox as bytes: what is journaled about it. Used by outbox_segment, which frames
// and checks the bytes, and by the runner. No files here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mqtt/connection.hpp"

namespace mqtt_pub {

struct OutboxMessage {
    mqtt::PublishRequest request;  // views
    std::int64_t queued_at = 0;    // Unix time, nanoseconds

    // What is left of the message expiry at `now`, in whole seconds, rounded up; 0: it has passed;
    // nullopt: the message does not expire. A clock that went back makes no message older.
    std::optional<std::uint32_t> remaining_expiry(std::int64_t now) const;
};

std::size_t outbox_message_bytes(const mqtt::PublishRequest& request);
// Appends; in the byte order of this machine: a journal does not travel.
void append_outbox_message(std::string& out, const OutboxMessage& message);
// Views into `bytes`; nullopt: they are no message.
std::optional<OutboxMessage> read_outbox_message(std::string_view bytes);

}  // namespace mqtt_pub
