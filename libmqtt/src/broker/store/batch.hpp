// What one transaction writes: the changes of one shard between two commits, already netted. A message
// that was delivered and acknowledged within the batch is not in it. Filled by Journal on the shard's
// thread, read by a back end on the writer's, destroyed on the shard's.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "broker/store/records.hpp"
#include "core/inflight.hpp"
#include "core/message.hpp"

namespace mqtt::broker::store {

struct NewMessage {
    Key key = 0;
    core::MessageRef message;  // null: nobody needs it any more
};

struct NewEntry {
    Key key = 0;
    Key session = 0;
    Key message = 0;
    base::KeepAliveRef subscription_ids;  // when there are several (a core::SubscriptionIds)
    std::uint32_t subscription_id = 0;
    std::uint32_t shared_tag = 0;
    PacketId packet_id = 0;
    EntryState state = EntryState::queued;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool is_cancelled = false;
};

// Of an entry that an earlier batch has.
struct EntryChange {
    enum class Kind : std::uint8_t { sent, received, removed };
    Key key = 0;
    Kind kind = Kind::removed;
    EntryState state = EntryState::queued;
    PacketId packet_id = 0;
};

struct SubscriptionChange {
    Key session = 0;
    std::string filter;
    SubscriptionOptions options;
    std::uint32_t id = 0;
    std::uint32_t shared_tag = 0;
    bool is_removed = false;
};

struct HandoverChange {
    Key session = 0;
    std::uint32_t shared_tag = 0;
    std::string filter;
    bool is_removed = false;
};

struct ReceivedIdChange {
    Key session = 0;
    PacketId id = 0;
    bool is_removed = false;
};

struct SessionChange {
    std::string client_id;
    std::string user_name;
    SessionRow numbers;     // without texts and will
    core::MessageRef will;  // null: none
    std::optional<std::uint32_t> will_expiry;
    std::uint32_t will_delay = 0;
    bool is_removed = false;  // with its subscriptions and received ids
};

// A message on its way to another shard, until that shard's batch has what became of it.
struct NewTransit {
    Key key = 0;
    core::MessageRef message;
    std::string filter;  // of the shared subscription that it is for; empty: for all who match
    unsigned shard = 0;
};

struct RetainedChange {
    core::MessageRef message;  // null: removed
    std::optional<KeptSource> source = {};
};

struct Batch {
    std::vector<NewMessage> messages;  // keys ascend without gaps
    std::vector<NewEntry> entries;     // likewise
    std::vector<EntryChange> entry_changes;
    std::vector<Key> removed_messages;
    std::vector<SubscriptionChange> subscriptions;
    std::vector<HandoverChange> handovers;
    std::vector<ReceivedIdChange> received_ids;
    std::unordered_map<Key, SessionChange> sessions;
    std::vector<NewTransit> transits;
    std::vector<Key> arrived;  // transits of other shards
    std::unordered_map<std::string, RetainedChange> retained;
    std::size_t live = 0;         // changes that were not cancelled
    WallTime steady_offset = 0;   // to be added to a steady time in milliseconds
    std::uint64_t hash_seed = 0;  // by which sessions found their shard, and how many there are
    unsigned shards = 1;
    std::uint64_t order = 0;  // among the batches of all shards, by when they were closed

    bool empty() const { return live == 0; }
    // To be filled anew: keeps the memory of what there is much of, up to a bound.
    void clear();
    WallTime wall(TimePoint time) const;
    MessageRow row(const core::Message& message) const;
    SessionRow row(const SessionChange& change) const;
    static EntryRow row(const NewEntry& entry);
    static std::span<const std::uint32_t> subscription_ids(const NewEntry& entry);
};

}  // namespace mqtt::broker::store
