// Packet ids of QoS 2 messages received and not yet released: what makes delivery exactly once.
// Part of Session; a sorted array that is not there while empty. At most 65,535 ids.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "mqtt/types.hpp"

namespace mqtt::core {

class Qos2Inbox {
public:
    Qos2Inbox() = default;
    Qos2Inbox(Qos2Inbox&& other) noexcept
        : ids_(std::exchange(other.ids_, nullptr))
        , size_(std::exchange(other.size_, 0))
        , capacity_(std::exchange(other.capacity_, 0)) {}
    Qos2Inbox& operator=(Qos2Inbox&& other) noexcept {
        std::swap(ids_, other.ids_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    ~Qos2Inbox() { clear(); }

    bool insert(PacketId id);  // false: already there, a duplicate [MQTT-4.3.3-10]
    bool erase(PacketId id);   // false: unknown
    bool contains(PacketId id) const;
    std::size_t count() const { return size_; }
    void clear() noexcept;
    std::span<const PacketId> ids() const { return {ids_, size_}; }  // sorted

private:
    // Ids ascend but for the wrap-around, so a new one nearly always goes to the end.
    PacketId* lower_bound(PacketId id) const;
    void grow();

    PacketId* ids_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
};

}  // namespace mqtt::core
