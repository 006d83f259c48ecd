// Control packets of MQTT 3.1, 3.1.1 and 5.0 as one set of views into the read buffer.
// Decoding fills them, encoding takes them; a field that a version lacks is empty.
// They own nothing: valid until the buffer changes (in a sink: until the callback returns).
#pragma once

#include <functional>
#include <iterator>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "mqtt/properties.hpp"
#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

enum class PacketType : std::uint8_t {
    connect = 1,
    connack,
    publish,
    puback,
    pubrec,
    pubrel,
    pubcomp,
    subscribe,
    suback,
    unsubscribe,
    unsuback,
    pingreq,
    pingresp,
    disconnect,
    auth,
};
std::string_view packet_name(PacketType type);  // "PUBLISH"

struct WillView {
    QoS qos = QoS::at_most_once;
    bool retain = false;
    Properties properties;
    std::string_view topic;
    Bytes payload;
};

struct Connect {
    ProtocolVersion version = ProtocolVersion::v5;
    bool clean_start = true;        // 3.x: Clean Session
    bool bridge = false;            // bit 0x80 of the level, set by mosquitto's bridges
    std::uint16_t keep_alive = 60;  // seconds, 0 = off
    Properties properties;
    std::string_view client_id;
    std::optional<WillView> will;
    std::optional<std::string_view> user_name;
    std::optional<Bytes> password;
};

struct Connack {
    bool session_present = false;
    ReasonCode reason = ReasonCode::success;
    Properties properties;
};

struct Publish {
    bool dup = false;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    PacketId id = 0;         // 0 exactly when QoS 0
    std::string_view topic;  // empty only with a topic alias (5.0)
    Properties properties;
    Bytes payload;
};

// PUBACK, PUBREC, PUBREL, PUBCOMP share one layout.
struct Ack {
    PacketType type = PacketType::puback;
    PacketId id = 0;
    ReasonCode reason = ReasonCode::success;
    Properties properties;
};

enum class RetainHandling : std::uint8_t { always = 0, if_new = 1, never = 2 };

struct SubscriptionOptions {
    QoS qos = QoS::at_most_once;
    bool no_local = false;
    bool retain_as_published = false;
    RetainHandling retain_handling = RetainHandling::always;
    friend bool operator==(const SubscriptionOptions&, const SubscriptionOptions&) = default;
};

struct SubscriptionRequest {
    std::string_view filter;
    SubscriptionOptions options;
};

// The filters of SUBSCRIBE (with options) or UNSUBSCRIBE (without), read from validated raw bytes
// while iterating: nothing is allocated.
class FilterList {
public:
    FilterList() = default;
    FilterList(Bytes raw, bool with_options) : raw_(raw), with_options_(with_options) {}

    Bytes raw() const { return raw_; }
    bool with_options() const { return with_options_; }
    std::size_t count() const;

    class Iterator {
    public:
        using value_type = SubscriptionRequest;
        Iterator(const std::uint8_t* at, const std::uint8_t* end, bool with_options);
        const SubscriptionRequest& operator*() const { return current_; }
        const SubscriptionRequest* operator->() const { return &current_; }
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return at_ == other.at_; }

    private:
        void read();
        const std::uint8_t* at_;
        const std::uint8_t* next_;
        const std::uint8_t* end_;
        bool with_options_;
        SubscriptionRequest current_;
    };
    Iterator begin() const { return {raw_.data(), raw_.data() + raw_.size(), with_options_}; }
    Iterator end() const {
        return {raw_.data() + raw_.size(), raw_.data() + raw_.size(), with_options_};
    }

private:
    Bytes raw_;
    bool with_options_ = false;
};

// Builds the raw bytes of a FilterList. Filters must be valid (see topic.hpp).
class FilterListBuilder {
public:
    explicit FilterListBuilder(bool with_options) : with_options_(with_options) {}
    FilterListBuilder& add(std::string_view filter, SubscriptionOptions options = {});
    FilterList view() const { return {Bytes(raw_), with_options_}; }
    std::size_t count() const { return count_; }

private:
    std::vector<std::uint8_t> raw_;
    std::size_t count_ = 0;
    bool with_options_;
};

struct Subscribe {
    PacketId id = 0;
    Properties properties;
    FilterList filters;
};

struct Suback {
    PacketId id = 0;
    Properties properties;
    Bytes codes;  // one ReasonCode byte per filter
};

struct Unsubscribe {
    PacketId id = 0;
    Properties properties;
    FilterList filters;
};

struct Unsuback {
    PacketId id = 0;
    Properties properties;
    Bytes codes;  // 3.x: empty
};

struct Pingreq {};
struct Pingresp {};

struct Disconnect {
    ReasonCode reason = ReasonCode::success;
    Properties properties;
};

struct Auth {
    ReasonCode reason = ReasonCode::success;
    Properties properties;
};

using Packet = std::variant<Connect, Connack, Publish, Ack, Subscribe, Suback, Unsubscribe,
                            Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

// A packet that a connection has received or is about to send. Views, valid during the call.
struct PacketEvent {
    bool is_sent = false;
    PacketType type = PacketType::connect;
    const Packet* packet = nullptr;  // null: malformed
};
using PacketSink = std::function<void(const PacketEvent&)>;

}  // namespace mqtt
