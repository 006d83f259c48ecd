// The ring between two shards: order, wrap-around, overflow, two threads.
#include "broker/ring.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <thread>

using mqtt::broker::Ring;

namespace {

// A record that says its number, padded to a size that follows from it.
std::size_t size_of(std::uint32_t number) {
    return 4 + number * 7 % 100;
}

void put(Ring& ring, std::uint32_t number) {
    std::uint8_t* at = ring.add(size_of(number));
    std::memcpy(at, &number, 4);
    std::memset(at + 4, static_cast<int>(number & 0xFF), size_of(number) - 4);
}

void check(std::span<const std::uint8_t> bytes, std::uint32_t number) {
    std::uint32_t got = 0;
    std::memcpy(&got, bytes.data(), 4);
    REQUIRE(got == number);
    REQUIRE(bytes.size() == size_of(number));
    if (bytes.size() > 4) REQUIRE(bytes.back() == (number & 0xFF));
}

}  // namespace

TEST_CASE("ring: what does not fit waits in order, and comes when there is room") {
    Ring ring(1024);
    for (std::uint32_t i = 0; i < 1000; ++i)
        put(ring, i);
    CHECK(ring.is_full());
    std::uint32_t next = 0;
    while (next < 1000) {
        ring.publish();
        const std::uint32_t before = next;
        for (auto bytes = ring.next(); !bytes.empty(); bytes = ring.next())
            check(bytes, next++);
        REQUIRE(next > before);
        ring.consumed();
    }
    CHECK_FALSE(ring.publish());
    CHECK_FALSE(ring.is_full());
}

TEST_CASE("ring: the writer is told when there is room, once") {
    Ring ring(1024);
    for (std::uint32_t i = 0; i < 100; ++i)
        put(ring, i);
    ring.publish();
    CHECK(ring.wait_for_room());
    while (!ring.next().empty()) {
    }
    CHECK(ring.consumed());
    CHECK_FALSE(ring.consumed());
    CHECK(ring.publish());
}

TEST_CASE("ring: two threads, every record once and in order") {
    Ring ring(4096);
    constexpr std::uint32_t kCount = 200'000;
    std::thread writer([&] {
        for (std::uint32_t i = 0; i < kCount;) {
            while (!ring.is_full() && i < kCount)
                put(ring, i++);
            ring.publish();
            if (i < kCount) std::this_thread::yield();
        }
        while (ring.is_full()) {
            ring.publish();
            std::this_thread::yield();
        }
        ring.publish();
    });
    for (std::uint32_t next = 0; next < kCount;) {
        for (auto bytes = ring.next(); !bytes.empty(); bytes = ring.next())
            check(bytes, next++);
        ring.consumed();
        std::this_thread::yield();
    }
    writer.join();
}
