// Encoded output of one connection between two flushes: small things are copied into one
// contiguous block, large payloads are referenced. Used by protocols (append) and Driver (flush).
// Knows no socket. Memory comes from the thread's pool and goes back when the buffer is drained,
// so that an idle connection holds none. Belongs to one loop.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/keep_alive_ref.hpp"

namespace mqtt::base {

class OutBuffer {
public:
    OutBuffer() = default;
    OutBuffer(OutBuffer&&) noexcept;
    OutBuffer& operator=(OutBuffer&&) noexcept;
    ~OutBuffer();

    // Appends `size` contiguous bytes for the caller to fill completely.
    std::uint8_t* grow(std::size_t size) {
        if (capacity_ - size_ < size) reserve(size);
        std::uint8_t* at = data_ + size_;
        size_ += static_cast<std::uint32_t>(size);
        return at;
    }
    void append(std::span<const std::uint8_t> bytes) {
        if (!bytes.empty()) std::memcpy(grow(bytes.size()), bytes.data(), bytes.size());
    }
    // Appends `bytes` by reference; `owner` keeps them alive until they are consumed.
    void append_reference(std::span<const std::uint8_t> bytes, KeepAliveRef owner);

    // Bytes not yet consumed, references included.
    std::size_t size_bytes() const { return size_ - head_ + referenced_bytes_; }
    bool empty() const { return size_bytes() == 0; }

    // Fills up to `max` entries with what is next to be written; returns how many.
    int gather(iovec* out, int max) const;
    // Drops the first `count` bytes. When nothing is left the memory returns to the pool.
    void consume(std::size_t count);
    void clear() noexcept;

private:
    struct Reference {
        std::uint32_t at;  // position in data_ (absolute) before which the reference stands
        std::span<const std::uint8_t> bytes;
        KeepAliveRef owner;
    };
    void reserve(std::size_t more);

    std::uint8_t* data_ = nullptr;
    std::uint32_t head_ = 0;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
    std::size_t referenced_bytes_ = 0;
    std::unique_ptr<std::vector<Reference>> references_;  // rarely there
};

}  // namespace mqtt::base
