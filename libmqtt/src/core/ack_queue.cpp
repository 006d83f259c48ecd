// Acknowledgements in order; see ack_queue.hpp.
#include "core/ack_queue.hpp"

namespace mqtt::core {

AckQueue::Entry* AckQueue::find_undecided(PacketId id) {
    for (std::size_t i = head_; i < entries_.size(); ++i) {
        if (entries_[i].id == id && !entries_[i].ready) return &entries_[i];
    }
    return nullptr;
}

bool AckQueue::contains(PacketType type, PacketId id) const {
    for (std::size_t i = head_; i < entries_.size(); ++i) {
        if (entries_[i].id == id && entries_[i].type == type) return true;
    }
    return false;
}

bool AckQueue::pop_ready(Entry& out) {
    if (empty() || !entries_[head_].ready) return false;
    out = entries_[head_++];
    if (empty()) {
        clear();
    } else if (head_ >= 64 && head_ * 2 >= entries_.size()) {
        entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }
    return true;
}

}  // namespace mqtt::core
