// A ring of queued messages in one pooled block that doubles when full, up to a size, and what is
// behind it: blocks, and the tail. While there are blocks, all that comes is put into them.
#include "broker/queue.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "base/assert.hpp"
#include "base/pool.hpp"
#include "broker/queue_blocks.hpp"
#include "broker/queue_tail.hpp"

namespace mqtt::broker {

struct Queue::Ring {
    std::uint32_t capacity;  // a power of two
    std::uint32_t head;
    std::uint32_t count;
    std::size_t size_bytes;
    std::size_t bytes_on_disk;
    QueueBlocks* blocks;  // null: all places are in the ring. Never empty
    QueueTail* tail;      // null: none

    static constexpr std::uint32_t kSmallest = 4;
    static constexpr std::uint32_t kLargest = QueueBlocks::kPlacesPerBlock;
    static std::size_t block_bytes(std::uint32_t capacity) {
        return sizeof(Ring) + capacity * sizeof(QueuedMessage);
    }
    static Ring* create(std::uint32_t capacity) {
        return ::new (base::pool_allocate(block_bytes(capacity)))
            Ring{capacity, 0, 0, 0, 0, nullptr, nullptr};
    }
    void free() noexcept { base::pool_free(this, block_bytes(capacity)); }
    QueuedMessage* slot(std::uint32_t index) {
        return reinterpret_cast<QueuedMessage*>(this + 1) + ((head + index) & (capacity - 1));
    }
    bool has_places() const { return count != 0 || blocks != nullptr; }
    std::size_t places() const { return count + (blocks == nullptr ? 0 : blocks->count()); }
    QueuedMessage& front() { return count != 0 ? *slot(0) : blocks->front(); }
    QueuedMessage& at(std::size_t place) {
        if (place < count) return *slot(static_cast<std::uint32_t>(place));
        return blocks->at(place - count);
    }
    void add_size(const QueuedMessage& message) {
        const std::size_t size = message.size_bytes();
        size_bytes += size;
        if (message.is_on_disk()) bytes_on_disk += size;
    }
    void take_size(const QueuedMessage& message) {
        const std::size_t size = message.size_bytes();
        size_bytes -= size;
        if (message.is_on_disk()) bytes_on_disk -= size;
    }
    void pop_front() {
        if (count == 0) {
            blocks->pop_front();
            return free_empty_blocks();
        }
        slot(0)->~QueuedMessage();
        head = (head + 1) & (capacity - 1);
        --count;
    }
    void pop_back() {
        if (blocks != nullptr) {
            blocks->pop_back();
            return free_empty_blocks();
        }
        slot(--count)->~QueuedMessage();
    }

private:
    void free_empty_blocks() {
        if (blocks->empty()) delete std::exchange(blocks, nullptr);
    }
};

std::size_t QueuedMessage::size_bytes() const {
    return message ? message->size_bytes() : token.entry()->size_bytes;
}

std::size_t Queue::places() const {
    return ring_ == nullptr ? 0 : ring_->places();
}

bool Queue::has_tail() const {
    return ring_ != nullptr && ring_->tail != nullptr;
}

std::size_t Queue::count() const {
    return places() + (has_tail() ? ring_->tail->count() : 0);
}

std::size_t Queue::size_bytes() const {
    if (ring_ == nullptr) return 0;
    return ring_->size_bytes + (has_tail() ? ring_->tail->size_bytes() : 0);
}

std::size_t Queue::bytes_on_disk() const {
    if (ring_ == nullptr) return 0;
    return ring_->bytes_on_disk + (has_tail() ? ring_->tail->size_bytes() : 0);
}

QueueTail& Queue::tail() {
    if (ring_ == nullptr) ring_ = Ring::create(Ring::kSmallest);
    if (ring_->tail == nullptr) ring_->tail = new QueueTail;
    return *ring_->tail;
}

void Queue::tail_taken() {
    if (has_tail() && ring_->tail->empty()) forget_tail();
}

void Queue::push(QueuedMessage message) {
    if (ring_ == nullptr) ring_ = Ring::create(Ring::kSmallest);
    if (ring_->count == ring_->capacity) grow();
    ring_->add_size(message);
    if (ring_->blocks != nullptr) return ring_->blocks->push(std::move(message));
    ::new (ring_->slot(ring_->count)) QueuedMessage(std::move(message));
    ++ring_->count;
}

void Queue::grow() {
    if (ring_->blocks != nullptr) return;
    if (ring_->capacity < Ring::kLargest)
        move_to(ring_->capacity * 2);
    else
        ring_->blocks = new QueueBlocks;
}

QueuedMessage& Queue::front() {
    MQTT_ASSERT(ring_ != nullptr && ring_->has_places());
    return ring_->front();
}

const QueuedMessage& Queue::at(std::size_t place) {
    MQTT_ASSERT(place < places());
    return ring_->at(place);
}

void Queue::load(std::size_t place, core::MessageRef message) {
    QueuedMessage& queued = ring_->at(place);
    ring_->bytes_on_disk -= queued.size_bytes();
    queued.message = std::move(message);
}

void Queue::unload(std::size_t place) {
    QueuedMessage& queued = ring_->at(place);
    const std::size_t size = queued.size_bytes();
    queued.token.entry()->size_bytes = static_cast<std::uint32_t>(size);
    ring_->bytes_on_disk += size;
    queued.message = {};
}

void Queue::pop() {
    MQTT_ASSERT(ring_ != nullptr && ring_->has_places());
    ring_->take_size(ring_->front());
    ring_->pop_front();
    free_if_empty();
}

void Queue::free_if_empty() noexcept {
    if (!ring_->has_places() && ring_->tail == nullptr) std::exchange(ring_, nullptr)->free();
}

// The ring becomes as small as it can be.
std::vector<QueuedMessage> Queue::take_from(std::size_t place) {
    std::vector<QueuedMessage> taken;
    const std::size_t end = places();
    if (place >= end) return taken;
    taken.reserve(end - place);
    for (std::size_t i = place; i < end; ++i) {
        QueuedMessage& queued = ring_->at(i);
        ring_->take_size(queued);
        taken.push_back(std::move(queued));
    }
    for (std::size_t i = place; i < end; ++i)
        ring_->pop_back();
    shrink();
    free_if_empty();
    return taken;
}

void Queue::forget_tail() noexcept {
    if (!has_tail()) return;
    delete std::exchange(ring_->tail, nullptr);
    free_if_empty();
}

void Queue::clear() noexcept {
    forget_tail();
    while (!empty())
        pop();
}

void Queue::shrink() {
    const std::uint32_t capacity = std::max(std::bit_ceil(ring_->count), Ring::kSmallest);
    if (capacity < ring_->capacity) move_to(capacity);
}

void Queue::move_to(std::uint32_t capacity) {
    Ring* other = Ring::create(capacity);
    for (std::uint32_t i = 0; i < ring_->count; ++i) {
        ::new (other->slot(i)) QueuedMessage(std::move(*ring_->slot(i)));
        ring_->slot(i)->~QueuedMessage();
    }
    other->count = ring_->count;
    other->size_bytes = ring_->size_bytes;
    other->bytes_on_disk = ring_->bytes_on_disk;
    other->blocks = ring_->blocks;
    other->tail = ring_->tail;
    ring_->free();
    ring_ = other;
}

}  // namespace mqtt::broker
