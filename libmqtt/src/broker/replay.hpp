// Sends the retained messages that a subscription brings, as fast as its connection takes them: a
// cursor in the store, no copy of what waits. Exempt from the drop budget.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/retained.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class Peer;
class Shard;

struct ReplayRequest {
    std::string filter;
    SubscriptionOptions options;
    std::uint32_t id = 0;  // Subscription Identifier; 0: none
};

// The replays of one connection, one after the other.
class Replays {
public:
    void add(Shard& shard, const ReplayRequest& request);
    // Goes on until the connection, or this turn, is full (false) or all are done (true).
    bool run(Shard& shard, Peer& peer);

private:
    struct Replay {
        Replay(RetainedStore& store, const ReplayRequest& request)
            : cursor(store, request.filter)
            , options(request.options)
            , id(request.id) {}
        RetainedStore::Cursor cursor;
        SubscriptionOptions options;
        std::uint32_t id;
    };
    static bool send(Shard& shard, Peer& peer, const Replay& replay, const core::Message& message);
    std::vector<std::unique_ptr<Replay>> replays_;  // the first is under way
};

}  // namespace mqtt::broker
