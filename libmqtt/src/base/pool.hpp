// Size-classed free lists, one set per thread: what makes hot paths free of malloc.
// Used by OutBuffer, Message and queues. Blocks may be freed on another thread than the one that
// allocated them (each is an ordinary heap block); nothing is shared, so there are no locks.
// With AddressSanitizer every call goes straight to the heap, so that faults are seen.
#pragma once

#include <cstddef>

namespace mqtt::base {

// Requests above this size always go to the heap.
inline constexpr std::size_t kLargestPooledBytes = 1024 * 1024;

// What one class, and one thread altogether, keep at most; more goes back to the heap.
inline constexpr std::size_t kKeptBytesPerClass = 8 * 1024 * 1024;
inline constexpr std::size_t kKeptBytesPerThread = 64 * 1024 * 1024;

// A block of at least `bytes` (rounded up to a size class, see pool_size_class), aligned for any
// ordinary type. Throws std::bad_alloc when the heap is exhausted.
void* pool_allocate(std::size_t bytes);

// Returns a block; `bytes` is what was asked for (or its size class). nullptr is ignored.
void pool_free(void* block, std::size_t bytes) noexcept;

// The number of bytes that a request of `bytes` really gets: four classes per doubling, so at most
// a quarter is wasted, and powers of two are classes.
std::size_t pool_size_class(std::size_t bytes);

// Gives what this thread's free lists hold back to the heap (idle housekeeping, tests).
void pool_trim() noexcept;

// Bytes of blocks that this thread took and did not give back; negative when it frees those of others.
// The sum over threads is what is in use.
std::ptrdiff_t pool_used_bytes() noexcept;
// Counts memory that comes from elsewhere (a slab) in it: taken, or given back when negative.
void pool_account(std::ptrdiff_t bytes) noexcept;

// Bytes that this thread's free lists hold now.
std::size_t pool_kept_bytes() noexcept;

}  // namespace mqtt::base
