// Memory asked for ahead: exactly the whole pages of a stretch are there, and what was in them stays.
#include "base/pages.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "base/pool.hpp"

using namespace mqtt;

namespace {

constexpr std::size_t kPages = 8;

class Mapping {
public:
    Mapping() {
        void* at = ::mmap(nullptr, kPages * page, PROT_READ | PROT_WRITE, kFlags, -1, 0);
        REQUIRE(at != MAP_FAILED);
        begin = static_cast<char*>(at);
    }
    ~Mapping() { ::munmap(begin, kPages * page); }

    std::vector<bool> present() const {
        std::vector<unsigned char> found(kPages);
        REQUIRE(::mincore(begin, kPages * page, found.data()) == 0);
        std::vector<bool> present;
        for (const unsigned char one : found)
            present.push_back((one & 1) != 0);
        return present;
    }

    const std::size_t page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    char* begin = nullptr;

private:
    static constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
};

// The kernel is old enough not to know the call.
bool can_take() {
#ifdef MADV_POPULATE_WRITE
    const Mapping mapping;
    return ::madvise(mapping.begin, mapping.page, MADV_POPULATE_WRITE) == 0;
#else
    return false;
#endif
}

}  // namespace

TEST_CASE("pages: those that lie in the stretch are there, those that it touches are not") {
    const Mapping mapping;
    base::take_pages(mapping.begin + mapping.page / 2, 3 * mapping.page);
    const bool can = can_take();
    CHECK(mapping.present() ==
          std::vector<bool>{false, can, can, false, false, false, false, false});
}

TEST_CASE("pages: a stretch without a whole page, or of nothing, asks for nothing") {
    const Mapping mapping;
    base::take_pages(mapping.begin + 1, mapping.page);
    base::take_pages(mapping.begin, 0);
    base::take_pages(mapping.begin + mapping.page, mapping.page - 1);
    CHECK(mapping.present() == std::vector<bool>(kPages, false));
}

TEST_CASE("pages: contents stay") {
    const Mapping mapping;
    std::memset(mapping.begin, 'x', 2 * mapping.page);
    base::take_pages(mapping.begin, kPages * mapping.page);
    const std::vector<char> expected(2 * mapping.page, 'x');
    CHECK(std::memcmp(mapping.begin, expected.data(), expected.size()) == 0);
    CHECK(mapping.begin[2 * mapping.page] == 0);
}

// The heap of a sanitizer is another one.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("pages: a thread that takes more and more blocks finds pages there") {
    constexpr std::size_t kBlocks = 4096;
    constexpr std::size_t kBytes = 192;
    if (!can_take()) return;
    std::size_t absent = 0;
    std::thread([&] {
        const Mapping mapping;
        std::vector<void*> blocks(kBlocks);
        for (void*& block : blocks) {
            block = base::pool_allocate(kBytes);
            const std::size_t used = reinterpret_cast<std::uintptr_t>(block) % mapping.page;
            char* const next = static_cast<char*>(block) - used + mapping.page;
            unsigned char found = 0;
            if (::mincore(next, 1, &found) != 0 || (found & 1) == 0) ++absent;
        }
        for (void* block : blocks)
            base::pool_free(block, kBytes);
        base::pool_trim();
    }).join();
    // Blocks whose next page is not there: those at the end of each growth, and the first of them, since
    // most threads take no more. Without growth by many pages it is nearly all.
    CHECK(absent < kBlocks / 4);
}
#endif
