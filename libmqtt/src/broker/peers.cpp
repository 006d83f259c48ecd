// List keeping of connections.
#include "broker/peers.hpp"

#include <algorithm>

#include "broker/shard.hpp"

namespace mqtt::broker {

Peers::~Peers() {
    for (Peer* peer : peers_)
        delete peer;
}

Peer& Peers::add(std::unique_ptr<net::ByteStream> stream, Peer::Origin origin) {
    auto peer = std::make_unique<Peer>(shard_, std::move(stream), std::move(origin));
    peer->index_ = static_cast<std::uint32_t>(peers_.size());
    peers_.push_back(peer.get());
    return *peer.release();
}

// What is due in this turn must not find it any more: it lives until the turn ends.
void Peers::forget(Peer& peer) {
    shard_.loop().timers().cancel(peer);
    peers_[peer.index_] = peers_.back();
    peers_[peer.index_]->index_ = peer.index_;
    peers_.pop_back();
    shard_.journal.forget(peer);
    if (peer.is_pumping_) pumping_.erase(std::find(pumping_.begin(), pumping_.end(), &peer));
}

void Peers::drop(Peer& peer) {
    forget(peer);
    shard_.counters.bytes_received += peer.driver_.bytes_received();
    shard_.counters.bytes_sent += peer.driver_.bytes_sent();
    shard_.shared().admission.leave(peer.seat());
    shard_.loop().retire(std::unique_ptr<Peer>(&peer));
    shard_.connection_closed();
}

void Peers::pump_later(Peer& peer) {
    if (peer.is_pumping_) return;
    peer.is_pumping_ = true;
    pumping_.push_back(&peer);
    shard_.loop().mark_ready(*this);
}

void Peers::end_later(Peer& peer) {
    peer.has_overflowed_ = true;
    pump_later(peer);
}

void Peers::on_ready(net::Ready) {
    std::vector<Peer*> now;
    now.swap(pumping_);
    for (Peer* peer : now)
        peer->is_pumping_ = false;
    for (Peer* peer : now) {
        if (peer->has_overflowed_) {
            peer->end_overflowed();
            continue;
        }
        if (peer->moving_to_ == 0) {
            peer->pump();
            continue;
        }
        if (peer->is_leaving_) continue;  // it is closing meanwhile
        unsigned home = 0;
        shard_.counters.bytes_received += peer->driver_.bytes_received();
        Peer::Luggage luggage = peer->leave_for(home);
        forget(*peer);
        shard_.loop().retire(std::unique_ptr<Peer>(peer));
        shard_.send_to(home, std::move(luggage));
    }
}

}  // namespace mqtt::broker
