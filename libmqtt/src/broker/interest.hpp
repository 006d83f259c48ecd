// Keeps all shards' knowledge of each other's filters in step. Every shard tells the others when a
// filter gets its first subscriber on it or loses its last; SUBACK and UNSUBACK leave only when all
// have applied what the request changed. With one shard all of it is immediate.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "broker/replay.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class Peer;
class Shard;

// The answer to a SUBSCRIBE or UNSUBSCRIBE, and what follows it.
struct SubscribeAnswer {
    PacketType type = PacketType::suback;
    PacketId id = 0;
    std::vector<ReasonCode> codes;
    std::vector<ReplayRequest> replays;
    std::string text;  // why the first that was refused was
};

class Interest {
public:
    explicit Interest(Shard& shard);

    // This shard has its first subscriber for `filter`, or none any more.
    void announce(std::string_view filter, bool wanted);
    // Counts a shared subscription handed to its owner, which will say when all know it.
    void expect_joined(unsigned owner) { ++joins_sent_[owner]; }

    // Gives `answer` to the peer when every shard knows what was announced so far.
    void answer(Peer& peer, SubscribeAnswer answer);
    // Tells `shard` that its join is known everywhere, when it is.
    void confirm_join(unsigned shard);
    // The peer is going away.
    void forget(const Peer& peer);

    // From the mail: `shard` has applied so many of our changes; confirmed so many joins.
    void on_applied(unsigned shard, std::uint64_t changes);
    void on_joined(unsigned shard);

private:
    struct Waiting {
        Peer* peer;  // null: gone meanwhile
        std::uint64_t changes;
        std::vector<std::uint64_t> joins;
        SubscribeAnswer answer;
    };
    struct Confirmation {
        unsigned shard;
        std::uint64_t changes;
    };
    bool is_known(std::uint64_t changes) const;
    bool are_joined(const std::vector<std::uint64_t>& joins) const;
    void release();

    Shard& shard_;
    std::uint64_t announced_ = 0;
    std::vector<std::uint64_t> applied_;      // per shard
    std::vector<std::uint64_t> joins_sent_;   // per owner
    std::vector<std::uint64_t> joins_known_;  // per owner
    // Apart, because an answer may wait for another shard's confirmation: it must not stand before
    // a confirmation that the other shard waits for.
    std::deque<Waiting> waiting_;
    std::deque<Confirmation> confirmations_;
};

}  // namespace mqtt::broker
