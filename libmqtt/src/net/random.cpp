// One call to the system per 256 bytes, which is 64 WebSocket masks.
#include "net/random.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>

namespace mqtt::net {

namespace {

struct Pool {
    std::array<std::uint8_t, 256> bytes;
    std::size_t next = sizeof bytes;
};

}  // namespace

void fill_random(std::span<std::uint8_t> out) {
    thread_local Pool pool;
    for (std::uint8_t& byte : out) {
        if (pool.next == pool.bytes.size()) {
            // Fails only where the kernel lacks the call altogether.
            if (::getentropy(pool.bytes.data(), pool.bytes.size()) != 0) std::abort();
            pool.next = 0;
        }
        byte = pool.bytes[pool.next++];
    }
}

}  // namespace mqtt::net
