#include "broker/extra_references.hpp"

#include <utility>

#include "base/pool.hpp"

namespace mqtt::broker {

namespace {

// By a block and its node: counted as memory that clients fill.
constexpr std::ptrdiff_t kHeldByBlock = store::kBlockKeys * sizeof(std::uint32_t) + 40;

}  // namespace

ExtraReferences::~ExtraReferences() {
    const std::size_t blocks = blocks_.size() + (spare_.empty() ? 0 : 1);
    base::pool_account(-kHeldByBlock * static_cast<std::ptrdiff_t>(blocks));
}

// A message comes and goes here while it is given to its only session: no memory is taken and freed for that.
ExtraReferences::Block& ExtraReferences::get(store::Key block) {
    if (const auto at = blocks_.find(block); at != blocks_.end()) return at->second;
    if (spare_.empty()) {
        base::pool_account(kHeldByBlock);
        return blocks_[block];
    }
    spare_.key() = block;
    return blocks_.insert(std::move(spare_)).position->second;
}

void ExtraReferences::add(store::Key message) {
    Block& block = get(store::block_of(message));
    if (block.counts[store::place_in_block(message)]++ == 0) ++block.used;
}

bool ExtraReferences::take(store::Key message) {
    const auto at = blocks_.find(store::block_of(message));
    if (at == blocks_.end()) return false;
    Block& block = at->second;
    std::uint32_t& count = block.counts[store::place_in_block(message)];
    if (count == 0) return false;
    if (--count != 0 || --block.used != 0) return true;
    if (!spare_.empty()) base::pool_account(-kHeldByBlock);
    spare_ = blocks_.extract(at);
    return true;
}

}  // namespace mqtt::broker
