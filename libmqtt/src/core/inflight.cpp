// The ring of outgoing exchanges; see inflight.hpp.
#include "core/inflight.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "base/pool.hpp"

namespace mqtt::core {

namespace {

bool is_publish(InflightState state) {
    return state == InflightState::await_puback || state == InflightState::await_pubrec ||
           state == InflightState::await_pubcomp;
}

std::size_t subscription_ids_size(std::size_t count) {
    return sizeof(SubscriptionIds) + count * sizeof(std::uint32_t);
}

}  // namespace

base::Ref<SubscriptionIds> SubscriptionIds::create(std::span<const std::uint32_t> ids) {
    void* memory = base::pool_allocate(subscription_ids_size(ids.size()));
    auto* made = ::new (memory) SubscriptionIds;
    made->count_ = static_cast<std::uint32_t>(ids.size());
    std::ranges::copy(ids, reinterpret_cast<std::uint32_t*>(made + 1));
    return base::Ref<SubscriptionIds>(made);
}

std::span<const std::uint32_t> SubscriptionIds::ids() const {
    return {reinterpret_cast<const std::uint32_t*>(this + 1), count_};
}

void SubscriptionIds::destroy() noexcept {
    const std::size_t size = subscription_ids_size(count_);
    this->~SubscriptionIds();
    base::pool_free(this, size);
}

Inflight::Inflight(Inflight&& other) noexcept
    : ring_(std::exchange(other.ring_, nullptr))
    , head_(std::exchange(other.head_, std::uint16_t{0}))
    , span_(std::exchange(other.span_, std::uint16_t{0}))
    , count_(std::exchange(other.count_, std::uint16_t{0}))
    , publishes_(std::exchange(other.publishes_, std::uint16_t{0}))
    , first_id_(other.first_id_)
    , next_id_(other.next_id_)
    , capacity_log_(other.capacity_log_) {}

Inflight& Inflight::operator=(Inflight&& other) noexcept {
    if (this == &other) return *this;
    clear();
    ::new (this) Inflight(std::move(other));
    return *this;
}

PacketId Inflight::add(InflightEntry entry) {
    if (full()) return 0;
    if (span_ == capacity_or_none()) grow();
    if (span_ == 0) first_id_ = next_id_;
    const PacketId id = next_id_;
    next_id_ = id == kMaxSpan ? PacketId{1} : static_cast<PacketId>(id + 1);
    ++count_;
    if (is_publish(entry.state)) ++publishes_;
    at(span_++) = std::move(entry);
    return id;
}

bool Inflight::restore(PacketId id, InflightEntry entry) {
    if (id == 0 || full()) return false;
    if (span_ != 0) {
        const std::uint32_t index = index_of(id);
        if (index < span_ || index >= kMaxSpan) return false;
        while (span_ < index) {  // ids between them: finished, or somebody else's
            if (span_ == capacity()) grow();
            ++span_;
        }
    }
    next_id_ = id;
    return add(std::move(entry)) == id;
}

InflightEntry* Inflight::find(PacketId id) {
    if (id == 0) return nullptr;
    const std::uint32_t index = index_of(id);
    if (index >= span_) return nullptr;
    InflightEntry& entry = at(index);
    return entry.state == InflightState::free ? nullptr : &entry;
}

void Inflight::remove(PacketId id) {
    if (InflightEntry* entry = find(id)) remove(*entry);
}

InflightEntry* Inflight::next_to_resend(PacketId& from) {
    // An id before the head is finished already: begin at the oldest.
    std::uint32_t index = index_of(from);
    if (index >= span_) index = 0;
    for (; index < span_; ++index) {
        InflightEntry& entry = at(index);
        if (entry.state != InflightState::free && entry.await_resend) {
            from = id_at(index);
            return &entry;
        }
    }
    return nullptr;
}

void Inflight::release(InflightEntry& entry) noexcept {
    if (is_publish(entry.state)) --publishes_;
    --count_;
    entry.message = {};
    entry.subscription_ids = {};
    entry.subscription_id = 0;
    entry.state = InflightState::free;
    entry.reason = ReasonCode::success;
    entry.await_resend = false;
}

// The head moves over what is finished; an empty ring gives its memory back.
void Inflight::trim() noexcept {
    if (count_ == 0) {
        free_ring();
        return;
    }
    while (at(0).state == InflightState::free) {
        first_id_ = id_at(1);
        head_ = static_cast<std::uint16_t>((head_ + 1) & (capacity() - 1));
        --span_;
    }
    // Acknowledgements come in order, long after the messages: let the one after the next be there.
    if (span_ > 1) __builtin_prefetch(at(1).message.get());
}

void Inflight::clear() noexcept {
    for (std::uint32_t i = 0; i < span_; ++i)
        std::destroy_at(&at(i));
    free_ring();
}

// Its entries are free or destroyed: nothing of them is left.
void Inflight::free_ring() noexcept {
    if (ring_ != nullptr) base::pool_free(ring_, capacity() * sizeof(InflightEntry));
    ring_ = nullptr;
    head_ = span_ = count_ = publishes_ = 0;
}

void Inflight::grow() {
    const auto log =
        ring_ == nullptr ? kMinCapacityLog : static_cast<std::uint8_t>(capacity_log_ + 1);
    const std::uint32_t entries = std::uint32_t{1} << log;
    auto* ring = static_cast<InflightEntry*>(base::pool_allocate(entries * sizeof(InflightEntry)));
    for (std::uint32_t i = 0; i < span_; ++i) {
        ::new (ring + i) InflightEntry(std::move(at(i)));
        std::destroy_at(&at(i));
    }
    std::uninitialized_value_construct_n(ring + span_, entries - span_);
    if (ring_ != nullptr) base::pool_free(ring_, capacity() * sizeof(InflightEntry));
    ring_ = ring;
    capacity_log_ = log;
    head_ = 0;
}

}  // namespace mqtt::core
