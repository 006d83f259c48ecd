// -D: whose the properties are that it sets. session_flags has its row; under mosquitto's names mosquitto_properties
// reads it.
#pragma once

#include <string_view>

#include "common/connect_settings.hpp"
#include "mqtt/properties.hpp"

namespace tools {

struct PacketPlace {
    std::string_view packet;
    mqtt::PropertyPlace place;
    mqtt::PropertyList ConnectSettings::*list =
        nullptr;  // none: packets on which no option has a say
};

// The packet of this name, or nullptr.
const PacketPlace* find_packet(std::string_view name);

// A client may not say everything that the packet may carry from a server.
bool is_server_only(std::string_view packet, std::string_view property);

// Of our names: checks the property and adds it to its packet. Throws UsageError.
void add_property(ConnectSettings& settings, const FlagUse& use);

}  // namespace tools
