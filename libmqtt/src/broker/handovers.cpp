// Taking, reading by the hundred, giving; giving up when nobody else is there any more.
#include "broker/handovers.hpp"

#include <algorithm>

#include "broker/from_store.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {
namespace {

// Read at once. The next are read when what became of these is committed.
constexpr std::size_t kMessagesAtOnce = 256;
constexpr std::size_t kBytesAtOnce = 256 * 1024;

}  // namespace

// The store keeps what they stand for.
Handovers::~Handovers() {
    for (Handover& handover : all_) {
        for (const QueuedMessage& queued : handover.first)
            shard_.journal.done(queued.token);
    }
}

Handovers::Handover* Handovers::find(store::Key session, std::uint32_t shared_tag) {
    const auto at = std::ranges::find_if(all_, [=](const Handover& handover) {
        return handover.session == session && handover.shared_tag == shared_tag;
    });
    return at == all_.end() ? nullptr : &*at;
}

Handovers::Handover& Handovers::get(store::Key session, std::uint32_t shared_tag,
                                    std::string_view filter) {
    if (Handover* known = find(session, shared_tag)) return *known;
    Handover& fresh = all_.emplace_front();
    fresh.session = session;
    fresh.shared_tag = shared_tag;
    fresh.filter = filter;
    fresh.owner = shard_.subscriptions.owner_of(filter);
    return fresh;
}

std::vector<core::MessageRef> Handovers::begin(Session& session, const Membership& membership,
                                               bool has_left) {
    Handover& handover = get(session.number, membership.tag, membership.filter);
    std::vector<core::MessageRef> at_once;
    for (QueuedMessage& queued : shard_.spill.take(session, membership.tag, handover.rest)) {
        --shard_.counters.queued_messages;
        shard_.counters.queued_bytes -= queued.message->size_bytes();
        shard_.journal.done(queued.token);
        at_once.push_back(std::move(queued.message));
    }
    if (handover.empty()) {
        all_.remove_if([&](const Handover& one) { return &one == &handover; });
        return at_once;
    }
    if (has_left && !handover.has_left) {
        handover.has_left = true;
        shard_.journal.handover_began(handover.session, handover.shared_tag, handover.filter);
    }
    if (!is_reading_) read_next();
    return at_once;
}

void Handovers::restore(const store::HandoverRow& row) {
    get(row.session, row.shared_tag, row.filter).has_left = true;
}

void Handovers::restore(store::Key session, QueuedMessage queued) {
    const std::size_t size = queued.size_bytes();
    queued.token.entry()->size_bytes = static_cast<std::uint32_t>(size);
    queued.message = {};
    ++shard_.counters.queued_messages;
    shard_.counters.queued_bytes += size;
    shard_.counters.queued_bytes_on_disk += size;
    find(session, queued.token.shared_tag())->rest.push(shard_.journal.detach(queued));
}

void Handovers::go_on() {
    if (!all_.empty()) shard_.loop().post([this] { read_next(); });
}

// While its client is away others that are there are better than it.
bool Handovers::has_reason(const Handover& handover) const {
    if (handover.has_left) return true;
    const Session* session = shard_.sessions.find(handover.session);
    return session != nullptr && !session->is_online() &&
           (handover.owner != shard_.index() ||
            shard_.subscriptions.has_other_there(handover.filter, handover.session));
}

void Handovers::put_back(Handover& handover) {
    Session* session = shard_.sessions.find(handover.session);
    for (QueuedMessage& queued : handover.first)
        shard_.spill.push(*session, std::move(queued));
    handover.first.clear();
    while (!handover.rest.empty()) {
        for (const Place& place : unpack_places(handover.rest.pop().packed))
            shard_.spill.push(*session, shard_.journal.attach(place));
    }
    if (session->is_online()) shard_.publisher.drain(*session);
}

// One after the other, so that a long one holds up nobody.
void Handovers::read_next() {
    while (!all_.empty()) {
        all_.splice(all_.end(), all_, all_.begin());
        Handover& next = all_.back();
        if (!next.empty() && has_reason(next)) return read(next);
        if (!next.empty())
            put_back(next);
        else if (next.has_left)
            shard_.journal.handover_ended(next.session, next.shared_tag);
        all_.pop_back();
    }
}

void Handovers::read(Handover& handover) {
    if (handover.first.empty()) {
        for (const Place& place : unpack_places(handover.rest.pop().packed))
            handover.first.push_back(shard_.journal.attach(place));
    }
    std::vector<store::Key> keys;
    std::size_t bytes = 0;
    for (const QueuedMessage& queued : handover.first) {
        if (keys.size() == kMessagesAtOnce || bytes >= kBytesAtOnce) break;
        keys.push_back(Journal::message_key(*queued.token.entry()));
        bytes += queued.size_bytes();
    }
    is_reading_ = true;
    const std::size_t count = keys.size();
    shard_.journal.fetch_behind(std::move(keys), [this, &handover, count](const Found& found) {
        on_found(handover, count, found);
    });
}

void Handovers::on_found(Handover& handover, std::size_t count, const Found& found) {
    is_reading_ = false;
    for (; count != 0 && !handover.first.empty(); --count) {
        const QueuedMessage queued = std::move(handover.first.front());
        handover.first.pop_front();
        give(handover, queued, found);
    }
    read_next();
}

// What is not there has been taken from the file by somebody else.
void Handovers::give(const Handover& handover, const QueuedMessage& queued, const Found& found) {
    const std::size_t size = queued.size_bytes();
    --shard_.counters.queued_messages;
    shard_.counters.queued_bytes -= size;
    shard_.counters.queued_bytes_on_disk -= size;
    const store::Key key = Journal::message_key(*queued.token.entry());
    const auto at = std::ranges::find(found, key, &store::FoundMessage::key);
    core::MessageRef message;
    if (at != found.end()) {
        const FromStore from(shard_.now(), shard_.shared().time_of_day());
        message = from.message(at->row());
    } else {
        ++shard_.counters.dropped_queue_full;
    }
    const bool has_expired = message && message->expired(shard_.now());
    if (has_expired) ++shard_.counters.messages_expired;  // [MQTT-3.3.2-5]
    if (message && !has_expired)
        shard_.subscriptions.hand_over(handover.owner, handover.filter, std::move(message));
    shard_.journal.done(queued.token);
}

}  // namespace mqtt::broker
