// The process-wide seed of hash_bytes.
#include "broker/hash.hpp"

#include <random>

namespace mqtt::broker {

namespace {

std::uint64_t random_seed() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

std::uint64_t chosen_seed = 0;

}  // namespace

std::uint64_t hash_seed() {
    static const std::uint64_t seed = chosen_seed != 0 ? chosen_seed : random_seed();
    return seed;
}

std::uint64_t choose_hash_seed(std::uint64_t seed) {
    chosen_seed = seed;
    return hash_seed();
}

}  // namespace mqtt::broker
