// Messages between publish() and their end: those that wait (for a connection, the window, the
// socket) in order, and those in flight. Counts what it holds; its limits are Client's to enforce.
// Slots are reused, so that steady state allocates nothing but the messages themselves.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/message.hpp"
#include "mqtt/client_types.hpp"
#include "mqtt/detail/completion.hpp"

namespace mqtt::client {

// Names an entry; never 0. Stale ones are recognised.
using StoreToken = std::uint64_t;

struct OutgoingEntry {
    enum class State : std::uint8_t {
        free,
        waiting,
        in_flight,  // sent, QoS 1/2
        received,   // QoS 2: the server has it (PUBREC), the exchange was cut before its end
    };
    core::MessageRef message;
    detail::CompletionPtr<PublishResult> done;  // null: came by submit()
    std::uint64_t user_token = 0;
    std::uint64_t sequence = 0;  // order of publish()
    std::uint32_t bytes = 0;     // what the message counts for in size_bytes()
    PacketId id = 0;
    State state = State::free;
    bool of_batch = false;  // came by submit_batch()
};

class OutgoingStore {
public:
    // Appends to those that wait.
    StoreToken add(core::MessageRef message, detail::CompletionPtr<PublishResult> done,
                   std::uint64_t user_token, bool of_batch = false);
    // An entry that was sent under `id` by an earlier process or in a batch: in flight, or received.
    StoreToken restore(core::MessageRef message, std::uint64_t user_token, PacketId id,
                       bool received, bool of_batch = false);
    // These, of in_flight(), were submitted in this order, and before all that waits.
    void put_in_order(const std::vector<StoreToken>& tokens);
    OutgoingEntry* find(StoreToken token);  // null: is over

    // The next to send; entry is null when nothing waits.
    struct Front {
        StoreToken token = 0;
        OutgoingEntry* entry = nullptr;
    };
    Front front();
    bool has_waiting() { return front().entry != nullptr; }
    void sent(const Front& front, PacketId id);  // as front() gave it: now in flight
    // Takes an entry out; its slot is free again.
    OutgoingEntry remove(StoreToken token);

    // In flight, in order of sending.
    std::vector<StoreToken> in_flight() const;
    // Puts these, of in_flight(), in front of those that wait.
    void send_again(const std::vector<StoreToken>& tokens);
    std::vector<StoreToken> all() const;  // in order of publish()

    std::size_t count() const { return count_; }
    std::size_t size_bytes() const { return bytes_; }
    bool empty() const { return count_ == 0; }

private:
    StoreToken token_of(std::uint32_t index) const {
        return static_cast<StoreToken>(slots_[index].generation) << 32 | index;
    }
    OutgoingEntry& take_slot(core::MessageRef message, std::uint64_t user_token);
    std::vector<StoreToken> collect(bool with_waiting) const;

    struct Slot {
        OutgoingEntry entry;
        std::uint32_t generation = 0;  // of the entry; from 1
    };
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::uint32_t taken_ = 0;         // the slot that take_slot() gave
    std::deque<StoreToken> waiting_;  // may hold stale tokens
    std::uint64_t next_sequence_ = 0;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace mqtt::client
