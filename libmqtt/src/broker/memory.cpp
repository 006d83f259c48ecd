// Looking at the memory in use, and throwing away the largest queues.
#include "broker/memory.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/pool.hpp"
#include "broker/shard.hpp"

namespace mqtt::broker {
namespace {

constexpr std::chrono::milliseconds kMemoryLook{100};

// Somebody for whom memory is held: a session, or a stranger's connection.
struct Owner {
    std::size_t bytes = 0;
    Session* session = nullptr;
    Peer* peer = nullptr;
};

std::size_t held_for(const Peer& peer) {
    return peer.driver().backlog_bytes() + peer.driver().unread_bytes();
}

std::vector<Owner> owners_of(const Shard& shard) {
    std::vector<Owner> owners;
    shard.sessions.for_each([&](Session& session) {
        std::size_t bytes = session.queue.size_bytes() - session.queue.bytes_on_disk();
        if (session.peer != nullptr) bytes += held_for(*session.peer);
        if (bytes != 0) owners.push_back({bytes, &session, session.peer});
    });
    shard.peers.for_each([&](Peer& peer) {
        if (peer.session() != nullptr) return;
        if (const std::size_t bytes = held_for(peer); bytes != 0) {
            owners.push_back({bytes, nullptr, &peer});
        }
    });
    std::sort(owners.begin(), owners.end(),
              [](const Owner& a, const Owner& b) { return a.bytes > b.bytes; });
    return owners;
}

}  // namespace

std::size_t Memory::limit() const {
    return shard_.config().memory_limit;
}

std::size_t Memory::total() {
    used_.store(base::pool_used_bytes(), std::memory_order_relaxed);
    return shard_.shared().memory_used();
}

bool Memory::look() {
    const std::size_t now = total();
    is_short_ = now >= (is_short_ ? limit() - limit() / 4 : soft_mark());
    return is_short_;
}

void Memory::start_watching() {
    is_watching_ = true;
    shard_.loop().set_timer(*this, shard_.now() + kMemoryLook);
}

void Memory::on_timer(TimePoint) {
    is_watching_ = false;
    if (limit() == 0) return;  // taken away since
    const std::size_t now = total();
    if (now > limit()) relieve(now - soft_mark());
    if (used() != used_at_last_look_ || now > limit()) start_watching();
    used_at_last_look_ = used();
}

// The owners of the largest queues lose them until `excess` bytes are free. Output that a client does
// not read cannot be followed by a DISCONNECT: such a connection just ends.
void Memory::relieve(std::size_t excess) {
    std::size_t freed = 0;
    for (const Owner& owner : owners_of(shard_)) {
        if (freed >= excess) return;
        freed += owner.bytes;
        shard_.hit(Limit::memory_hard,
                   owner.session != nullptr ? owner.session->client_id() : owner.peer->address());
        if (owner.session != nullptr) shard_.publisher.throw_away(*owner.session);
        if (owner.peer == nullptr) continue;
        if (held_for(*owner.peer) != 0) {
            owner.peer->abort("memory limit");
        } else {
            owner.peer->disconnect(ReasonCode::quota_exceeded, "memory limit");
        }
    }
}

}  // namespace mqtt::broker
