// Letting go, packing away, asking, taking back.
#include "broker/spill.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "broker/from_store.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {
namespace {

// Read at once, for a session: a few round trips for each window.
constexpr std::size_t kMostMessages = 256;
constexpr std::size_t kMostBytes = 256 * 1024;
// When many sessions read at a time.
constexpr std::size_t kFewBytes = 16 * 1024;
// A read for fewer places than this is not worth its way while there are more.
constexpr std::size_t kFewPlaces = 64;
// Fewer stay as they are when a client leaves.
constexpr std::size_t kWorthPacking = 8;

// Meanwhile it may have ended.
Session* find(const Shard& shard, std::string_view client_id, std::uint64_t number) {
    Session* session = shard.sessions.find(client_id);
    return session != nullptr && session->number == number ? session : nullptr;
}

bool is_stored(const QueuedMessage& queued) {
    return queued.token.entry() != nullptr;
}

store::Key key_of(const QueuedMessage& queued) {
    return Journal::message_key(*queued.token.entry());
}

// Asked for and not there: somebody else has changed the file. What a limit took from the queue
// meanwhile was asked for, too, but is not its first any more.
void lose_missing(Shard& shard, Session& session, const std::vector<store::Key>& asked,
                  const std::vector<store::FoundMessage>& found) {
    std::unordered_set<store::Key> missing(asked.begin(), asked.end());
    for (const store::FoundMessage& message : found)
        missing.erase(message.key);
    while (!session.queue.empty() && session.queue.front().is_on_disk() &&
           missing.contains(key_of(session.queue.front()))) {
        shard.publisher.drop_first(session);
        shard.publisher.drop_for(session);
    }
}

}  // namespace

std::size_t Spill::mark() const {
    const BrokerConfig& config = shard_.config();
    return config.queue_memory / config.threads;
}

std::size_t Spill::in_memory() const {
    return shard_.counters.queued_bytes - shard_.counters.queued_bytes_on_disk;
}

void Spill::on_queue(QueuedMessage& queued) {
    if (mark() == 0 || !is_stored(queued)) return;
    if (in_memory() + queued.message->size_bytes() > mark()) unload(queued);
}

void Spill::unload(QueuedMessage& queued) {
    const std::size_t size = queued.message->size_bytes();
    queued.token.entry()->size_bytes = static_cast<std::uint32_t>(size);
    shard_.counters.queued_bytes_on_disk += size;
    queued.message = {};
}

// Where there is a tail all that comes is behind it, whatever has become of the mark. What is not stored comes
// when the broker ends, and nothing is sent any more.
void Spill::push(Session& session, QueuedMessage queued) {
    Queue& queue = session.queue;
    const bool is_long = queue.has_tail() || (queued.is_on_disk() && !queue.empty());
    if (!is_long || !is_stored(queued)) return queue.push(std::move(queued));
    if (!queued.is_on_disk()) unload(queued);
    queue.tail().push(shard_.journal.detach(queued));
}

void Spill::refill(Session& session) {
    while (session.queue.needs_places())
        unpack(session.queue);
}

void Spill::forget_packed(Queue& queue) {
    while (queue.has_tail()) {
        queue.tail().pop();
        queue.tail_taken();
    }
}

// The first stretch of the tail.
void Spill::unpack(Queue& queue) {
    const QueueTail::Stretch first = queue.tail().pop();
    for (const Place& place : unpack_places(first.packed))
        queue.push(shard_.journal.attach(place));
    queue.tail_taken();
}

// The last places before the tail, as far as they are on the disk only.
void Spill::pack(Queue& queue) {
    std::size_t first = queue.places();
    while (first > 1 && queue.at(first - 1).is_on_disk())
        --first;
    if (queue.places() < first + kWorthPacking) return;
    std::vector<Place> places;
    for (const QueuedMessage& queued : queue.take_from(first))
        places.push_back(shard_.journal.detach(queued));
    queue.tail().push_front(places);
}

std::vector<QueuedMessage> Spill::take(Session& session, std::uint32_t shared_tag,
                                       QueueTail& rest) {
    Queue& queue = session.queue;
    std::vector<QueuedMessage> taken = queue.take_if(
        [=](const QueuedMessage& queued) { return queued.token.shared_tag() == shared_tag; });
    const auto first = std::ranges::find_if(taken, &QueuedMessage::is_on_disk);
    for (auto at = first; at != taken.end(); ++at) {
        if (!at->is_on_disk()) unload(*at);
        rest.push(shard_.journal.detach(*at));
    }
    taken.erase(first, taken.end());
    if (queue.has_tail()) {
        queue.tail().take(shared_tag, rest);
        queue.tail_taken();
        refill(session);
    }
    return taken;
}

void Spill::fetch(Session& session) {
    if (session.is_fetching) return;
    session.is_fetching = true;
    while (session.queue.has_tail() && session.queue.places() < kFewPlaces)
        unpack(session.queue);
    Asked asked{std::string(session.client_id()), session.number, 0};
    std::vector<store::Key> keys;
    std::size_t bytes = 0;
    const std::size_t most = std::min(session.queue.places(), kMostMessages);
    const std::size_t most_bytes = in_memory() > 2 * mark() ? kFewBytes : kMostBytes;
    for (; asked.count < most && (bytes < most_bytes || keys.empty()); ++asked.count) {
        const QueuedMessage& queued = session.queue.at(asked.count);
        if (!queued.is_on_disk()) continue;
        keys.push_back(key_of(queued));
        bytes += queued.size_bytes();
    }
    shard_.journal.fetch(keys, [this, asked, keys](const auto& found) {
        Session* waiting = find(shard_, asked.client_id, asked.session);
        if (waiting != nullptr) lose_missing(shard_, *waiting, keys, found);
        on_found(asked, found);
    });
}

// It is at the beginning: no more is read at once.
void Spill::let_go(Session& session) {
    if (mark() == 0) return;
    Queue& queue = session.queue;
    for (std::size_t i = std::min(queue.places(), kMostMessages); i != 0 && in_memory() > mark();) {
        const QueuedMessage& queued = queue.at(--i);
        if (queued.is_on_disk() || !is_stored(queued)) continue;
        shard_.counters.queued_bytes_on_disk += queued.size_bytes();
        queue.unload(i);
    }
    pack(queue);
}

void Spill::on_found(const Asked& asked, const std::vector<store::FoundMessage>& found) {
    Session* session = find(shard_, asked.client_id, asked.session);
    if (session == nullptr) return;
    session->is_fetching = false;
    std::unordered_map<store::Key, const store::FoundMessage*> by_key;
    for (const store::FoundMessage& message : found)
        by_key[message.key] = &message;
    const FromStore from(shard_.now(), shard_.shared().time_of_day());
    Queue& queue = session->queue;
    const std::size_t count = std::min(queue.places(), asked.count);
    for (std::size_t i = 0; i < count; ++i) {
        const QueuedMessage& queued = queue.at(i);
        if (!queued.is_on_disk()) continue;
        const auto at = by_key.find(key_of(queued));
        if (at == by_key.end()) continue;
        shard_.counters.queued_bytes_on_disk -= queued.size_bytes();
        queue.load(i, from.message(at->second->row()));
    }
    if (session->is_online()) shard_.publisher.drain(*session);
    if (session->is_bridge) shard_.bridges.of(*session).pump();
}

}  // namespace mqtt::broker
