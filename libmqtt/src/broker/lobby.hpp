// Where connections arrive: counts and limits them, waits for CONNECT, asks who it is, finds the
// home of the client id, takes over from an old connection, and answers. One per shard; the
// listeners of the broker hand everything to shard 0's.
#pragma once

#include <atomic>
#include <vector>

#include "broker/peer.hpp"
#include "net/listener.hpp"

namespace mqtt::broker {

class Lobby {
public:
    explicit Lobby(Shard& shard) : shard_(shard) {}

    // A new connection of some listener.
    void admit(net::Accepted accepted);
    // Accepting at some listener waits for descriptors, or for its rate.
    void accepting_waits(std::size_t listener, net::Listener::Wait why);
    // A connection from another shard's lobby, its CONNECT unread.
    void receive(Peer::Luggage luggage);
    // `connect` arrived on `peer`.
    void connect(Peer& peer, const Connect& connect);

private:
    ReasonCode refusal(const Peer& peer, const Connect& connect, std::string_view client_id) const;
    Session& session_for(const Connect& connect, std::string_view client_id, bool& present);
    void set_expiry(Session& session, const Connect& connect, PropertyList& answer) const;
    std::string assign_client_id();

    Shard& shard_;
};

}  // namespace mqtt::broker
