// One growing block for copied bytes and a list of references into it, both from the pool.
#include "base/out_buffer.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/assert.hpp"
#include "base/pool.hpp"

namespace mqtt::base {
namespace {

constexpr std::size_t kSmallestBlock = 1024;
constexpr std::size_t kQuadrupleUpTo = 1024 * 1024;
constexpr std::size_t kLargestBlock = 0xFFFF'FFFF;

// 1K, 4K, 16K, ... 1M, then 2M, 4M, ...: few classes, so that flushed blocks are found again.
std::size_t block_size(std::size_t wanted) {
    std::size_t size = kSmallestBlock;
    while (size < wanted)
        size *= size < kQuadrupleUpTo ? 4 : 2;
    return std::min(size, kLargestBlock);
}

// A copy of what was lent; the bytes are behind it.
class KeptBytes final : public Counted {
public:
    static KeptBytes* copy(std::span<const std::uint8_t> bytes) {
        auto* kept =
            ::new (pool_allocate(sizeof(KeptBytes) + bytes.size())) KeptBytes(bytes.size());
        std::memcpy(reinterpret_cast<std::uint8_t*>(kept + 1), bytes.data(), bytes.size());
        return kept;
    }
    std::span<const std::uint8_t> bytes() const {
        return {reinterpret_cast<const std::uint8_t*>(this + 1), size_};
    }

private:
    explicit KeptBytes(std::size_t size) : size_(size) {}
    ~KeptBytes() = default;
    void destroy() noexcept override {
        const std::size_t size = sizeof(KeptBytes) + size_;
        this->~KeptBytes();
        pool_free(this, size);
    }
    const std::size_t size_;
};

}  // namespace

struct OutBuffer::Reference {
    std::uint32_t at;  // position in data_ before which the reference stands
    bool is_lent;
    std::span<const std::uint8_t> bytes;
    KeepAliveRef owner;
};

std::size_t OutBuffer::References::bytes_for(std::size_t entries) {
    static_assert(alignof(Reference) <= alignof(References));
    return sizeof(References) + entries * sizeof(Reference);
}

void OutBuffer::References::free(References* list) noexcept {
    pool_free(list, bytes_for(list->capacity));
}

OutBuffer::References* OutBuffer::References::create(std::size_t entries) {
    auto* list = ::new (pool_allocate(bytes_for(entries))) References;
    list->capacity = static_cast<std::uint32_t>(entries);
    return list;
}

OutBuffer::OutBuffer(OutBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr))
    , head_(std::exchange(other.head_, 0))
    , size_(std::exchange(other.size_, 0))
    , capacity_(std::exchange(other.capacity_, 0))
    , references_(std::exchange(other.references_, nullptr)) {}

OutBuffer& OutBuffer::operator=(OutBuffer&& other) noexcept {
    if (this == &other) return *this;
    clear();
    data_ = std::exchange(other.data_, nullptr);
    head_ = std::exchange(other.head_, 0);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    references_ = std::exchange(other.references_, nullptr);
    return *this;
}

void OutBuffer::reserve(std::size_t more) {
    const std::size_t live = size_ - head_;
    if (live + more > kLargestBlock) throw std::bad_alloc();
    std::uint8_t* block = data_;
    std::size_t capacity = capacity_;
    // A block that is mostly consumed is reused; else moving the bytes down would cost too often.
    if (live + more > capacity_ || live > capacity_ / 2) {
        capacity = block_size(live + more);
        block = static_cast<std::uint8_t*>(pool_allocate(capacity));
    }
    if (live != 0) std::memmove(block, data_ + head_, live);
    if (references_ != nullptr) {
        for (std::uint32_t i = references_->first; i < references_->count; ++i) {
            references_->entries()[i].at -= head_;
        }
    }
    if (block != data_) {
        pool_free(data_, capacity_);
        data_ = block;
        capacity_ = static_cast<std::uint32_t>(capacity);
    }
    head_ = 0;
    size_ = static_cast<std::uint32_t>(live);
}

void OutBuffer::append_reference(std::span<const std::uint8_t> bytes, KeepAliveRef owner) {
    if (bytes.empty()) return;
    push_reference(bytes, std::move(owner));
    references_->bytes += bytes.size();
}

void OutBuffer::append_lent(std::span<const std::uint8_t> bytes, KeepAliveRef owner) {
    append_reference(bytes, std::move(owner));
    references_->entries()[references_->count - 1].is_lent = true;
    references_->has_lent = true;
}

void OutBuffer::keep_lent() {
    if (references_ == nullptr || !references_->has_lent) return;
    references_->has_lent = false;
    for (std::uint32_t i = references_->first; i < references_->count; ++i) {
        Reference& reference = references_->entries()[i];
        if (!std::exchange(reference.is_lent, false)) continue;
        KeptBytes* const kept = KeptBytes::copy(reference.bytes);
        reference.owner = KeepAliveRef(kept);
        reference.bytes = kept->bytes();
    }
}

void OutBuffer::push_reference(std::span<const std::uint8_t> bytes, KeepAliveRef owner) {
    if (references_ == nullptr) references_ = References::create(7);
    if (references_->count == references_->capacity) {
        References& old = *references_;
        const std::uint32_t live = old.count - old.first;
        References* next = References::create(live * 2 + 7);
        for (std::uint32_t i = 0; i < live; ++i) {
            Reference& from = old.entries()[old.first + i];
            ::new (next->entries() + i) Reference(std::move(from));
            from.~Reference();
        }
        next->count = live;
        next->bytes = old.bytes;
        next->has_lent = old.has_lent;
        References::free(&old);
        references_ = next;
    }
    ::new (references_->entries() + references_->count)
        Reference{size_, false, bytes, std::move(owner)};
    ++references_->count;
}

int OutBuffer::gather(iovec* out, int max) const {
    int filled = 0;
    std::uint32_t at = head_;
    const auto add = [&](const std::uint8_t* bytes, std::size_t size) {
        out[filled++] = {const_cast<std::uint8_t*>(bytes), size};
    };
    if (references_ != nullptr) {
        for (std::uint32_t i = references_->first; i < references_->count; ++i) {
            const Reference& reference = references_->entries()[i];
            if (reference.at > at && filled < max) add(data_ + at, reference.at - at);
            if (filled >= max) return filled;
            at = reference.at;
            add(reference.bytes.data(), reference.bytes.size());
        }
    }
    if (size_ > at && filled < max) add(data_ + at, size_ - at);
    return filled;
}

void OutBuffer::consume(std::size_t count) {
    MQTT_ASSERT(count <= size_bytes());
    while (references_ != nullptr && !references_->empty()) {
        Reference& reference = references_->entries()[references_->first];
        const std::size_t before = reference.at - head_;
        if (count < before) break;
        count -= before;
        head_ = reference.at;
        const std::size_t part = std::min(count, reference.bytes.size());
        reference.bytes = reference.bytes.subspan(part);
        references_->bytes -= part;
        count -= part;
        if (!reference.bytes.empty()) return;
        drop_first_reference();
    }
    head_ += static_cast<std::uint32_t>(count);
    if (empty()) clear();
}

void OutBuffer::drop_first_reference() noexcept {
    references_->entries()[references_->first].~Reference();
    ++references_->first;
}

void OutBuffer::free_references() noexcept {
    if (references_ == nullptr) return;
    while (!references_->empty())
        drop_first_reference();
    References::free(references_);
    references_ = nullptr;
}

void OutBuffer::clear() noexcept {
    free_references();
    if (data_ == nullptr) return;
    pool_free(data_, capacity_);
    data_ = nullptr;
    head_ = size_ = capacity_ = 0;
}

}  // namespace mqtt::base
