// How many places in the tails of queues wait for the same message of the store, beyond the first: of these nobody has
// an object that could count. Most messages are waited for by one session and cost nothing here. Used by Journal.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "broker/store/key_block.hpp"

namespace mqtt::broker {

class ExtraReferences {
public:
    ExtraReferences() = default;
    ~ExtraReferences();
    ExtraReferences(const ExtraReferences&) = delete;
    ExtraReferences& operator=(const ExtraReferences&) = delete;

    void add(store::Key message);
    // False: there is none; what was given up was the only one.
    bool take(store::Key message);

private:
    // Neighbours, as fan-outs are.
    struct Block {
        std::array<std::uint32_t, store::kBlockKeys> counts{};
        std::size_t used = 0;  // that are not 0
    };
    using Blocks = std::unordered_map<store::Key, Block>;
    Block& get(store::Key block);

    Blocks blocks_;
    Blocks::node_type spare_;  // the last one that became empty, all zeros
};

}  // namespace mqtt::broker
