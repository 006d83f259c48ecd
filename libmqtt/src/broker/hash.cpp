// The process-wide seed of hash_bytes.
#include "broker/hash.hpp"

#include <random>

namespace mqtt::broker {

std::uint64_t hash_seed() {
    static const std::uint64_t seed = [] {
        std::random_device device;
        return std::uint64_t{device()} << 32 | device();
    }();
    return seed;
}

}  // namespace mqtt::broker
