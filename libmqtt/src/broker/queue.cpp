// A ring of queued messages in one pooled block that doubles when full, and what is behind it.
#include "broker/queue.hpp"

#include <new>
#include <utility>

#include "base/assert.hpp"
#include "base/pool.hpp"
#include "broker/queue_tail.hpp"

namespace mqtt::broker {

struct Queue::Ring {
    std::uint32_t capacity;  // a power of two
    std::uint32_t head;
    std::uint32_t count;
    std::size_t size_bytes;
    std::size_t bytes_on_disk;
    QueueTail* tail;  // null: none

    static constexpr std::uint32_t kSmallest = 4;
    static std::size_t block_bytes(std::uint32_t capacity) {
        return sizeof(Ring) + capacity * sizeof(QueuedMessage);
    }
    static Ring* create(std::uint32_t capacity) {
        return ::new (base::pool_allocate(block_bytes(capacity)))
            Ring{capacity, 0, 0, 0, 0, nullptr};
    }
    void free() noexcept { base::pool_free(this, block_bytes(capacity)); }
    QueuedMessage* slot(std::uint32_t index) {
        return reinterpret_cast<QueuedMessage*>(this + 1) + ((head + index) & (capacity - 1));
    }
};

std::size_t QueuedMessage::size_bytes() const {
    return message ? message->size_bytes() : token.entry()->size_bytes;
}

std::size_t Queue::places() const {
    return ring_ == nullptr ? 0 : ring_->count;
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
    if (ring_->count == ring_->capacity) move_to(Ring::create(ring_->capacity * 2));
    const std::size_t size = message.size_bytes();
    ring_->size_bytes += size;
    if (message.is_on_disk()) ring_->bytes_on_disk += size;
    ::new (ring_->slot(ring_->count)) QueuedMessage(std::move(message));
    ++ring_->count;
}

QueuedMessage& Queue::front() {
    MQTT_ASSERT(places() != 0);
    return *ring_->slot(0);
}

const QueuedMessage& Queue::at(std::size_t place) {
    MQTT_ASSERT(place < places());
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
    MQTT_ASSERT(places() != 0);
    QueuedMessage* first = ring_->slot(0);
    const std::size_t size = first->size_bytes();
    ring_->size_bytes -= size;
    if (first->is_on_disk()) ring_->bytes_on_disk -= size;
    first->~QueuedMessage();
    ring_->head = (ring_->head + 1) & (ring_->capacity - 1);
    --ring_->count;
    free_if_empty();
}

void Queue::free_if_empty() noexcept {
    if (ring_->count == 0 && ring_->tail == nullptr) std::exchange(ring_, nullptr)->free();
}

// The block becomes as small as it can be.
std::vector<QueuedMessage> Queue::take_from(std::size_t place) {
    std::vector<QueuedMessage> taken;
    const std::size_t end = places();
    for (std::size_t i = place; i < end; ++i) {
        QueuedMessage& queued = *ring_->slot(static_cast<std::uint32_t>(i));
        const std::size_t size = queued.size_bytes();
        ring_->size_bytes -= size;
        if (queued.is_on_disk()) ring_->bytes_on_disk -= size;
        taken.push_back(std::move(queued));
        queued.~QueuedMessage();
    }
    if (taken.empty()) return taken;
    ring_->count = static_cast<std::uint32_t>(place);
    std::uint32_t capacity = Ring::kSmallest;
    while (capacity < place)
        capacity *= 2;
    if (capacity < ring_->capacity) move_to(Ring::create(capacity));
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

void Queue::move_to(Ring* other) {
    for (std::uint32_t i = 0; i < ring_->count; ++i) {
        ::new (other->slot(i)) QueuedMessage(std::move(*ring_->slot(i)));
        ring_->slot(i)->~QueuedMessage();
    }
    other->count = ring_->count;
    other->size_bytes = ring_->size_bytes;
    other->bytes_on_disk = ring_->bytes_on_disk;
    other->tail = ring_->tail;
    ring_->free();
    ring_ = other;
}

}  // namespace mqtt::broker
