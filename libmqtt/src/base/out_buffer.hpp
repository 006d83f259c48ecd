// Encoded output of one connection between two flushes: small things are copied into one
// contiguous block, large payloads are referenced. Used by protocols (append) and Driver (flush).
// Knows no socket. Memory comes from the thread's pool and goes back when the buffer is drained,
// so that an idle connection holds none. Belongs to one loop.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/keep_alive_ref.hpp"

namespace mqtt::base {

class OutBuffer {
public:
    OutBuffer() = default;
    OutBuffer(OutBuffer&& other) noexcept;
    OutBuffer& operator=(OutBuffer&& other) noexcept;
    ~OutBuffer() { clear(); }

    // Appends `size` contiguous bytes for the caller to fill completely. The pointer is good until
    // the next call. Throws std::bad_alloc when the heap is exhausted or 4 GiB are staged.
    std::uint8_t* grow(std::size_t size) {
        if (capacity_ - size_ < size) reserve(size);
        std::uint8_t* at = data_ + size_;
        size_ += static_cast<std::uint32_t>(size);
        return at;
    }
    void append(std::span<const std::uint8_t> bytes) {
        if (!bytes.empty()) std::memcpy(grow(bytes.size()), bytes.data(), bytes.size());
    }
    // Appends `bytes` by reference; `owner` keeps them alive until they are consumed. Empty bytes
    // are ignored.
    void append_reference(std::span<const std::uint8_t> bytes, KeepAliveRef owner);
    // The same with an owner that wants them back soon, by keep_lent(): what then is still here is copied.
    void append_lent(std::span<const std::uint8_t> bytes, KeepAliveRef owner);
    void keep_lent();

    // Bytes not yet consumed, references included.
    std::size_t size_bytes() const {
        const std::size_t copied = size_ - head_;
        return references_ == nullptr ? copied : copied + references_->bytes;
    }
    bool empty() const { return size_bytes() == 0; }

    // Fills up to `max` entries with what is next to be written; returns how many.
    int gather(iovec* out, int max) const;
    // Drops the first `count` bytes (at most size_bytes(), asserted). When nothing is left the
    // memory returns to the pool.
    void consume(std::size_t count);
    void clear() noexcept;

private:
    struct Reference;
    // Header of a pooled block, the list of what append_reference() took; rarely there.
    struct References {
        std::size_t bytes = 0;    // of them all
        std::uint32_t first = 0;  // entries before it are gone
        std::uint32_t count = 0;  // end of the live entries
        std::uint32_t capacity = 0;
        bool has_lent = false;
        static std::size_t bytes_for(std::size_t entries);
        static References* create(std::size_t entries);
        static void free(References* list) noexcept;
        Reference* entries() { return reinterpret_cast<Reference*>(this + 1); }
        bool empty() const { return first == count; }
    };
    void reserve(std::size_t more);
    void push_reference(std::span<const std::uint8_t> bytes, KeepAliveRef owner);
    void drop_first_reference() noexcept;
    void free_references() noexcept;

    std::uint8_t* data_ = nullptr;
    std::uint32_t head_ = 0;  // consumed bytes of data_
    std::uint32_t size_ = 0;  // written bytes of data_, consumed ones included
    std::uint32_t capacity_ = 0;
    References* references_ = nullptr;
};

}  // namespace mqtt::base
