// What the start knows of the messages in a store, whose contents mostly stay there: that they are there, how large they
// are, and whether anybody waits for them. Some bytes for each, as long as the start lasts. Used by restore.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "broker/store/records.hpp"

namespace mqtt::broker {

class RestoredMessages {
public:
    void add(store::Key key, std::size_t size_bytes) {
        Block& block = blocks_[block_of(key)];
        block.there |= bit_of(key);
        block.sizes[place_of(key)] = static_cast<std::uint32_t>(size_bytes);
    }
    // Null: it is not there.
    const std::uint32_t* size_bytes(store::Key key) const {
        const auto at = blocks_.find(block_of(key));
        const bool is_there = at != blocks_.end() && (at->second.there & bit_of(key)) != 0;
        return is_there ? &at->second.sizes[place_of(key)] : nullptr;
    }
    // One that is there has an entry. True: it is the first.
    bool use(store::Key key) {
        Block& block = blocks_[block_of(key)];
        const bool is_first = (block.used & bit_of(key)) == 0;
        block.used |= bit_of(key);
        return is_first;
    }
    template <class F>
    void each_unused(F&& f) const {
        for (const auto& [number, block] : blocks_) {
            for (std::size_t i = 0; i < kSize; ++i) {
                if (((block.there & ~block.used) >> i & 1) == 0) continue;
                f(((number >> 8) * kSize + i) << 8 | (number & 255));
            }
        }
    }

private:
    static constexpr std::size_t kSize = 64;
    struct Block {
        std::uint64_t there = 0;
        std::uint64_t used = 0;
        std::array<std::uint32_t, kSize> sizes{};
    };
    // The shard that made a key is in its low byte.
    static store::Key block_of(store::Key key) { return (key >> 8) / kSize << 8 | (key & 255); }
    static std::size_t place_of(store::Key key) { return (key >> 8) % kSize; }
    static std::uint64_t bit_of(store::Key key) { return std::uint64_t{1} << place_of(key); }

    std::unordered_map<store::Key, Block> blocks_;
};

}  // namespace mqtt::broker
