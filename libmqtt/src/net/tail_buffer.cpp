// The tail's one block comes from the thread's pool, so that packets cut in two by a read cost no
// allocation in steady state.
#include "net/tail_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.hpp"
#include "base/pool.hpp"

namespace mqtt::net {

Bytes TailBuffer::bytes() const {
    if (!block_) return {};
    return {block_->data() + block_->begin, block_->end - block_->begin};
}

void TailBuffer::append(Bytes bytes) {
    if (bytes.empty()) return;
    reserve(size() + bytes.size());
    std::memcpy(block_->data() + block_->end, bytes.data(), bytes.size());
    block_->end += bytes.size();
}

void TailBuffer::consume(std::size_t count) {
    MQTT_ASSERT(count <= size());
    if (count == size()) return clear();
    block_->begin += count;
}

void TailBuffer::clear() noexcept {
    if (block_) base::pool_free(block_, sizeof(Block) + block_->capacity);
    block_ = nullptr;
}

void TailBuffer::set_needed(std::size_t needed) {
    if (block_) block_->needed = needed;
}

std::span<std::uint8_t> TailBuffer::room(std::size_t least, std::size_t most) {
    // Doubling keeps copying linear in what arrived.
    reserve(size() + std::min(std::max(least, size()), most));
    const std::size_t free = block_->capacity - block_->end;
    return {block_->data() + block_->end, std::min(free, most)};
}

// Makes place for `total` bytes, counted from the first unconsumed one.
void TailBuffer::reserve(std::size_t total) {
    if (block_ && block_->begin + total <= block_->capacity) return;
    const std::size_t bytes = base::pool_size_class(sizeof(Block) + total);
    auto* fresh =
        new (base::pool_allocate(bytes)) Block{bytes - sizeof(Block), 0, size(), needed()};
    if (block_) std::memcpy(fresh->data(), block_->data() + block_->begin, size());
    clear();
    block_ = fresh;
}

}  // namespace mqtt::net
