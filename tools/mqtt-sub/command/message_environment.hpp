// A message as environment variables of a command. Used by message_commands.
#pragma once

#include "mqtt-sub/command/child.hpp"
#include "mqtt/packet.hpp"

namespace mqtt_sub {

// MQTT_TOPIC=... and so on; see COMMANDS in the man page. No value can hold a NUL, none is split.
Environment message_environment(const mqtt::Publish& message);

}  // namespace mqtt_sub
