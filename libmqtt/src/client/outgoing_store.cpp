// See outgoing_store.hpp.
#include "client/outgoing_store.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace mqtt::client {

using State = OutgoingEntry::State;

OutgoingEntry& OutgoingStore::take_slot(core::MessageRef message, std::uint64_t user_token) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(entries_.size()));
        entries_.emplace_back();
        generations_.push_back(0);
    }
    taken_ = free_.back();
    free_.pop_back();
    if (++generations_[taken_] == 0) ++generations_[taken_];
    bytes_ += message->size_bytes();
    ++count_;
    OutgoingEntry& entry = entries_[taken_];
    entry.message = std::move(message);
    entry.user_token = user_token;
    entry.sequence = next_sequence_++;
    entry.id = 0;
    entry.state = State::waiting;
    return entry;
}

StoreToken OutgoingStore::add(core::MessageRef message, detail::CompletionPtr<PublishResult> done,
                              std::uint64_t user_token) {
    take_slot(std::move(message), user_token).done = std::move(done);
    waiting_.push_back(token_of(taken_));
    return waiting_.back();
}

StoreToken OutgoingStore::restore(core::MessageRef message, std::uint64_t user_token, PacketId id,
                                  bool received) {
    OutgoingEntry& entry = take_slot(std::move(message), user_token);
    entry.id = id;
    entry.state = received ? State::received : State::in_flight;
    return token_of(taken_);
}

OutgoingEntry* OutgoingStore::find(StoreToken token) {
    const auto index = static_cast<std::uint32_t>(token);
    if (index >= entries_.size() || token_of(index) != token) return nullptr;
    return entries_[index].state == State::free ? nullptr : &entries_[index];
}

void OutgoingStore::drop_stale_front() {
    while (!waiting_.empty()) {
        const OutgoingEntry* entry = find(waiting_.front());
        if (entry != nullptr && entry->state == State::waiting) return;
        waiting_.pop_front();
    }
}

OutgoingEntry* OutgoingStore::front() {
    drop_stale_front();
    return waiting_.empty() ? nullptr : find(waiting_.front());
}

StoreToken OutgoingStore::front_token() {
    return waiting_.front();
}

void OutgoingStore::front_sent(PacketId id) {
    OutgoingEntry* entry = front();
    MQTT_ASSERT(entry != nullptr);
    entry->state = State::in_flight;
    entry->id = id;
    waiting_.pop_front();
}

OutgoingEntry OutgoingStore::remove(StoreToken token) {
    OutgoingEntry* entry = find(token);
    MQTT_ASSERT(entry != nullptr);
    bytes_ -= entry->message->size_bytes();
    --count_;
    free_.push_back(static_cast<std::uint32_t>(token));
    OutgoingEntry taken = std::move(*entry);
    *entry = OutgoingEntry();
    return taken;
}

std::vector<StoreToken> OutgoingStore::collect(bool with_waiting) const {
    std::vector<std::pair<std::uint64_t, StoreToken>> found;
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
        const OutgoingEntry& entry = entries_[i];
        if (entry.state == State::free) continue;
        if (entry.state == State::waiting && !with_waiting) continue;
        found.emplace_back(entry.sequence, token_of(i));
    }
    std::sort(found.begin(), found.end());
    std::vector<StoreToken> tokens;
    for (const auto& [sequence, token] : found)
        tokens.push_back(token);
    return tokens;
}

std::vector<StoreToken> OutgoingStore::in_flight() const {
    return collect(false);
}

std::vector<StoreToken> OutgoingStore::all() const {
    return collect(true);
}

void OutgoingStore::send_again(const std::vector<StoreToken>& tokens) {
    for (const StoreToken token : tokens) {
        OutgoingEntry* entry = find(token);
        entry->state = State::waiting;
        entry->id = 0;
    }
    waiting_.insert(waiting_.begin(), tokens.begin(), tokens.end());
}

}  // namespace mqtt::client
