// Keys that were given one after the other lie together, apart from their shard, which is in the low byte: what is known
// of many is kept in blocks of 64 neighbours. Used by the sets and counters of keys here and at the start.
#pragma once

#include <cstddef>
#include <cstdint>

#include "broker/store/records.hpp"

namespace mqtt::broker::store {

inline constexpr std::size_t kBlockKeys = 64;

// The same for all keys of a block, and no other's.
constexpr Key block_of(Key key) {
    return (key >> 8) / kBlockKeys << 8 | (key & 255);
}
constexpr std::size_t place_in_block(Key key) {
    return (key >> 8) % kBlockKeys;
}
constexpr std::uint64_t bit_in_block(Key key) {
    return std::uint64_t{1} << place_in_block(key);
}
constexpr Key key_at(Key block, std::size_t place) {
    return ((block >> 8) * kBlockKeys + place) << 8 | (block & 255);
}

}  // namespace mqtt::broker::store
