// See mosquitto_properties.hpp.
#include "common/mosquitto_properties.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "common/mosquitto_argv.hpp"
#include "common/mosquitto_checks.hpp"
#include "common/property_option.hpp"
#include "mqtt/topic.hpp"

namespace tools {
namespace {

using mqtt::PropertyId;
using mqtt::PropertyInfo;
using mqtt::PropertyType;

constexpr std::size_t kLongest = 65'535;

[[noreturn]] void fail(const std::string& what) {
    throw UsageError("Error: " + what);
}

// They name the type by its number.
[[noreturn]] void fail_adding(const std::string& property, const PropertyInfo& info) {
    const bool is_pair = info.type == PropertyType::utf8_pair;
    const bool is_number = info.type == PropertyType::variable_byte_integer;
    throw UsageError("Error adding property " + property +
                     (is_number ? " 4"
                      : is_pair ? " 7"
                                : " 6"));
}

// What the bytes of the type hold; of a variable byte integer theirs take four.
std::int64_t most_of(PropertyType type) {
    if (type == PropertyType::byte) return std::numeric_limits<std::uint8_t>::max();
    if (type == PropertyType::two_byte_integer) return std::numeric_limits<std::uint16_t>::max();
    return std::numeric_limits<std::uint32_t>::max();
}

// False: what the standard forbids, and theirs find in the end.
bool add_number(mqtt::PropertyList& list, const PropertyInfo& info, const FlagUse& use) {
    const std::int64_t number = std::strtol(use.words[2].c_str(), nullptr, 10);  // atol()
    if (number < 0 || number > most_of(info.type)) {
        fail("Property value (" + std::to_string(number) + ") out of range for property " +
             use.words[1] + ".\n");
    }
    const bool is_allowed = number >= info.minimum && number <= info.maximum;
    const bool is_variable = info.type == PropertyType::variable_byte_integer;
    if (is_variable && !is_allowed) fail_adding(use.words[1], info);
    if (is_allowed) list.add(info.id, static_cast<std::uint32_t>(number));
    return is_allowed;
}

// As above. Of a pair theirs look at the name alone, and send what is no UTF-8.
bool add_text(mqtt::PropertyList& list, const PropertyInfo& info, const FlagUse& use) {
    const std::string& text = use.words[2];
    const bool is_long = text.size() > kLongest || use.words.back().size() > kLongest;
    if (info.type == PropertyType::binary) {
        if (is_long) fail("Property value too long for property " + use.words[1] + ".\n");
        list.add(info.id, text);
        return true;
    }
    if (is_long || !is_mosquitto_text(text) || !is_valid_utf8(use.words.back())) {
        fail_adding(use.words[1], info);
    }
    if (info.type == PropertyType::utf8_pair) {
        list.add_user(text, use.words.back());
        return true;
    }
    const bool is_topic = info.id == PropertyId::response_topic;
    if (is_topic && !mqtt::validate_topic_name(text)) return false;
    list.add(info.id, text);
    return true;
}

void check_packet(const ConnectSettings& s, std::string_view packet,
                  const std::vector<GivenProperty>& given) {
    const auto fail_packet = [&](std::string_view why) {
        std::string name(packet);
        const bool is_will = packet == "will";
        for (char& c : name)
            c = static_cast<char>(c - 'a' + 'A');
        throw UsageError(s.quiet ? std::string()
                                 : "Error in " + (is_will ? "Will" : name) +
                                       " properties: " + std::string(why));
    };
    constexpr std::string_view kForbidden =
        "A network protocol error occurred when communicating with the broker.";
    for (auto one = given.begin(); one != given.end(); ++one) {
        if (!one->is_allowed) fail_packet(kForbidden);
        const auto is_same = [one](const GivenProperty& other) { return other.id == one->id; };
        const bool may_repeat = one->id == PropertyId::user_property;
        if (!may_repeat && std::any_of(one + 1, given.end(), is_same)) {
            fail_packet("Duplicate property in property list");
        }
    }
    const auto has = [&](PropertyId id) {
        return std::any_of(given.begin(), given.end(),
                           [id](const GivenProperty& one) { return one.id == id; });
    };
    const bool lacks_method =
        has(PropertyId::authentication_data) && !has(PropertyId::authentication_method);
    if (lacks_method) fail_packet(kForbidden);
}

}  // namespace

void add_mosquitto_property(ConnectSettings& s, const FlagUse& use) {
    const std::string& packet = use.words[0];
    const std::string& property = use.words[1];
    const PacketPlace* row = find_packet(lower_case(packet));
    const PropertyInfo* info = mqtt::find_property(lower_case(property));
    const std::string place = " for " + packet + " in --property argument.\n";
    if (row == nullptr) fail("Invalid command given in --property argument.\n");
    if (info == nullptr) fail("Invalid property name given in --property argument.\n");
    if ((info->allowed_in & static_cast<std::uint16_t>(row->place)) == 0) {
        fail(property + " property not allowed" + place);
    }
    if (info->id == PropertyId::user_property && use.words.size() < 4) {
        fail("--property argument given but not enough arguments specified.\n");
    }
    if (row->packet == "connack") throw UsageError("");
    const bool is_refused = row->packet == "publish" && is_server_only(row->packet, info->name);
    if (row->list == nullptr || is_refused) fail(property + " property not supported" + place);
    const bool is_number = info->type <= PropertyType::variable_byte_integer;
    mqtt::PropertyList& list = s.*row->list;
    const bool is_allowed = is_number ? add_number(list, *info, use) : add_text(list, *info, use);
    s.given_properties.push_back({row->packet, info->id, is_allowed});
}

void check_mosquitto_properties(const ConnectSettings& s) {
    const bool is_v5 = mqtt::has_properties(chosen_version(s));
    const bool keeps = s.session_expiry ? *s.session_expiry > 0 : s.keep_session;
    for (const std::string_view packet :
         {"connect", "publish", "subscribe", "unsubscribe", "disconnect", "will"}) {
        std::vector<GivenProperty> given;
        std::copy_if(s.given_properties.begin(), s.given_properties.end(),
                     std::back_inserter(given),
                     [packet](const GivenProperty& one) { return one.packet == packet; });
        if (packet == "connect" && is_v5 && keeps) {
            given.push_back({packet, PropertyId::session_expiry_interval});
        }
        check_packet(s, packet, given);
    }
}

}  // namespace tools
