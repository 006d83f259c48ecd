// A ring of queued messages in one pooled block that doubles when full.
#include "broker/queue.hpp"

#include <new>
#include <utility>

#include "base/assert.hpp"
#include "base/pool.hpp"

namespace mqtt::broker {

struct Queue::Ring {
    std::uint32_t capacity;  // a power of two
    std::uint32_t head;
    std::uint32_t count;
    std::size_t size_bytes;
    std::size_t bytes_on_disk;

    static constexpr std::uint32_t kSmallest = 4;
    static std::size_t block_bytes(std::uint32_t capacity) {
        return sizeof(Ring) + capacity * sizeof(QueuedMessage);
    }
    static Ring* create(std::uint32_t capacity) {
        return ::new (base::pool_allocate(block_bytes(capacity))) Ring{capacity, 0, 0, 0, 0};
    }
    void free() noexcept { base::pool_free(this, block_bytes(capacity)); }
    QueuedMessage* slot(std::uint32_t index) {
        return reinterpret_cast<QueuedMessage*>(this + 1) + ((head + index) & (capacity - 1));
    }
};

std::size_t QueuedMessage::size_bytes() const {
    return message ? message->size_bytes() : token.entry()->size_bytes;
}

std::size_t Queue::count() const {
    return ring_ == nullptr ? 0 : ring_->count;
}

std::size_t Queue::size_bytes() const {
    return ring_ == nullptr ? 0 : ring_->size_bytes;
}

std::size_t Queue::bytes_on_disk() const {
    return ring_ == nullptr ? 0 : ring_->bytes_on_disk;
}

void Queue::push(QueuedMessage message) {
    if (ring_ == nullptr) ring_ = Ring::create(Ring::kSmallest);
    if (ring_->count == ring_->capacity) grow();
    const std::size_t size = message.size_bytes();
    ring_->size_bytes += size;
    if (message.is_on_disk()) ring_->bytes_on_disk += size;
    ::new (ring_->slot(ring_->count)) QueuedMessage(std::move(message));
    ++ring_->count;
}

QueuedMessage& Queue::front() {
    MQTT_ASSERT(!empty());
    return *ring_->slot(0);
}

const QueuedMessage& Queue::at(std::size_t place) {
    MQTT_ASSERT(place < count());
    return *ring_->slot(static_cast<std::uint32_t>(place));
}

void Queue::load(std::size_t place, core::MessageRef message) {
    QueuedMessage& queued = *ring_->slot(static_cast<std::uint32_t>(place));
    ring_->bytes_on_disk -= queued.size_bytes();
    queued.message = std::move(message);
}

void Queue::unload(std::size_t place) {
    QueuedMessage& queued = *ring_->slot(static_cast<std::uint32_t>(place));
    const std::size_t size = queued.size_bytes();
    queued.token.entry()->size_bytes = static_cast<std::uint32_t>(size);
    ring_->bytes_on_disk += size;
    queued.message = {};
}

void Queue::pop() {
    MQTT_ASSERT(!empty());
    QueuedMessage* first = ring_->slot(0);
    const std::size_t size = first->size_bytes();
    ring_->size_bytes -= size;
    if (first->is_on_disk()) ring_->bytes_on_disk -= size;
    first->~QueuedMessage();
    ring_->head = (ring_->head + 1) & (ring_->capacity - 1);
    if (--ring_->count == 0) std::exchange(ring_, nullptr)->free();
}

void Queue::clear() noexcept {
    while (!empty())
        pop();
}

void Queue::grow() {
    Ring* bigger = Ring::create(ring_->capacity * 2);
    for (std::uint32_t i = 0; i < ring_->count; ++i) {
        ::new (bigger->slot(i)) QueuedMessage(std::move(*ring_->slot(i)));
        ring_->slot(i)->~QueuedMessage();
    }
    bigger->count = ring_->count;
    bigger->size_bytes = ring_->size_bytes;
    bigger->bytes_on_disk = ring_->bytes_on_disk;
    ring_->free();
    ring_ = bigger;
}

}  // namespace mqtt::broker
