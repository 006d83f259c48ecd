// Outgoing QoS 1/2 exchanges (and SUBSCRIBE/UNSUBSCRIBE) of one session: packet ids and states, in
// order of sending. A ring indexed by id distance: O(1) everywhere, no allocation in steady state.
// Part of Session; survives the connection.
#pragma once

#include <cstdint>
#include <memory>
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
class SubscriptionIds;

struct InflightEntry {
    MessageRef message;          // null: not kept, cannot be resent after a reconnect
    std::uint64_t token = 0;     // the owner's, comes back in on_delivered
    std::uint32_t subscription_id = 0;
    base::KeepAliveRef subscription_ids;  // when there are several (a SubscriptionIds)
    InflightState state = InflightState::free;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool counts_in_quota = false;  // PUBLISH that takes one of Receive Maximum
};

class Inflight {
public:
    Inflight() = default;
    Inflight(Inflight&&) noexcept;
    Inflight& operator=(Inflight&&) noexcept;
    ~Inflight();

    // Takes the next free id; 0 when all 65,535 (or the span of the oldest) are in use.
    PacketId add(InflightEntry entry);  // [MQTT-2.2.1-3] [MQTT-2.2.1-4]
    InflightEntry* find(PacketId id);
    void remove(PacketId id);
    void clear() noexcept;

    bool empty() const { return count_ == 0; }
    std::size_t count() const { return count_; }              // entries in use
    std::size_t publish_count() const { return publishes_; }  // of those, PUBLISH
    // Visits entries in order of sending: callback(PacketId, InflightEntry&).
    template <class F>
    void for_each(F&& f) {
        for (std::uint32_t i = 0; i < span_; ++i) {
            InflightEntry& entry = at(i);
            if (entry.state != InflightState::free) f(id_at(i), entry);
        }
    }

private:
    InflightEntry& at(std::uint32_t index) const;
    PacketId id_at(std::uint32_t index) const;
    InflightEntry* ring_ = nullptr;  // capacity_ entries, a power of two; none while empty
    std::uint32_t capacity_ = 0;
    std::uint32_t head_ = 0;
    std::uint32_t span_ = 0;   // entries between the oldest in use and the newest
    std::uint32_t count_ = 0;
    std::uint32_t publishes_ = 0;
    PacketId first_id_ = 1;    // id of the entry at head_
    PacketId next_id_ = 1;
};

}  // namespace mqtt::core
