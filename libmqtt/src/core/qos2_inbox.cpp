// The set of unreleased QoS 2 packet ids; see qos2_inbox.hpp.
#include "core/qos2_inbox.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/pool.hpp"

namespace mqtt::core {

PacketId* Qos2Inbox::lower_bound(PacketId id) const {
    PacketId* const ids = block_->ids();
    PacketId* const end = ids + block_->size;
    if (end[-1] < id) return end;
    if (ids[0] >= id) return ids;
    return std::lower_bound(ids, end, id);
}

bool Qos2Inbox::contains(PacketId id) const {
    if (block_ == nullptr) return false;
    const PacketId* at = lower_bound(id);
    return at != block_->ids() + block_->size && *at == id;
}

bool Qos2Inbox::insert(PacketId id) {
    std::size_t index = 0;
    if (block_ != nullptr) {
        const PacketId* at = lower_bound(id);
        index = static_cast<std::size_t>(at - block_->ids());
        if (index < block_->size && *at == id) return false;
    }
    if (block_ == nullptr || block_->size == block_->capacity) grow();
    PacketId* const at = block_->ids() + index;
    std::memmove(at + 1, at, (block_->size - index) * sizeof(PacketId));
    *at = id;
    ++block_->size;
    return true;
}

bool Qos2Inbox::erase(PacketId id) {
    if (!contains(id)) return false;
    PacketId* const at = lower_bound(id);
    --block_->size;
    const auto index = static_cast<std::size_t>(at - block_->ids());
    std::memmove(at, at + 1, (block_->size - index) * sizeof(PacketId));
    if (block_->size == 0) clear();
    return true;
}

void Qos2Inbox::clear() noexcept {
    if (block_ != nullptr) base::pool_free(block_, block_bytes(block_->capacity));
    block_ = nullptr;
}

// With its header a block fills a class of the pool.
void Qos2Inbox::grow() {
    constexpr std::uint32_t kHeaderIds = sizeof(Block) / sizeof(PacketId);
    const std::uint32_t capacity =
        block_ == nullptr ? 32 - kHeaderIds : (block_->capacity + kHeaderIds) * 2 - kHeaderIds;
    auto* block = ::new (base::pool_allocate(block_bytes(capacity))) Block;
    block->capacity = capacity;
    if (block_ != nullptr) {
        block->size = block_->size;
        std::memcpy(block->ids(), block_->ids(), block_->size * sizeof(PacketId));
        base::pool_free(block_, block_bytes(block_->capacity));
    }
    block_ = block;
}

}  // namespace mqtt::core
