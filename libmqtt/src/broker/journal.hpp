// What a shard has to tell its store: every change of durable sessions, and of retained messages, goes
// through here into the open batch, where what cancels out is forgotten. In strict mode also the gate in
// front of each connection's output: bytes that promise something leave when it is on disk. Costs a
// comparison where nothing is stored. One per shard.
//
// With several shards their batches are numbered in rounds, and a round is one transaction. Whoever
// hands in closes the round for all: it tells the others, who hand in what they have. What a shard
// sends carries the round that it was sent in, and whoever gets something of a later round than its
// own closes its own first. So no transaction has an effect without its cause, whatever is on its way. And
// what is on its way is in the sender's batch, until the receiver's says what became of it: an
// acknowledgement waits for its own shard's commit and for nobody else's.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string_view>

#include "broker/delivery_token.hpp"
#include "broker/extra_references.hpp"
#include "broker/slab.hpp"
#include "broker/store/batch.hpp"
#include "broker/store/writer.hpp"
#include "net/loop.hpp"

namespace mqtt::broker {

class Bridge;
struct Publication;
class Peer;
class Shard;
struct Place;
struct QueuedMessage;
struct Session;

// A message in the store, shared by the entries of all sessions of this shard that wait for it.
using StoredMessageRef = base::KeepAliveRef;

class Journal final : private net::Flushable, private net::Timer {
public:
    explicit Journal(Shard& shard) : shard_(shard) {}
    ~Journal();

    // Before the threads start.
    void connect(store::Writer& writer, bool is_strict);
    bool is_on() const { return writer_ != nullptr; }
    bool is_strict() const { return is_strict_; }
    // The store cannot be written at present: what needs it is refused.
    bool is_failing() const { return writer_ != nullptr && writer_->is_failing(); }

    // A session that is kept beyond its connection came to be or changed; it ended.
    void session_changed(Session& session);
    void session_ended(const Session& session);
    void subscribed(const Session& session, std::string_view filter, SubscriptionOptions options,
                    std::uint32_t id);
    void unsubscribed(const Session& session, std::string_view filter);
    // What waits for a Membership of a session, both gone from now on, is its group's; all of it has been given away.
    void handover_began(store::Key session, std::uint32_t shared_tag, std::string_view filter);
    void handover_ended(store::Key session, std::uint32_t shared_tag);
    // Ids of QoS 2 messages that it sent, until PUBREL.
    void received_id(const Session& session, PacketId id);
    void released_id(const Session& session, PacketId id);
    void retained_changed(std::string_view topic);

    // A message for a session; the token that it has from now on. `shared` is what all receivers of
    // one publication have in common, empty at first.
    DeliveryToken add(const Session& session, StoredMessageRef& shared,
                      const QueuedMessage& queued);
    // Has its packet id; PUBREC came. False: it is not stored.
    bool sent(DeliveryToken token, PacketId id, QoS qos);
    bool received(DeliveryToken token);
    // Delivered, dropped or ended.
    void done(DeliveryToken token);

    // Of a message in a queue that is on the disk only: its token ends, its entry stays; and the way back.
    Place detach(const QueuedMessage& queued);
    QueuedMessage attach(const Place& place);

    // A message goes to another shard; its number on the way, 0 where none is needed. `filter`: of the
    // shared subscription that it is for. It has come, from another shard, and what it led to is
    // recorded.
    store::Key departed(const Publication& publication, unsigned shard, std::string_view filter);
    void arrived(store::Key transit);
    // Of what is sent now; something of a later round than this came in; another shard closed one.
    std::uint64_t round() const { return number_; }
    void close_before(std::uint64_t round) {
        if (number_ < round) close_batch();
    }

    // Grows with everything recorded: whether something was, between two looks.
    std::uint64_t mark() const { return recorded_; }

    // Strict mode: what `peer` is sent from `position` of its output on waits until what has been
    // recorded by now is on disk.
    void gate(Peer& peer, std::uint64_t position);
    void gate(Peer& peer);  // from what is staged next
    void gate(Bridge& bridge, std::uint64_t position);
    void forget(const Peer& peer);
    void forget(const Bridge& bridge);

    // Reads messages of the store, when they are there.
    using Found = std::function<void(const std::vector<store::FoundMessage>&)>;
    void fetch(std::vector<store::Key> messages, Found found);
    // The same when all is committed that has been recorded by now.
    void fetch_behind(std::vector<store::Key> messages, Found found);
    static store::Key message_key(const StoredEntry& entry);

    // The thread is at its end: hands in the rest; nothing is recorded any more.
    void leave();

    // At the start, when the store is read.
    void continue_after(store::Key key);
    StoredMessageRef restore_message(store::Key key);
    // The same of one that is not in memory, for each of its entries.
    StoredMessageRef restore_unread(store::Key key, bool is_first);
    DeliveryToken restore_entry(store::Key key, const StoredMessageRef& message,
                                std::uint32_t shared_tag);
    void remove_orphan(store::Key message);

private:
    struct StoredMessage;
    struct Gated {
        std::uint64_t number;
        Peer* peer;
        Bridge* bridge;  // one of the two, or none any more
    };
    struct HandedIn {
        std::uint64_t number;
        std::uint64_t next_message;  // what was recorded before has lower ones
    };
    struct Fetch {
        std::uint64_t number;
        std::vector<store::Key> messages;
        Found found;
    };
    store::Batch& open();
    void record(std::size_t changes = 1);
    void cancel();
    store::NewEntry* fresh(store::Key key);
    StoredMessageRef make_message(store::Key key, bool is_counted);
    void message_gone(store::Key key);
    std::uint64_t pending() const;
    bool is_writing() const { return number_ - 1 > committed_; }  // one is on its way
    bool is_alone() const;
    void wait_for_tick();
    void on_flush() override;
    void on_timer(TimePoint now) override;
    void hand_in();
    void close_batch();
    void submit(bool is_last);
    void committed(std::uint64_t round);
    void on_committed(std::uint64_t round);
    void take_back(std::unique_ptr<store::Batch> batch);
    void release_gates();
    void release_fetches();
    void read(Fetch fetch);

    Shard& shard_;
    store::Writer* writer_ = nullptr;
    bool is_strict_ = false;
    bool is_wanted_ = false;  // somebody waits for the open batch
    std::unique_ptr<store::Batch> open_;
    std::unique_ptr<store::Batch> spare_;  // one that came back, empty: its memory is used again
    std::uint64_t number_ = 1;             // of the open batch: the round
    std::uint64_t committed_ = 0;          // all up to this one
    std::uint64_t recorded_ = 0;
    std::uint64_t next_message_ = 1;
    std::uint64_t next_entry_ = 1;
    std::uint64_t next_transit_ = 1;
    std::uint64_t first_message_ = 1;  // of the open batch
    std::uint64_t first_entry_ = 1;
    std::uint64_t stored_below_ = 0;  // messages with lower numbers are committed
    Slab slab_;                       // entries and messages
    ExtraReferences extra_;           // to messages that are, or were, in the tail of a queue
    std::deque<HandedIn> handed_in_;  // by number; so are these
    std::deque<Gated> gated_;
    std::deque<Fetch> fetches_;
};

}  // namespace mqtt::broker
