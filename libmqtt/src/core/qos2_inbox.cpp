// The set of unreleased QoS 2 packet ids; see qos2_inbox.hpp.
#include "core/qos2_inbox.hpp"

#include <algorithm>
#include <cstring>

#include "base/pool.hpp"

namespace mqtt::core {

PacketId* Qos2Inbox::lower_bound(PacketId id) const {
    PacketId* const end = ids_ + size_;
    if (size_ == 0 || end[-1] < id) return end;
    if (ids_[0] >= id) return ids_;
    return std::lower_bound(ids_, end, id);
}

bool Qos2Inbox::contains(PacketId id) const {
    const PacketId* at = lower_bound(id);
    return at != ids_ + size_ && *at == id;
}

bool Qos2Inbox::insert(PacketId id) {
    PacketId* at = lower_bound(id);
    const auto index = static_cast<std::size_t>(at - ids_);
    if (index < size_ && *at == id) return false;
    if (size_ == capacity_) {
        grow();
        at = ids_ + index;
    }
    std::memmove(at + 1, at, (size_ - index) * sizeof(PacketId));
    *at = id;
    ++size_;
    return true;
}

bool Qos2Inbox::erase(PacketId id) {
    PacketId* at = lower_bound(id);
    const auto index = static_cast<std::size_t>(at - ids_);
    if (index == size_ || *at != id) return false;
    --size_;
    std::memmove(at, at + 1, (size_ - index) * sizeof(PacketId));
    if (size_ == 0) clear();
    return true;
}

void Qos2Inbox::clear() noexcept {
    if (ids_ != nullptr) base::pool_free(ids_, capacity_ * sizeof(PacketId));
    ids_ = nullptr;
    size_ = capacity_ = 0;
}

void Qos2Inbox::grow() {
    const std::uint32_t capacity = capacity_ == 0 ? 32 : capacity_ * 2;
    auto* ids = static_cast<PacketId*>(base::pool_allocate(capacity * sizeof(PacketId)));
    if (ids_ != nullptr) {
        std::memcpy(ids, ids_, size_ * sizeof(PacketId));
        base::pool_free(ids_, capacity_ * sizeof(PacketId));
    }
    ids_ = ids;
    capacity_ = capacity;
}

}  // namespace mqtt::core
