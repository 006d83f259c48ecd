// The connections of one shard: owns them, destroys them when the turn has ended, and calls those
// again that stopped only because the turn was full.
#pragma once

#include <memory>
#include <vector>

#include "broker/peer.hpp"
#include "net/loop.hpp"

namespace mqtt::broker {

class Peers final : private net::Watcher {
public:
    explicit Peers(Shard& shard) : shard_(shard) {}
    ~Peers();

    Peer& add(std::unique_ptr<net::ByteStream> stream, Peer::Origin origin);
    // Its connection is closed; gone when the turn ends.
    void drop(Peer& peer);
    // Calls pump() in the next turn, or moves it to another shard when that is what it waits for.
    void pump_later(Peer& peer);

    // Its queue overflowed: disconnects it in the next turn.
    void end_later(Peer& peer);

    std::size_t count() const { return peers_.size(); }
    template <class F>
    void for_each(F&& f) const {
        for (Peer* peer : peers_)
            f(*peer);
    }
    // Copies, because ending one changes the list.
    std::vector<Peer*> all() const { return peers_; }

private:
    void on_ready(net::Ready ready) override;
    void forget(Peer& peer);

    Shard& shard_;
    std::vector<Peer*> peers_;
    std::vector<Peer*> pumping_;
};

}  // namespace mqtt::broker
