// Validation, reading and building of property lists. Which rule a row breaks decides the error:
// an unknown or misplaced identifier or a broken value is malformed (section 2.2.2.2), a repeated
// one or one out of range is a protocol error (section 3.x of each property).
#include "mqtt/properties.hpp"

#include <charconv>

#include "base/assert.hpp"
#include "core/property_rules.hpp"
#include "mqtt/topic.hpp"

namespace mqtt {
namespace {

using core::Reader;

constexpr bool stands_in(const PropertyInfo& info, PropertyPlace place) {
    return (info.allowed_in & static_cast<std::uint16_t>(place)) != 0;
}

// SUBSCRIBE takes one subscription identifier, PUBLISH several.
constexpr bool may_repeat(const PropertyInfo& info, PropertyPlace place) {
    return info.repeatable &&
           !(info.id == PropertyId::subscription_identifier && place == PropertyPlace::subscribe);
}

constexpr bool is_number(PropertyType type) {
    return type == PropertyType::byte || type == PropertyType::two_byte_integer ||
           type == PropertyType::four_byte_integer || type == PropertyType::variable_byte_integer;
}

constexpr std::uint64_t bit(PropertyId id) {
    return std::uint64_t{1} << static_cast<unsigned>(id);
}

Error malformed(std::string_view why) {
    return {Errc::malformed_packet, ReasonCode::malformed_packet, why};
}

Error protocol_error(std::string_view why) {
    return {Errc::protocol_error, ReasonCode::protocol_error, why};
}

Error out_of_range(PropertyId id) {
    if (id == PropertyId::topic_alias) {  // [MQTT-3.3.2-8]
        return {Errc::topic_alias_invalid, "topic alias is 0"};
    }
    return protocol_error("property value is out of range");
}

// What the type and the row demand of a value that was read.
Error check_value(const PropertyView& view) {
    const PropertyInfo& info = *view.info;
    if (is_number(info.type)) {
        if (view.number < info.minimum || view.number > info.maximum) return out_of_range(info.id);
        return {};
    }
    if (info.type == PropertyType::binary) return {};
    // [MQTT-1.5.4-1] [MQTT-1.5.7-1] [MQTT-3.3.2-13] [MQTT-3.3.2-19]
    if (!core::is_valid_utf8(view.text) || !core::is_valid_utf8(view.name)) {
        return malformed(Reader::kNotUtf8);
    }
    if (info.id == PropertyId::response_topic) {  // [MQTT-3.3.2-14]
        if (const Status status = validate_topic_name(view.text); !status) return status.error();
    }
    return {};
}

// Rules between properties of one list.
Error check_combination(std::uint64_t seen, PropertyPlace place) {
    const bool has_method = (seen & bit(PropertyId::authentication_method)) != 0;
    const bool has_data = (seen & bit(PropertyId::authentication_data)) != 0;
    if (has_data && !has_method) {
        return protocol_error("authentication data without authentication method");
    }
    if (place == PropertyPlace::auth && !has_method) {
        return protocol_error("AUTH without authentication method");
    }
    return {};
}

Error validate(Bytes raw, PropertyPlace place) {
    Reader reader(raw);
    std::uint64_t seen = 0;
    while (!reader.at_end()) {
        const PropertyInfo* info = find_property(static_cast<PropertyId>(reader.u8()));
        if (info == nullptr) return malformed("unknown property identifier");
        if (!stands_in(*info, place)) return malformed("property is not allowed in this packet");
        if ((seen & bit(info->id)) != 0 && !may_repeat(*info, place)) {
            return protocol_error("property is given twice");
        }
        seen |= bit(info->id);
        const PropertyView view = core::read_property_value(reader, *info);
        if (!reader.ok()) return reader.error();
        if (const Error error = check_value(view)) return error;
    }
    return check_combination(seen, place);
}

}  // namespace

Status validate_properties(Bytes raw, PropertyPlace place) {
    return validate(raw, place);
}

// Reading validated bytes: they cannot be too short.

Properties::Iterator::Iterator(Bytes rest)
    : at_(rest.data())
    , next_(rest.data())
    , end_(rest.data() + rest.size()) {
    read();
}

Properties::Iterator& Properties::Iterator::operator++() {
    at_ = next_;
    read();
    return *this;
}

void Properties::Iterator::read() {
    if (at_ == end_) return;
    Reader reader(Bytes(at_, end_));
    const PropertyInfo* info = find_property(static_cast<PropertyId>(reader.u8()));
    if (info != nullptr) current_ = core::read_property_value(reader, *info);
    if (info == nullptr || !reader.ok()) {  // bytes that nobody validated: end here
        MQTT_ASSERT(false);
        at_ = next_ = end_;
        return;
    }
    next_ = reader.position();
}

std::optional<std::uint32_t> Properties::number(PropertyId id) const {
    for (const PropertyView& property : *this) {
        if (property.info->id == id) return property.number;
    }
    return std::nullopt;
}

std::optional<std::string_view> Properties::text(PropertyId id) const {
    for (const PropertyView& property : *this) {
        if (property.info->id == id) return property.text;
    }
    return std::nullopt;
}

// Building.

PropertyList& PropertyList::add(PropertyId id, std::uint32_t number) {
    const PropertyInfo* info = find_property(id);
    MQTT_ASSERT(info != nullptr && is_number(info->type));
    MQTT_ASSERT(number >= info->minimum && number <= info->maximum);
    raw_.push_back(static_cast<std::uint8_t>(id));
    const auto push = [this](std::uint32_t value, int bytes) {
        while (bytes-- > 0)
            raw_.push_back(static_cast<std::uint8_t>(value >> (8 * bytes)));
    };
    switch (info->type) {
    case PropertyType::byte: push(number, 1); break;
    case PropertyType::two_byte_integer: push(number, 2); break;
    case PropertyType::four_byte_integer: push(number, 4); break;
    default: {
        std::array<std::uint8_t, 4> varint;
        raw_.insert(raw_.end(), varint.begin(),
                    varint.begin() + (core::encode_varint(varint.data(), number) - varint.data()));
    }
    }
    return *this;
}

namespace {

void push_text(std::vector<std::uint8_t>& raw, std::string_view text) {
    MQTT_ASSERT(text.size() <= 0xFFFF);
    raw.push_back(static_cast<std::uint8_t>(text.size() >> 8));
    raw.push_back(static_cast<std::uint8_t>(text.size()));
    raw.insert(raw.end(), text.begin(), text.end());
}

}  // namespace

PropertyList& PropertyList::add(PropertyId id, std::string_view text_or_binary) {
    [[maybe_unused]] const PropertyInfo* info = find_property(id);
    MQTT_ASSERT(info != nullptr);
    MQTT_ASSERT(info->type == PropertyType::binary ||
                (info->type == PropertyType::utf8_string && core::is_valid_utf8(text_or_binary)));
    raw_.push_back(static_cast<std::uint8_t>(id));
    push_text(raw_, text_or_binary);
    return *this;
}

PropertyList& PropertyList::add_user(std::string_view name, std::string_view value) {
    MQTT_ASSERT(core::is_valid_utf8(name) && core::is_valid_utf8(value));
    raw_.push_back(static_cast<std::uint8_t>(PropertyId::user_property));
    push_text(raw_, name);
    push_text(raw_, value);
    return *this;
}

// Words of a user.

namespace {

Error refuse(std::string_view why) {
    return {Errc::invalid_argument, why};
}

std::optional<std::uint32_t> parse_number(std::string_view word) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return number;
}

bool holds(const PropertyList& list, PropertyId id) {
    for (const PropertyView& property : list.view()) {
        if (property.info->id == id) return true;
    }
    return false;
}

}  // namespace

Status parse_property(PropertyList& list, PropertyPlace place, std::string_view name,
                      std::string_view value, std::string_view value2) {
    const PropertyInfo* info = find_property(name);
    if (info == nullptr) return refuse("there is no property of this name");
    if (!stands_in(*info, place)) return refuse("the property is not allowed in this packet");
    if (!may_repeat(*info, place) && holds(list, info->id)) {
        return refuse("the property may be given only once");
    }
    if (value.size() > 0xFFFF || value2.size() > 0xFFFF) {
        return refuse("the value is longer than 65535 bytes");
    }
    if (is_number(info->type)) {
        const auto number = parse_number(value);
        if (!number) return refuse("the value is not a whole number");
        if (*number < info->minimum || *number > info->maximum) {
            return refuse("the value is out of the property's range");
        }
        list.add(info->id, *number);
        return {};
    }
    if (info->type == PropertyType::binary) {
        list.add(info->id, value);
        return {};
    }
    if (!core::is_valid_utf8(value) || !core::is_valid_utf8(value2)) {
        return refuse("the value is not valid UTF-8, or has U+0000");
    }
    if (info->type == PropertyType::utf8_pair) {
        list.add_user(value, value2);
        return {};
    }
    if (info->id == PropertyId::response_topic && !validate_topic_name(value)) {
        return refuse("the response topic is empty or has a wildcard");
    }
    list.add(info->id, value);
    return {};
}

}  // namespace mqtt
