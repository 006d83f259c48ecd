// What a store keeps, as plain records: the rows that a back end writes, and reads again at the start.
// Times are milliseconds since 1970, since steady clocks mean nothing after a restart. Knows no session
// object and no database.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/sources.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker::store {

// Names sessions, messages and entries; never used twice. Higher is newer, of one shard.
using Key = std::uint64_t;

using WallTime = std::int64_t;
inline constexpr WallTime kNever = std::numeric_limits<WallTime>::max();

// Views: of what is written, or of a row just read.
struct MessageRow {
    std::string_view topic;
    Bytes properties;
    Bytes payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    WallTime expires_at = kNever;
    std::uint64_t publisher = 0;  // Session::number
};

struct RetainedRow {
    MessageRow message;
    std::optional<Source> source;  // whose right to publish it is asked for again
};

// One that was asked for.
struct FoundMessage {
    FoundMessage(Key k, const MessageRow& row)
        : key(k)
        , topic(row.topic)
        , properties(row.properties.begin(), row.properties.end())
        , payload(row.payload.begin(), row.payload.end())
        , rest(row) {}
    MessageRow row() const {
        MessageRow row = rest;
        row.topic = topic;
        row.properties = properties;
        row.payload = payload;
        return row;
    }
    Key key;
    std::string topic;
    std::vector<std::uint8_t> properties;
    std::vector<std::uint8_t> payload;
    MessageRow rest;  // without the views
};

struct WillRow {
    MessageRow message;
    std::optional<std::uint32_t> expiry_interval;  // seconds
    std::uint32_t delay = 0;                       // seconds
};

struct SessionRow {
    Key number = 0;
    std::string_view client_id;
    std::uint32_t expiry_interval = 0;  // seconds; kNeverExpires
    WallTime ends_at = kNever;          // while the client is away
    bool is_online = false;             // was, when this was written
    bool has_identity = false;
    std::string_view user_name;
    std::uint64_t listener = 0;
    std::optional<WillRow> will;
    WallTime will_at = kNever;  // while the client is away
};

struct SubscriptionRow {
    Key session = 0;
    std::string_view filter;
    SubscriptionOptions options;
    std::uint32_t id = 0;
    std::uint32_t shared_tag = 0;  // of the Membership, which its messages have, too; 0: not shared
};

// The session's entries with this tag that are queued are for the group of this filter: their member has left.
struct HandoverRow {
    Key session = 0;  // which may have ended
    std::uint32_t shared_tag = 0;
    std::string_view filter;  // with "$share/"
};

enum class EntryState : std::uint8_t {
    queued,
    await_puback,
    await_pubrec,
    await_pubcomp,
};

// One message for one session, from its arrival to the end of its exchange.
struct EntryRow {
    Key key = 0;
    Key session = 0;
    Key message = 0;  // 0 after PUBREC
    PacketId packet_id = 0;
    EntryState state = EntryState::queued;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    std::span<const std::uint32_t> subscription_ids;
    std::uint32_t shared_tag = 0;  // of the shared subscription that it came through, or 0
};

// A message that was on its way between two shards when the process ended.
struct TransitRow {
    Key key = 0;
    std::uint64_t seed = 0;   // of the hashes that said who is at home where
    unsigned shards = 1;      // how many there were
    unsigned shard = 0;       // where it was going
    std::string_view filter;  // of a shared subscription, or empty
    MessageRow message;
};

// Receives what a store holds, in this order: sessions, subscriptions, handovers, messages (first those that are
// under way, which cannot wait on the disk), entries (by key), ids of received QoS 2 messages, retained messages,
// messages between shards. Views die when the call returns.
class Reader {
public:
    virtual void on_session(const SessionRow& row) = 0;
    virtual void on_subscription(const SubscriptionRow& row) = 0;
    virtual void on_handover(const HandoverRow& row) = 0;
    virtual void on_message(Key key, const MessageRow& row) = 0;
    virtual void on_waiting_messages() {}  // from here on they are those that can
    virtual void on_entry(const EntryRow& row) = 0;
    virtual void on_received_id(Key session, PacketId id) = 0;
    virtual void on_retained(const RetainedRow& row) = 0;
    virtual void on_transit(const TransitRow& row) = 0;
    // Of something that is gone, but that the store remembers: new keys must be higher.
    virtual void on_used_key(Key) {}

protected:
    ~Reader() = default;
};

}  // namespace mqtt::broker::store
