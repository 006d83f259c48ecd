// What SUBSCRIBE and UNSUBSCRIBE do: rights and limits per filter, the change itself, the answer,
// and the retained messages that a new subscription brings.
#pragma once

#include "mqtt/packet.hpp"

namespace mqtt::broker {

class Peer;
class Shard;

void subscribe(Shard& shard, Peer& peer, const Subscribe& packet);
void unsubscribe(Shard& shard, Peer& peer, const Unsubscribe& packet);

}  // namespace mqtt::broker
