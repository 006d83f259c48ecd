// The 27 properties of MQTT 5.0: one table row each, a view on validated raw bytes for reading,
// an owning list for building. Used by packets, codec, -D/--property, printing and tests.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/error.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

// Numeric values are the identifiers on the wire [MQTT 5.0 section 2.2.2.2].
enum class PropertyId : std::uint8_t {
    payload_format_indicator = 0x01,
    message_expiry_interval = 0x02,
    content_type = 0x03,
    response_topic = 0x08,
    correlation_data = 0x09,
    subscription_identifier = 0x0B,
    session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12,
    server_keep_alive = 0x13,
    authentication_method = 0x15,
    authentication_data = 0x16,
    request_problem_information = 0x17,
    will_delay_interval = 0x18,
    request_response_information = 0x19,
    response_information = 0x1A,
    server_reference = 0x1C,
    reason_string = 0x1F,
    receive_maximum = 0x21,
    topic_alias_maximum = 0x22,
    topic_alias = 0x23,
    maximum_qos = 0x24,
    retain_available = 0x25,
    user_property = 0x26,
    maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28,
    subscription_identifier_available = 0x29,
    shared_subscription_available = 0x2A,
};

enum class PropertyType : std::uint8_t {
    byte,
    two_byte_integer,
    four_byte_integer,
    variable_byte_integer,
    utf8_string,
    utf8_pair,
    binary,
};

// Where properties may stand. A bit set of these is a row's `allowed_in`.
enum class PropertyPlace : std::uint16_t {
    connect = 1 << 0,
    connack = 1 << 1,
    publish = 1 << 2,
    puback = 1 << 3,
    pubrec = 1 << 4,
    pubrel = 1 << 5,
    pubcomp = 1 << 6,
    subscribe = 1 << 7,
    suback = 1 << 8,
    unsubscribe = 1 << 9,
    unsuback = 1 << 10,
    disconnect = 1 << 11,
    auth = 1 << 12,
    will = 1 << 13,
};

struct PropertyInfo {
    PropertyId id;
    std::string_view name;  // "session-expiry-interval", the spelling of -D and JSON
    PropertyType type;
    std::uint16_t allowed_in;  // bit set of PropertyPlace
    bool repeatable;           // user_property; subscription_identifier in PUBLISH only
    std::uint32_t minimum;     // of numeric types
    std::uint32_t maximum;
};

inline constexpr std::size_t kPropertyCount = 27;
const std::array<PropertyInfo, kPropertyCount>& property_table();
const PropertyInfo* find_property(PropertyId id);          // nullptr: no such identifier
const PropertyInfo* find_property(std::string_view name);  // by its name in the table

struct UserProperty {
    std::string_view name;
    std::string_view value;
};

// One property as read: the field that `info->type` says is meaningful.
struct PropertyView {
    const PropertyInfo* info = nullptr;
    std::uint32_t number = 0;  // byte, integers
    std::string_view text;     // utf8_string, binary, value of a pair
    std::string_view name;     // name of a pair
};

// A view on the validated raw bytes of a property list (without its length prefix). Decoding
// checked every rule of place, repetition, range and UTF-8, so reading cannot fail.
// Valid as long as the bytes are: in a sink, until the callback returns.
class Properties {
public:
    Properties() = default;
    explicit Properties(Bytes raw) : raw_(raw) {}

    Bytes raw() const { return raw_; }
    bool empty() const { return raw_.empty(); }

    std::optional<std::uint32_t> number(PropertyId id) const;
    std::optional<std::string_view> text(PropertyId id) const;  // strings and binary data
    std::uint32_t number_or(PropertyId id, std::uint32_t otherwise) const {
        return number(id).value_or(otherwise);
    }

    class Iterator {
    public:
        using value_type = PropertyView;
        explicit Iterator(Bytes rest);
        const PropertyView& operator*() const { return current_; }
        const PropertyView* operator->() const { return &current_; }
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return at_ == other.at_; }

        // The raw bytes of the current property, identifier included: [position, next_position).
        const std::uint8_t* position() const { return at_; }
        const std::uint8_t* next_position() const { return next_; }

    private:
        void read();
        const std::uint8_t* at_;
        const std::uint8_t* next_;
        const std::uint8_t* end_;
        PropertyView current_;
    };
    Iterator begin() const { return Iterator(raw_); }
    Iterator end() const { return Iterator(raw_.subspan(raw_.size())); }

private:
    Bytes raw_;
};

// Owns the raw bytes of a property list while it is built. Adders keep the order of calls; they
// check ranges and UTF-8 only by assertion (validate untrusted input with parse_property first).
class PropertyList {
public:
    PropertyList() = default;
    explicit PropertyList(Properties copy_of) : raw_(copy_of.raw().begin(), copy_of.raw().end()) {}

    PropertyList& add(PropertyId id, std::uint32_t number);
    PropertyList& add(PropertyId id, std::string_view text_or_binary);
    PropertyList& add_user(std::string_view name, std::string_view value);
    void clear() { raw_.clear(); }
    bool empty() const { return raw_.empty(); }
    Properties view() const { return Properties(Bytes(raw_)); }
    operator Properties() const { return view(); }

private:
    std::vector<std::uint8_t> raw_;
};

// Adds one property given as words ("session-expiry-interval", "120") after checking that it may
// stand in `place` and that the value is in range. `value2` is the value of a user property.
// Errors: invalid_argument with a detail naming the rule.
Status parse_property(PropertyList& list, PropertyPlace place, std::string_view name,
                      std::string_view value, std::string_view value2 = {});

// Checks raw bytes from the wire: known identifiers, place, repetition, ranges, UTF-8.
// Errors: malformed_packet or protocol_error, as the standard names per rule.
Status validate_properties(Bytes raw, PropertyPlace place);

}  // namespace mqtt
