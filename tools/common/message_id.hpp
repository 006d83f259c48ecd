// The user property by which a message is known again, however often it is sent: mqtt-pub
// --message-id sets it, mqtt-sub --dedupe id reads it.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "mqtt/properties.hpp"

namespace tools {

inline constexpr std::string_view kMessageIdName = "message-id";

std::optional<std::string_view> message_id(mqtt::Properties properties);

// Random UUIDs (version 4) from a generator that the system's entropy seeded.
class UuidMaker {
public:
    UuidMaker();
    std::string next();  // "f81d4fae-7dec-4a11-9765-00a0c91e6bf6"

private:
    std::mt19937_64 random_;
};

// Gives messages an id of their own where they have none yet.
class MessageIdStamp {
public:
    // `properties` and an id. Valid until the next call.
    mqtt::Properties stamped(mqtt::Properties properties);

private:
    UuidMaker uuids_;
    mqtt::PropertyList list_;
};

}  // namespace tools
