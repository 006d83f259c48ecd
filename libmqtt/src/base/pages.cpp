// One call to the kernel.
#include "base/pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace mqtt::base {

void take_pages(void* begin, std::size_t bytes) noexcept {
#ifdef MADV_POPULATE_WRITE
    static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    const std::uintptr_t first = (address + page - 1) & ~(page - 1);
    const std::uintptr_t end = (address + bytes) & ~(page - 1);
    if (first >= end) return;
    const std::size_t before = first - address;
    ::madvise(static_cast<char*>(begin) + before, end - first, MADV_POPULATE_WRITE);
#else
    static_cast<void>(begin);
    static_cast<void>(bytes);
#endif
}

}  // namespace mqtt::base
