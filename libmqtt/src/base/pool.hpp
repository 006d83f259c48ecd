// Size-classed free lists, one set per thread: what makes hot paths free of malloc.
// Used by OutBuffer, Message and queues. Blocks may be freed on another thread than the one that
// allocated them (each is an ordinary heap block); nothing is shared, so there are no locks.
// With AddressSanitizer every call goes straight to the heap, so that faults are seen.
#pragma once

#include <cstddef>

namespace mqtt::base {

// A block of at least `bytes` (rounded up to a size class, see pool_size_class).
void* pool_allocate(std::size_t bytes);

// Returns a block; `bytes` is what was asked for. Each class keeps a bounded number of bytes, more
// goes back to the heap.
void pool_free(void* block, std::size_t bytes) noexcept;

// The number of bytes that a request of `bytes` really gets.
std::size_t pool_size_class(std::size_t bytes);

// Gives what this thread's free lists hold back to the heap (idle housekeeping, tests).
void pool_trim() noexcept;

}  // namespace mqtt::base
