// Outgoing QoS 1/2 exchanges (and SUBSCRIBE/UNSUBSCRIBE) of one session: packet ids and states, in
// order of sending. A ring indexed by id distance: O(1) everywhere, no allocation in steady state.
// Part of Session; survives the connection. Knows no packet and no connection.
#pragma once

#include <cstdint>
#include <span>

#include "core/message.hpp"

namespace mqtt::core {

enum class InflightState : std::uint8_t {
    free,
    await_puback,
    await_pubrec,
    await_pubcomp,
    await_suback,
    await_unsuback,
};

// Several subscription identifiers of one delivery, kept for a resend (one is stored inline).
class SubscriptionIds final : public base::Counted {
public:
    static base::Ref<SubscriptionIds> create(std::span<const std::uint32_t> ids);
    std::span<const std::uint32_t> ids() const;

private:
    SubscriptionIds() = default;
    void destroy() noexcept override;
    std::uint32_t count_ = 0;
};

struct InflightEntry {
    MessageRef message;       // null: not kept (or past PUBREC), cannot be resent after a reconnect
    std::uint64_t token = 0;  // the owner's, comes back in on_delivered
    base::KeepAliveRef subscription_ids;  // when there are several (a SubscriptionIds)
    std::uint32_t subscription_id = 0;    // when there is one
    InflightState state = InflightState::free;
    QoS qos = QoS::at_most_once;
    ReasonCode reason = ReasonCode::success;  // what PUBREC said
    bool retain : 1 = false;
    bool counts_in_quota : 1 = false;  // takes one of the peer's Receive Maximum
    bool await_resend : 1 = false;     // not yet sent again on this connection
};
static_assert(sizeof(InflightEntry) <= 32);

class Inflight {
public:
    Inflight() = default;
    Inflight(Inflight&& other) noexcept;
    Inflight& operator=(Inflight&& other) noexcept;
    ~Inflight() { clear(); }

    // Takes the next id; 0 when all 65,535 are in use, or when the ids between the oldest unfinished
    // exchange and the newest are (an id is reused as late as possible).
    // [MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT311-2.3.1-2]
    PacketId add(InflightEntry entry);
    // The same for a PUBLISH, which newest() can be told to keep. Must not be full().
    PacketId add_publish(std::uint64_t token, InflightState state, QoS qos, bool retain) {
        if (span_ == capacity_or_none()) grow();
        if (span_ == 0) first_id_ = next_id_;
        const PacketId id = next_id_;
        next_id_ = id == kMaxSpan ? PacketId{1} : static_cast<PacketId>(id + 1);
        ++count_;
        ++publishes_;
        InflightEntry& entry = at(span_++);  // as release() or grow() left it
        entry.token = token;
        entry.state = state;
        entry.qos = qos;
        entry.retain = retain;
        entry.counts_in_quota = true;
        return id;
    }
    InflightEntry& newest() { return at(span_ - 1u); }  // as add_publish() left it
    // Puts back an exchange that an earlier process began under `id`, in order of sending; add() goes on
    // behind it. False: `id` does not lie behind those that are here.
    bool restore(PacketId id, InflightEntry entry);
    InflightEntry* find(PacketId id);
    void remove(PacketId id);            // [MQTT311-2.3.1-3]
    void remove(InflightEntry& found) {  // as find() gave it
        release(found);
        trim();
    }
    void clear() noexcept;

    bool empty() const { return count_ == 0; }
    bool full() const { return span_ == kMaxSpan; }
    std::size_t room() const { return kMaxSpan - span_; }     // for add(), before it is full()
    std::size_t count() const { return count_; }              // entries in use
    std::size_t publish_count() const { return publishes_; }  // of those, PUBLISH
    // Visits entries in order of sending: callback(PacketId, InflightEntry&), which must not add or
    // remove.
    template <class F>
    void for_each(F&& f) {
        for (std::uint32_t i = 0; i < span_; ++i) {
            InflightEntry& entry = at(i);
            if (entry.state != InflightState::free) f(id_at(i), entry);
        }
    }
    // First entry with id `from` or sent after it that waits for being resent; null: none. `from`
    // becomes its id.
    InflightEntry* next_to_resend(PacketId& from);
    // Forgets entries whose state `f(state)` says so.
    template <class F>
    void remove_if(F&& f) {
        for (std::uint32_t i = 0; i < span_; ++i) {
            InflightEntry& entry = at(i);
            if (entry.state != InflightState::free && f(entry)) release(entry);
        }
        trim();
    }

private:
    static constexpr std::uint32_t kMaxSpan = 65'535;
    static constexpr std::uint8_t kMinCapacityLog = 2;

    InflightEntry& at(std::uint32_t index) const {
        return ring_[(head_ + index) & (capacity() - 1)];
    }
    // Ids run from 1 to 65535 and then from 1 again.
    PacketId id_at(std::uint32_t index) const {
        const std::uint32_t id = first_id_ + index;
        return static_cast<PacketId>(id > kMaxSpan ? id - kMaxSpan : id);
    }
    std::uint32_t index_of(PacketId id) const {
        return id >= first_id_ ? std::uint32_t{id} - first_id_ : id + kMaxSpan - first_id_;
    }
    void release(InflightEntry& entry) noexcept;
    void trim() noexcept;
    void free_ring() noexcept;
    void grow();

    std::uint32_t capacity() const { return std::uint32_t{1} << capacity_log_; }
    std::uint32_t capacity_or_none() const { return ring_ == nullptr ? 0 : capacity(); }

    // Narrow, because every session has one.
    InflightEntry* ring_ = nullptr;  // capacity() entries; none while empty
    std::uint16_t head_ = 0;
    std::uint16_t span_ = 0;  // entries between the oldest in use and the newest
    std::uint16_t count_ = 0;
    std::uint16_t publishes_ = 0;
    PacketId first_id_ = 1;  // id of the entry at head_
    PacketId next_id_ = 1;
    std::uint8_t capacity_log_ = 0;
};
static_assert(sizeof(Inflight) <= 24);

}  // namespace mqtt::core
