// Recording and netting. Closing rounds, handing in, gates: journal_commit.cpp.
#include "broker/journal.hpp"

#include <algorithm>
#include <new>

#include "broker/hash.hpp"
#include "broker/packed_places.hpp"
#include "broker/peer.hpp"
#include "broker/session.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {
namespace {

using store::Key;

// The shard's number in the low byte, so that keys of different shards never meet.
constexpr Key make_key(std::uint64_t counter, unsigned shard) {
    return counter << 8 | shard;
}

// Now and then cuts off what is cancelled at the beginning, when it is the half: acknowledgements come in the order of
// the messages, so what is kept of an online subscriber's stream is its window, not the whole batch.
// How many went. `ticks` counts changes; an acknowledgement makes two.
template <class Changes, class IsCancelled>
std::size_t trim(std::uint64_t ticks, Changes& changes, IsCancelled&& is_cancelled) {
    constexpr std::uint64_t kOften = 64;
    if (ticks % kOften > 1) return 0;
    const auto kept = std::find_if_not(changes.begin(), changes.end(), is_cancelled);
    const auto gone = static_cast<std::size_t>(kept - changes.begin());
    if (gone < kOften || gone < changes.size() / 2) return 0;
    changes.erase(changes.begin(), kept);
    return gone;
}

}  // namespace

// Of a message that is counted there may be several, one for each place that came from a tail, and more in tails.
struct Journal::StoredMessage final : base::Counted {
    StoredMessage(Journal& j, Key k, bool c) : is_counted(c), journal(j), key(k) {}
    void destroy() noexcept override {
        Journal& owner = journal;
        if (!is_counted || !owner.extra_.take(key)) owner.message_gone(key);
        this->~StoredMessage();
        owner.slab_.free(this, sizeof(StoredMessage));
    }
    bool is_counted;
    Journal& journal;
    const Key key;
};

Journal::~Journal() = default;

void Journal::connect(store::Writer& writer, bool is_strict) {
    writer_ = &writer;
    is_strict_ = is_strict;
}

// The open batch.

store::Batch& Journal::open() {
    if (open_) return *open_;
    open_ = spare_ ? std::move(spare_) : std::make_unique<store::Batch>();
    first_message_ = next_message_;
    first_entry_ = next_entry_;
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    const auto steady = shard_.now().time_since_epoch();
    open_->steady_offset =
        shard_.shared().time_of_day() - duration_cast<milliseconds>(steady).count();
    open_->hash_seed = hash_seed();
    open_->shards = shard_.config().threads;
    return *open_;
}

void Journal::record(std::size_t changes) {
    open().live += changes;
    ++recorded_;
    is_wanted_ = true;
    if (is_strict_)
        shard_.loop().mark_dirty(*this);
    else
        wait_for_tick();
}

void Journal::cancel() {
    --open_->live;
    ++recorded_;
}

store::NewEntry* Journal::fresh(Key key) {
    const std::uint64_t counter = key >> 8;
    return open_ && counter >= first_entry_ ? &open_->entries[counter - first_entry_] : nullptr;
}

void Journal::message_gone(Key key) {
    if (!is_on()) return;
    const std::uint64_t counter = key >> 8;
    if (open_ && counter >= first_message_) {
        open_->messages[counter - first_message_].message = {};
        first_message_ +=
            trim(recorded_, open_->messages, [](const auto& m) { return !m.message; });
        return cancel();
    }
    open().removed_messages.push_back(key);
    record();
}

// Sessions.

void Journal::session_changed(Session& session) {
    if (!is_on() || (session.ends_with_connection() && !session.is_stored)) return;
    session.is_stored = true;
    store::Batch& batch = open();
    const auto [at, is_new] = batch.sessions.try_emplace(session.number);
    store::SessionChange& change = at->second;
    change.client_id = session.client_id();
    store::SessionRow& row = change.numbers;
    row = {};
    row.number = session.number;
    row.expiry_interval = session.expiry_interval;
    row.is_online = session.is_online();
    if (session.absence) {
        row.ends_at = batch.wall(session.absence->ends_at);
        row.will_at = batch.wall(session.absence->will_at);
    }
    row.has_identity = session.identity != nullptr;
    if (session.identity) {
        change.user_name = session.identity->user_name;
        row.listener = session.identity->listener;
    }
    change.will = {};
    if (session.will) {
        change.will = session.will->message;
        change.will_expiry = session.will->expiry_interval;
        change.will_delay = session.will->delay;
    }
    record(is_new ? 1 : 0);
}

void Journal::session_ended(const Session& session) {
    if (!is_on() || !session.is_stored) return;
    const auto [at, is_new] = open().sessions.try_emplace(session.number);
    at->second.is_removed = true;
    at->second.will = {};
    record(is_new ? 1 : 0);
}

void Journal::subscribed(const Session& session, std::string_view filter,
                         SubscriptionOptions options, std::uint32_t id) {
    if (!is_on() || !session.is_stored) return;
    open().subscriptions.push_back({session.number, std::string(filter), options, id,
                                    Subscriptions::shared_tag(session, filter), false});
    record();
}

void Journal::unsubscribed(const Session& session, std::string_view filter) {
    if (!is_on() || !session.is_stored) return;
    open().subscriptions.push_back({session.number, std::string(filter), {}, 0, 0, true});
    record();
}

void Journal::handover_began(Key session, std::uint32_t shared_tag, std::string_view filter) {
    if (!is_on()) return;
    open().handovers.push_back({session, shared_tag, std::string(filter), false});
    record();
}

void Journal::handover_ended(Key session, std::uint32_t shared_tag) {
    if (!is_on()) return;
    open().handovers.push_back({session, shared_tag, {}, true});
    record();
}

void Journal::received_id(const Session& session, PacketId id) {
    if (!is_on() || !session.is_stored) return;
    open().received_ids.push_back({session.number, id, false});
    record();
}

void Journal::released_id(const Session& session, PacketId id) {
    if (!is_on() || !session.is_stored) return;
    open().received_ids.push_back({session.number, id, true});
    record();
}

// The batch gets what the topic has when it is closed. Another shard may have changed it by then, and
// closes its own later, which counts.
void Journal::retained_changed(std::string_view topic) {
    if (!is_on()) return;
    const bool is_new = open().retained.try_emplace(std::string(topic)).second;
    record(is_new ? 1 : 0);
}

// Messages.

DeliveryToken Journal::add(const Session& session, StoredMessageRef& shared,
                           const QueuedMessage& queued) {
    if (!is_on() || !session.is_stored) return queued.token;
    store::Batch& batch = open();
    if (!shared) {
        const Key key = make_key(next_message_++, shard_.index());
        batch.messages.push_back({key, queued.message});
        shared = restore_message(key);
        ++batch.live;
    }
    const Key key = make_key(next_entry_++, shard_.index());
    store::NewEntry& entry = batch.entries.emplace_back();
    entry.key = key;
    entry.session = session.number;
    entry.message = static_cast<const StoredMessage&>(*shared).key;
    entry.subscription_id = queued.subscription_id;
    entry.subscription_ids = queued.subscription_ids;
    entry.qos = queued.qos;
    entry.retain = queued.retain;
    entry.shared_tag = queued.token.shared_tag();
    record();
    return restore_entry(key, shared, entry.shared_tag);
}

bool Journal::sent(DeliveryToken token, PacketId id, QoS qos) {
    if (token.entry() == nullptr) return false;
    const Key key = token.entry()->key;
    const store::EntryState state = qos == QoS::exactly_once ? store::EntryState::await_pubrec
                                                             : store::EntryState::await_puback;
    if (store::NewEntry* entry = fresh(key)) {
        entry->packet_id = id;
        entry->state = state;
        ++recorded_;
    } else {
        open().entry_changes.push_back({key, store::EntryChange::Kind::sent, state, id});
        record();
    }
    return true;
}

bool Journal::received(DeliveryToken token) {
    StoredEntry* known = token.entry();
    if (known == nullptr) return false;
    constexpr auto kState = store::EntryState::await_pubcomp;
    if (store::NewEntry* entry = fresh(known->key)) {
        entry->state = kState;
        entry->message = 0;
        ++recorded_;
    } else {
        open().entry_changes.push_back({known->key, store::EntryChange::Kind::received, kState, 0});
        record();
    }
    known->message = {};
    return true;
}

void Journal::done(DeliveryToken token) {
    StoredEntry* known = token.entry();
    if (known == nullptr) return;
    if (!is_on()) {  // the broker is at its end
    } else if (store::NewEntry* entry = fresh(known->key)) {
        entry->is_cancelled = true;
        first_entry_ +=
            trim(recorded_, open_->entries, [](const auto& e) { return e.is_cancelled; });
        cancel();
    } else {
        open().entry_changes.push_back({known->key, store::EntryChange::Kind::removed});
        record();
    }
    known->~StoredEntry();
    slab_.free(known, sizeof(StoredEntry));
}

// The entry keeps what it has of the message: one reference, which nobody holds any more.
Place Journal::detach(const QueuedMessage& queued) {
    StoredEntry* known = queued.token.entry();
    auto& message = static_cast<StoredMessage&>(*known->message);
    message.is_counted = true;
    extra_.add(message.key);
    Place place;
    place.entry = known->key;
    place.message = message.key;
    place.size_bytes = known->size_bytes;
    place.subscription_id = queued.subscription_id;
    place.subscription_ids = queued.subscription_ids;
    place.shared_tag = known->shared_tag;
    place.qos = queued.qos;
    place.retain = queued.retain;
    known->~StoredEntry();
    slab_.free(known, sizeof(StoredEntry));
    return place;
}

QueuedMessage Journal::attach(const Place& place) {
    QueuedMessage queued;
    queued.token = restore_entry(place.entry, make_message(place.message, true), place.shared_tag);
    queued.token.entry()->size_bytes = place.size_bytes;
    queued.subscription_id = place.subscription_id;
    queued.subscription_ids = place.subscription_ids;
    queued.qos = place.qos;
    queued.retain = place.retain;
    return queued;
}

// Between shards.

bool Journal::is_alone() const {
    return shard_.shared().shards.size() == 1;
}

Key Journal::departed(const Publication& publication, unsigned shard, std::string_view filter) {
    if (!is_on() || publication.qos == QoS::at_most_once) return 0;
    core::Message::Init init;
    init.topic = publication.topic;
    init.properties = publication.properties;
    init.payload = publication.payload;
    init.qos = publication.qos;
    init.retain = publication.retain;
    init.expires_at = publication.expires_at;
    init.publisher = publication.publisher;
    const Key key = make_key(next_transit_++, shard_.index());
    open().transits.push_back({key, core::Message::create(init), std::string(filter), shard});
    record();
    return key;
}

// Nobody waits for this: the next round takes it along, or the next tick.
void Journal::arrived(Key transit) {
    if (transit == 0 || !is_on()) return;
    open().arrived.push_back(transit);
    ++open_->live;
    wait_for_tick();
}

// At the start.

void Journal::continue_after(Key key) {
    const std::uint64_t next = (key >> 8) + 1;
    next_message_ = stored_below_ = std::max(next_message_, next);
    next_entry_ = std::max(next_entry_, next);
    next_transit_ = std::max(next_transit_, next);
    // Of a batch that has been opened meanwhile: nothing of it has a number yet.
    first_message_ = next_message_;
    first_entry_ = next_entry_;
}

Key Journal::message_key(const StoredEntry& entry) {
    return static_cast<const StoredMessage&>(*entry.message).key;
}

StoredMessageRef Journal::make_message(Key key, bool is_counted) {
    void* memory = slab_.allocate(sizeof(StoredMessage));
    return StoredMessageRef(::new (memory) StoredMessage(*this, key, is_counted));
}

StoredMessageRef Journal::restore_message(Key key) {
    return make_message(key, false);
}

StoredMessageRef Journal::restore_unread(Key key, bool is_first) {
    if (!is_first) extra_.add(key);
    return make_message(key, true);
}

DeliveryToken Journal::restore_entry(Key key, const StoredMessageRef& message,
                                     std::uint32_t shared_tag) {
    void* memory = slab_.allocate(sizeof(StoredEntry));
    return DeliveryToken(*::new (memory) StoredEntry{key, message, shared_tag});
}

void Journal::remove_orphan(Key message) {
    open().removed_messages.push_back(message);
    record();
}

}  // namespace mqtt::broker
