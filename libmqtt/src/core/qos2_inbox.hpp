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
    Qos2Inbox(Qos2Inbox&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Qos2Inbox& operator=(Qos2Inbox&& other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~Qos2Inbox() { clear(); }

    bool insert(PacketId id);  // false: already there, a duplicate [MQTT-4.3.3-10]
    bool erase(PacketId id);   // false: unknown
    bool contains(PacketId id) const;
    std::size_t count() const { return block_ ? block_->size : 0; }
    void clear() noexcept;
    std::span<const PacketId> ids() const {  // sorted
        return block_ ? std::span<const PacketId>{block_->ids(), block_->size}
                      : std::span<const PacketId>{};
    }

private:
    // Ids ascend but for the wrap-around, so a new one nearly always goes to the end.
    PacketId* lower_bound(PacketId id) const;  // not empty
    void grow();

    // Header of a pooled block; the ids follow it. One pointer, because every session has one.
    struct Block {
        std::uint32_t size = 0;
        std::uint32_t capacity = 0;
        PacketId* ids() { return reinterpret_cast<PacketId*>(this + 1); }
    };
    static std::size_t block_bytes(std::uint32_t capacity) {
        return sizeof(Block) + capacity * sizeof(PacketId);
    }
    Block* block_ = nullptr;
};

}  // namespace mqtt::core
