// See property_option.hpp.
#include "common/property_option.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace tools {
namespace {

constexpr std::array kPlaces{
    PacketPlace{"connect", mqtt::PropertyPlace::connect, &ConnectSettings::connect_properties},
    PacketPlace{"publish", mqtt::PropertyPlace::publish, &ConnectSettings::publish_properties},
    PacketPlace{"subscribe", mqtt::PropertyPlace::subscribe,
                &ConnectSettings::subscribe_properties},
    PacketPlace{"unsubscribe", mqtt::PropertyPlace::unsubscribe,
                &ConnectSettings::unsubscribe_properties},
    PacketPlace{"disconnect", mqtt::PropertyPlace::disconnect,
                &ConnectSettings::disconnect_properties},
    PacketPlace{"will", mqtt::PropertyPlace::will, &ConnectSettings::will_properties},
    PacketPlace{"connack", mqtt::PropertyPlace::connack},
    PacketPlace{"auth", mqtt::PropertyPlace::auth},
    PacketPlace{"puback", mqtt::PropertyPlace::puback},
    PacketPlace{"pubrec", mqtt::PropertyPlace::pubrec},
    PacketPlace{"pubrel", mqtt::PropertyPlace::pubrel},
    PacketPlace{"pubcomp", mqtt::PropertyPlace::pubcomp},
};

// For a property that comes without its packet. One that no packet has is told by the first of them.
std::string_view packet_of(const ConnectSettings& s, const FlagUse& use) {
    const auto packets = split_words(s.property_packets);
    for (const std::string_view packet : packets) {
        if (is_server_only(packet, use.words[1])) continue;
        for (const PacketPlace& row : kPlaces) {
            mqtt::PropertyList list;
            if (row.packet == packet &&
                mqtt::parse_property(list, row.place, use.words[1], use.words[2], use.words[3]) &&
                mqtt::validate_properties(list.view().raw(), row.place)) {
                return packet;
            }
        }
    }
    return packets.front();
}

// Its method may come behind authentication data: make_connect_options looks whether it did.
bool is_valid(mqtt::PropertyList list, mqtt::PropertyPlace place) {
    using Id = mqtt::PropertyId;
    const bool lacks_method =
        list.view().text(Id::authentication_data) && !list.view().text(Id::authentication_method);
    if (lacks_method) list.add(Id::authentication_method, "");
    return mqtt::validate_properties(list.view().raw(), place).ok();
}

}  // namespace

const PacketPlace* find_packet(std::string_view name) {
    const auto* row =
        std::find_if(kPlaces.begin(), kPlaces.end(),
                     [name](const PacketPlace& place) { return place.packet == name; });
    return row == kPlaces.end() ? nullptr : row;
}

bool is_server_only(std::string_view packet, std::string_view property) {
    if (packet == "publish") return property == "subscription-identifier";
    return packet == "disconnect" && property == "server-reference";
}

void add_property(ConnectSettings& s, const FlagUse& use) {
    const bool is_short = use.words[0].empty();  // NAME=VALUE
    const std::string packet(is_short ? packet_of(s, use) : use.words[0]);
    const std::string& property = use.words[1];
    const PacketPlace* row = find_packet(packet);
    if (row == nullptr) {
        throw UsageError("option '-D' does not know '" + packet +
                         "'; choose from connect publish subscribe unsubscribe disconnect will");
    }
    if (is_server_only(packet, property)) {
        throw UsageError("option '-D': " + packet + " of a client has no " + property);
    }
    mqtt::PropertyList unused;
    mqtt::PropertyList& list = row->list == nullptr ? unused : s.*row->list;
    const mqtt::Status status =
        mqtt::parse_property(list, row->place, property, use.words[2], use.words[3]);
    if (!status) {
        const std::string_view problem = status.error().detail;
        const bool is_number = problem.ends_with("range") || problem.ends_with("number");
        throw UsageError("option '-D " + packet + " " + property +
                         (is_number ? " " + use.words[2] : "") + "': " + std::string(problem));
    }
    if (row->list == nullptr) {
        throw UsageError("option '-D': " + packet + " of a client has no " + property +
                         " that an option sets");
    }
    if (!is_valid(list, row->place)) {
        throw UsageError("option '-D " + packet + " " + property +
                         "' was given twice or is not valid there");
    }
}

}  // namespace tools
