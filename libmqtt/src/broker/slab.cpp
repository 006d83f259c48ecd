// Cutting pieces and keeping what was freed. With AddressSanitizer every block is the heap's, so that faults
// are seen.
#include "broker/slab.hpp"

#include <algorithm>
#include <new>

#include "base/pages.hpp"
#include "base/pool.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define MQTT_SLAB_BYPASS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MQTT_SLAB_BYPASS 1
#endif
#endif
#ifndef MQTT_SLAB_BYPASS
#define MQTT_SLAB_BYPASS 0
#endif

namespace mqtt::broker {

Slab::~Slab() {
    clear();
}

void* Slab::allocate(std::size_t bytes) {
    if (MQTT_SLAB_BYPASS || bytes > kLargest) return base::pool_allocate(bytes);
    const std::size_t steps = (bytes + kStep - 1) / kStep;
    const std::size_t size = steps * kStep;
    void* block = free_[steps];
    if (block != nullptr) {
        free_[steps] = free_[steps]->next;
    } else {
        if (static_cast<std::size_t>(end_ - at_) < size) cut_new_piece();
        block = at_;
        at_ += size;
    }
    ++blocks_;
    base::pool_account(static_cast<std::ptrdiff_t>(size));
    return block;
}

void Slab::free(void* block, std::size_t bytes) noexcept {
    if (MQTT_SLAB_BYPASS || bytes > kLargest) return base::pool_free(block, bytes);
    const std::size_t steps = (bytes + kStep - 1) / kStep;
    base::pool_account(-static_cast<std::ptrdiff_t>(steps * kStep));
    free_[steps] = ::new (block) Free{free_[steps]};
    if (--blocks_ == 0) clear();
}

// Small at first, so that few subscriptions do not cost a whole piece. What is left of the one before, less
// than a block, is given up.
void Slab::cut_new_piece() {
    const std::size_t size =
        std::min(kPieceBytes, std::size_t{1024} << std::min<std::size_t>(pieces_.size(), 6));
    pieces_.push_back(std::make_unique_for_overwrite<std::byte[]>(size));
    at_ = pieces_.back().get();
    end_ = at_ + size;
    if (size == kPieceBytes) base::take_pages(at_, size);
}

void Slab::clear() noexcept {
    free_.fill(nullptr);
    pieces_.clear();
    at_ = end_ = nullptr;
}

}  // namespace mqtt::broker
