// The table of properties, validation by place, repetition and range, reading, building, words.
#include "mqtt/properties.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace mqtt;

namespace {

constexpr PropertyPlace kPlaces[] = {
    PropertyPlace::connect,     PropertyPlace::connack,   PropertyPlace::publish,
    PropertyPlace::puback,      PropertyPlace::pubrec,    PropertyPlace::pubrel,
    PropertyPlace::pubcomp,     PropertyPlace::subscribe, PropertyPlace::suback,
    PropertyPlace::unsubscribe, PropertyPlace::unsuback,  PropertyPlace::disconnect,
    PropertyPlace::auth,        PropertyPlace::will};

// The places of MQTT 5.0 table 2-4, written down a second time, by packet.
std::set<PropertyId> properties_of(PropertyPlace place) {
    using enum PropertyId;
    using P = PropertyPlace;
    const std::set<PropertyId> answer{reason_string, user_property};
    switch (place) {
    case P::connect:
        return {session_expiry_interval,      authentication_method,
                authentication_data,          request_problem_information,
                request_response_information, receive_maximum,
                topic_alias_maximum,          user_property,
                maximum_packet_size};
    case P::connack:
        return {session_expiry_interval,
                assigned_client_identifier,
                server_keep_alive,
                authentication_method,
                authentication_data,
                response_information,
                server_reference,
                reason_string,
                receive_maximum,
                topic_alias_maximum,
                maximum_qos,
                retain_available,
                user_property,
                maximum_packet_size,
                wildcard_subscription_available,
                subscription_identifier_available,
                shared_subscription_available};
    case P::publish:
        return {payload_format_indicator, message_expiry_interval, content_type, response_topic,
                correlation_data,         subscription_identifier, topic_alias,  user_property};
    case P::will:
        return {payload_format_indicator, message_expiry_interval, content_type, response_topic,
                correlation_data,         will_delay_interval,     user_property};
    case P::subscribe: return {subscription_identifier, user_property};
    case P::unsubscribe: return {user_property};
    case P::disconnect:
        return {session_expiry_interval, server_reference, reason_string, user_property};
    case P::auth: return {authentication_method, authentication_data, reason_string, user_property};
    default: return answer;
    }
}

PropertyList one(const PropertyInfo& info) {
    PropertyList list;
    switch (info.type) {
    case PropertyType::utf8_pair: list.add_user("k", "v"); break;
    case PropertyType::utf8_string:
    case PropertyType::binary: list.add(info.id, "text"); break;
    default: list.add(info.id, info.maximum);
    }
    return list;
}

Errc result_of(const PropertyList& list, PropertyPlace place) {
    return validate_properties(list.view().raw(), place).error().code;
}

// AUTH demands a method, authentication data too; the rest of a rule is then tested behind it.
PropertyList with_method(const PropertyList& list, const PropertyInfo& info, PropertyPlace place) {
    PropertyList made;
    const bool takes_method = properties_of(place).contains(PropertyId::authentication_method);
    if (takes_method && info.id != PropertyId::authentication_method) {
        made.add(PropertyId::authentication_method, "m");
    }
    std::string raw(as_text(made.view().raw()));
    raw += as_text(list.view().raw());
    return PropertyList(Properties(as_bytes(raw)));
}

PropertyList twice(const PropertyList& list) {
    std::string raw(as_text(list.view().raw()));
    raw += raw;
    return PropertyList(Properties(as_bytes(raw)));
}

std::vector<std::uint8_t> numeric(const PropertyInfo& info, std::uint32_t value) {
    std::vector<std::uint8_t> raw{static_cast<std::uint8_t>(info.id)};
    const int bytes = info.type == PropertyType::byte               ? 1
                      : info.type == PropertyType::two_byte_integer ? 2
                                                                    : 4;
    if (info.type == PropertyType::variable_byte_integer) {
        raw.push_back(static_cast<std::uint8_t>(value));  // one byte suffices here
    } else {
        for (int i = bytes; i-- > 0;)
            raw.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    return raw;
}

}  // namespace

TEST_CASE("properties: each of the 27 is allowed where the standard says, malformed elsewhere") {
    CHECK(property_table().size() == 27);
    for (const PropertyInfo& info : property_table()) {
        for (const PropertyPlace place : kPlaces) {
            CAPTURE(info.name);
            CAPTURE(static_cast<int>(place));
            const bool allowed = properties_of(place).contains(info.id);
            CHECK(((info.allowed_in & static_cast<int>(place)) != 0) == allowed);
            const PropertyList list = with_method(one(info), info, place);
            CHECK(result_of(list, place) == (allowed ? Errc::ok : Errc::malformed_packet));
        }
    }
}

TEST_CASE("properties: a second one is a protocol error but for the repeatable") {
    for (const PropertyInfo& info : property_table()) {
        for (const PropertyPlace place : kPlaces) {
            if (!properties_of(place).contains(info.id)) continue;
            CAPTURE(info.name);
            const bool repeats =
                info.id == PropertyId::user_property ||
                (info.id == PropertyId::subscription_identifier && place == PropertyPlace::publish);
            const PropertyList list = with_method(twice(one(info)), info, place);
            CHECK(result_of(list, place) == (repeats ? Errc::ok : Errc::protocol_error));
        }
    }
}

TEST_CASE("properties: numbers out of range are refused [MQTT-3.3.2-8]") {
    for (const PropertyInfo& info : property_table()) {
        if (info.maximum == 0) continue;  // not a number
        const auto place = static_cast<PropertyPlace>(info.allowed_in & -info.allowed_in);
        CAPTURE(info.name);
        CHECK(validate_properties(numeric(info, info.minimum), place).ok());
        if (info.minimum == 1) {
            const Errc expected = info.id == PropertyId::topic_alias ? Errc::topic_alias_invalid
                                                                     : Errc::protocol_error;
            CHECK(validate_properties(numeric(info, 0), place).error().code == expected);
        }
        if (info.maximum == 1) {
            CHECK(validate_properties(numeric(info, 2), place).error().code ==
                  Errc::protocol_error);
            CHECK(validate_properties(numeric(info, 255), place).error().code ==
                  Errc::protocol_error);
        }
    }
}

TEST_CASE("properties: every identifier outside the table is malformed") {
    for (int id = 0; id < 256; ++id) {
        if (find_property(static_cast<PropertyId>(id)) != nullptr) continue;
        const std::vector<std::uint8_t> raw{static_cast<std::uint8_t>(id), 0, 0, 0, 0};
        for (const PropertyPlace place : kPlaces) {
            CHECK(validate_properties(raw, place).error().code == Errc::malformed_packet);
        }
    }
}

TEST_CASE("properties: reading gives what was added, in order [MQTT-3.3.2-18]") {
    PropertyList list;
    list.add(PropertyId::topic_alias, 258).add(PropertyId::message_expiry_interval, 0xFFFF'FFFF);
    list.add_user("k", "1").add(PropertyId::subscription_identifier, 268'435'455);
    list.add(PropertyId::correlation_data, std::string_view("\0\xFF", 2)).add_user("k", "2");
    const Properties view = list;
    CHECK(view.number(PropertyId::topic_alias) == 258u);
    CHECK(view.number(PropertyId::message_expiry_interval) == 0xFFFF'FFFFu);
    CHECK(view.number(PropertyId::subscription_identifier) == 268'435'455u);
    CHECK(view.text(PropertyId::correlation_data) == std::string_view("\0\xFF", 2));
    CHECK_FALSE(view.number(PropertyId::receive_maximum));
    CHECK(view.number_or(PropertyId::receive_maximum, 65535) == 65535);
    CHECK_FALSE(view.text(PropertyId::content_type));
    std::string order;
    for (const PropertyView& property : view) {
        order += property.info->name;
        if (property.info->type == PropertyType::utf8_pair) {
            order += "=" + std::string(property.name) + std::string(property.text);
        }
        order += ' ';
    }
    CHECK(order ==
          "topic-alias message-expiry-interval user-property=k1 subscription-identifier "
          "correlation-data user-property=k2 ");
    CHECK(Properties().begin() == Properties().end());
}

TEST_CASE("properties: words become properties") {
    PropertyList list;
    CHECK(parse_property(list, PropertyPlace::connect, "session-expiry-interval", "120").ok());
    CHECK(parse_property(list, PropertyPlace::connect, "user-property", "k", "v").ok());
    CHECK(parse_property(list, PropertyPlace::connect, "user-property", "k", "v").ok());
    CHECK(parse_property(list, PropertyPlace::connect, "authentication-data", "\xFF").ok());
    CHECK(list.view().number(PropertyId::session_expiry_interval) == 120u);
    for (const PropertyInfo& info : property_table()) {
        CHECK(find_property(info.name) == &info);
        PropertyList made;
        const auto place = static_cast<PropertyPlace>(info.allowed_in & -info.allowed_in);
        const bool number = info.maximum != 0;
        CHECK(parse_property(made, place, info.name, number ? "1" : "x", "y").ok());
        CHECK_FALSE(made.empty());
    }
}

TEST_CASE("properties: wrong words are refused with the rule that they break") {
    PropertyList list;
    const auto refusal = [&](PropertyPlace place, std::string_view name, std::string_view value,
                             std::string_view value2 = {}) {
        const Status status = parse_property(list, place, name, value, value2);
        CHECK(status.error().code == Errc::invalid_argument);
        CHECK(list.empty());
        return status.error().detail;
    };
    using P = PropertyPlace;
    CHECK(refusal(P::connect, "no-such-thing", "1") == "there is no property of this name");
    CHECK(refusal(P::publish, "receive-maximum", "1") ==
          "the property is not allowed in this packet");
    CHECK(refusal(P::connect, "receive-maximum", "0") ==
          "the value is out of the property's range");
    CHECK(refusal(P::connect, "receive-maximum", "65536") ==
          "the value is out of the property's range");
    for (const auto* bad : {"", "-1", "1x", "x", " 1", "0x10", "4294967296", "1.5"}) {
        CHECK(refusal(P::connect, "session-expiry-interval", bad) ==
              "the value is not a whole number");
    }
    CHECK(refusal(P::publish, "content-type", "\xFF") ==
          "the value is not valid UTF-8, or has U+0000");
    CHECK(refusal(P::publish, "user-property", "k", "\xC0\x80") ==
          "the value is not valid UTF-8, or has U+0000");
    CHECK(refusal(P::publish, "response-topic", "a/#") ==
          "the response topic is empty or has a wildcard");
    CHECK(refusal(P::publish, "correlation-data", std::string(65536, 'x')) ==
          "the value is longer than 65535 bytes");
    CHECK(parse_property(list, P::publish, "topic-alias", "1").ok());
    CHECK(parse_property(list, P::publish, "topic-alias", "1").error().detail ==
          "the property may be given only once");
}
