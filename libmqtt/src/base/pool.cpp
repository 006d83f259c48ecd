// Free lists per thread and size class. A free block's first bytes hold the link to the next one.
#include "base/pool.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <new>

#include "base/assert.hpp"
#include "base/pages.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define MQTT_POOL_BYPASS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MQTT_POOL_BYPASS 1
#endif
#endif
#ifndef MQTT_POOL_BYPASS
#define MQTT_POOL_BYPASS 0
#endif

namespace mqtt::base {
namespace {

constexpr std::size_t kSmallest = 64;
constexpr unsigned kSmallestLog = 6;
constexpr unsigned kLargestLog = 20;
// The heap of a thread grows by a page per system call (glibc), so a thread that takes more and more has the
// heap grow by this much at once, beginning with the second time. Freed, it stays the heap's: from 64 KiB
// on glibc would look for what it can give back.
constexpr std::size_t kGrowthBytes = 60 * 1024;
constexpr std::size_t kClasses = (kLargestLog - kSmallestLog) * 4 + 1;
static_assert(kLargestPooledBytes == std::size_t{1} << kLargestLog);

struct Block {
    Block* next;
};

struct FreeList {
    Block* head = nullptr;
    std::size_t kept_bytes = 0;
};

// Trivially destructible, so that access needs no guard and late frees at thread exit are safe.
struct Pool {
    std::array<FreeList, kClasses> lists;
    std::size_t kept_bytes = 0;
    std::ptrdiff_t used_bytes = 0;
    std::size_t growth_bytes = kGrowthBytes;  // that the heap is taken to have
    bool open = false;                        // a Janitor will empty the lists when the thread ends
    bool closed = false;
};
constinit thread_local Pool t_pool;

struct Janitor {
    ~Janitor() {
        pool_trim();
        t_pool.closed = true;
    }
    void touch() noexcept {}
};
thread_local Janitor t_janitor;

struct SizeClass {
    std::size_t index;
    std::size_t bytes;
};

// Class 0 is 64 bytes; between two powers of two there are four steps.
constexpr SizeClass size_class(std::size_t bytes) {
    if (bytes <= kSmallest) return {0, kSmallest};
    const unsigned log = static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;
    const unsigned shift = log - 2;
    const std::size_t quarters = ((bytes - 1) >> shift) + 1;  // 5..8
    return {(log - kSmallestLog) * 4 + (quarters - 4), quarters << shift};
}
static_assert(size_class(64).index == 0 && size_class(65).bytes == 80);
static_assert(size_class(128).bytes == 128 && size_class(129).index == size_class(128).index + 1);
static_assert(size_class(kLargestPooledBytes).index == kClasses - 1);
static_assert(size_class(kLargestPooledBytes).bytes == kLargestPooledBytes);

void* heap_allocate(std::size_t bytes) {
    std::size_t& growth = t_pool.growth_bytes;
    if (bytes > growth && bytes < kGrowthBytes) {
        if (void* ahead = ::operator new(kGrowthBytes, std::nothrow); ahead != nullptr) {
            take_pages(ahead, kGrowthBytes);
            ::operator delete(ahead);
        }
        growth = kGrowthBytes;
    }
    growth -= std::min(growth, bytes);
    return ::operator new(bytes);
}

}  // namespace

void* pool_allocate(std::size_t bytes) {
    if (bytes > kLargestPooledBytes) {
        t_pool.used_bytes += static_cast<std::ptrdiff_t>(bytes);
        return ::operator new(bytes);
    }
    const SizeClass cls = size_class(bytes);
    t_pool.used_bytes += static_cast<std::ptrdiff_t>(cls.bytes);
    if (MQTT_POOL_BYPASS) return ::operator new(bytes);
    FreeList& list = t_pool.lists[cls.index];
    Block* block = list.head;
    if (block == nullptr) return heap_allocate(cls.bytes);
    list.head = block->next;
    __builtin_prefetch(list.head);  // for the next one, who reads the link in it
    list.kept_bytes -= cls.bytes;
    t_pool.kept_bytes -= cls.bytes;
    return block;
}

void pool_free(void* memory, std::size_t bytes) noexcept {
    if (memory == nullptr) return;
    Pool& pool = t_pool;
    if (bytes > kLargestPooledBytes) {
        pool.used_bytes -= static_cast<std::ptrdiff_t>(bytes);
        return ::operator delete(memory);
    }
    const SizeClass cls = size_class(bytes);
    pool.used_bytes -= static_cast<std::ptrdiff_t>(cls.bytes);
    if (MQTT_POOL_BYPASS) return ::operator delete(memory);
    FreeList& list = pool.lists[cls.index];
    if (pool.closed || list.kept_bytes + cls.bytes > kKeptBytesPerClass ||
        pool.kept_bytes + cls.bytes > kKeptBytesPerThread) {
        return ::operator delete(memory);
    }
    if (!pool.open) {
        pool.open = true;
        t_janitor.touch();
    }
    list.head = ::new (memory) Block{list.head};
    list.kept_bytes += cls.bytes;
    pool.kept_bytes += cls.bytes;
}

std::size_t pool_size_class(std::size_t bytes) {
    return bytes > kLargestPooledBytes ? bytes : size_class(bytes).bytes;
}

void pool_trim() noexcept {
    for (FreeList& list : t_pool.lists) {
        while (Block* block = list.head) {
            list.head = block->next;
            ::operator delete(block);
        }
        list.kept_bytes = 0;
    }
    t_pool.kept_bytes = 0;
}

std::ptrdiff_t pool_used_bytes() noexcept {
    return t_pool.used_bytes;
}

void pool_account(std::ptrdiff_t bytes) noexcept {
    t_pool.used_bytes += bytes;
}

std::size_t pool_kept_bytes() noexcept {
    return t_pool.kept_bytes;
}

}  // namespace mqtt::base
