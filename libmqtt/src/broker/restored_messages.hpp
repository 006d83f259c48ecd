// What the start knows of the messages in a store, whose contents mostly stay there: that they are there, how large they
// are, and whether anybody waits for them. Some bytes for each, as long as the start lasts. Used by restore.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "broker/store/key_block.hpp"

namespace mqtt::broker {

class RestoredMessages {
public:
    void add(store::Key key, std::size_t size_bytes) {
        Block& block = blocks_[store::block_of(key)];
        block.there |= store::bit_in_block(key);
        block.sizes[store::place_in_block(key)] = static_cast<std::uint32_t>(size_bytes);
    }
    // Null: it is not there.
    const std::uint32_t* size_bytes(store::Key key) const {
        const auto at = blocks_.find(store::block_of(key));
        const bool is_there =
            at != blocks_.end() && (at->second.there & store::bit_in_block(key)) != 0;
        return is_there ? &at->second.sizes[store::place_in_block(key)] : nullptr;
    }
    // One that is there has an entry. True: it is the first.
    bool use(store::Key key) {
        Block& block = blocks_[store::block_of(key)];
        const bool is_first = (block.used & store::bit_in_block(key)) == 0;
        block.used |= store::bit_in_block(key);
        return is_first;
    }
    template <class F>
    void each_unused(F&& f) const {
        for (const auto& [number, block] : blocks_) {
            for (std::size_t i = 0; i < store::kBlockKeys; ++i) {
                if (((block.there & ~block.used) >> i & 1) == 0) continue;
                f(store::key_at(number, i));
            }
        }
    }

private:
    struct Block {
        std::uint64_t there = 0;
        std::uint64_t used = 0;
        std::array<std::uint32_t, store::kBlockKeys> sizes{};
    };
    std::unordered_map<store::Key, Block> blocks_;
};

}  // namespace mqtt::broker
