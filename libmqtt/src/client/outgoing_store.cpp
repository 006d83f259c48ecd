// See outgoing_store.hpp.
#include "client/outgoing_store.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace mqtt::client {

using State = OutgoingEntry::State;

namespace {

constexpr std::uint32_t kLastGeneration = 0x7FFF'FFFF;  // tokens of batches have the highest bit

}  // namespace

OutgoingEntry& OutgoingStore::take_slot(core::MessageRef message, std::uint64_t user_token) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    taken_ = free_.back();
    free_.pop_back();
    Slot& slot = slots_[taken_];
    slot.generation = slot.generation % kLastGeneration + 1;
    OutgoingEntry& entry = slot.entry;
    entry.bytes = static_cast<std::uint32_t>(message->size_bytes());
    entry.message = std::move(message);
    entry.user_token = user_token;
    entry.sequence = next_sequence_++;
    entry.id = 0;
    entry.of_batch = false;
    entry.state = State::waiting;
    bytes_ += entry.bytes;
    ++count_;
    return entry;
}

StoreToken OutgoingStore::add(core::MessageRef message, detail::CompletionPtr<PublishResult> done,
                              std::uint64_t user_token, bool of_batch) {
    OutgoingEntry& entry = take_slot(std::move(message), user_token);
    entry.done = std::move(done);
    entry.of_batch = of_batch;
    waiting_.push_back(token_of(taken_));
    return waiting_.back();
}

StoreToken OutgoingStore::restore(core::MessageRef message, std::uint64_t user_token, PacketId id,
                                  bool received, bool of_batch) {
    OutgoingEntry& entry = take_slot(std::move(message), user_token);
    entry.id = id;
    entry.state = received ? State::received : State::in_flight;
    entry.of_batch = of_batch;
    return token_of(taken_);
}

void OutgoingStore::put_in_order(const std::vector<StoreToken>& tokens) {
    const auto number = [this](StoreToken token) {
        if (OutgoingEntry* entry = find(token)) entry->sequence = next_sequence_++;
    };
    std::for_each(tokens.begin(), tokens.end(), number);
    std::for_each(waiting_.begin(), waiting_.end(), number);
}

OutgoingEntry* OutgoingStore::find(StoreToken token) {
    const auto index = static_cast<std::uint32_t>(token);
    if (index >= slots_.size() || token_of(index) != token) return nullptr;
    OutgoingEntry& entry = slots_[index].entry;
    return entry.state == State::free ? nullptr : &entry;
}

OutgoingStore::Front OutgoingStore::front() {
    while (!waiting_.empty()) {
        const StoreToken token = waiting_.front();
        OutgoingEntry* entry = find(token);
        if (entry != nullptr && entry->state == State::waiting) return {token, entry};
        waiting_.pop_front();  // it was removed
    }
    return {};
}

void OutgoingStore::sent(const Front& front, PacketId id) {
    MQTT_ASSERT(front.entry != nullptr && waiting_.front() == front.token);
    front.entry->state = State::in_flight;
    front.entry->id = id;
    waiting_.pop_front();
}

OutgoingEntry OutgoingStore::remove(StoreToken token) {
    OutgoingEntry* entry = find(token);
    MQTT_ASSERT(entry != nullptr);
    bytes_ -= entry->bytes;
    --count_;
    free_.push_back(static_cast<std::uint32_t>(token));
    OutgoingEntry taken = std::move(*entry);
    *entry = OutgoingEntry();
    return taken;
}

std::vector<StoreToken> OutgoingStore::collect(bool with_waiting) const {
    std::vector<std::pair<std::uint64_t, StoreToken>> found;
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
        const OutgoingEntry& entry = slots_[i].entry;
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
