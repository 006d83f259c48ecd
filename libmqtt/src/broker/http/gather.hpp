// Questions to all shards: each answers on its own thread, in turn, and the last answer brings the
// result back to the first shard, as messages through the loops' mailboxes. Used by http/.
#pragma once

#include <memory>

#include "broker/shard.hpp"

namespace mqtt::broker::http {

// Calls `each(Shard&, State&)` on every shard's thread and then `done(State&)` on the first one's, in a
// later turn. The callables are copied; `done` must find out by itself whether the asker is still there.
template <class State, class Each, class Done>
void gather(Shared& shared, std::shared_ptr<State> state, Each each, Done done,
            std::size_t index = 0) {
    const bool is_over = index == shared.shards.size();
    Shard& shard = *shared.shards[is_over ? 0 : index];
    shard.loop().post([&shared, &shard, state = std::move(state), each, done, index, is_over] {
        if (is_over) return done(*state);
        each(shard, *state);
        gather(shared, state, each, done, index + 1);
    });
}

// The same for one shard.
template <class State, class Each, class Done>
void ask_shard(Shared& shared, unsigned index, std::shared_ptr<State> state, Each each, Done done) {
    Shard& shard = *shared.shards[index];
    shard.loop().post([&shared, &shard, state = std::move(state), each, done] {
        each(shard, *state);
        shared.shards[0]->loop().post([state, done] { done(*state); });
    });
}

}  // namespace mqtt::broker::http
