// What a shard tells of its clients: read from sessions and connections on its thread. Used by
// api_clients and api_explain.
#pragma once

#include <string>

#include "broker/session.hpp"

namespace mqtt::broker {
class Shard;
}

namespace mqtt::broker::http {

// Its client, or the remote broker of a bridge, is there.
bool is_connected(const Shard& shard, const Session& session);

// {"id":...}; with its subscriptions, when asked for.
void append_client(std::string& out, const Shard& shard, const Session& session,
                   bool with_subscriptions);

}  // namespace mqtt::broker::http
