// Where connections arrive: counts and limits them, waits for CONNECT, asks who it is, finds the
// home of the client id, takes over from an old connection, and answers. One per shard; the
// listeners of the broker hand everything to shard 0's.
#pragma once

#include <atomic>
#include <optional>
#include <unordered_map>

#include "broker/peer.hpp"
#include "net/listener.hpp"

namespace mqtt::broker {

struct Visitor;

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
    void connect(Peer& peer, const Connect& given);
    // AUTH arrived on `peer`, whose CONNECT has named a method.
    void authenticate(Peer& peer, const Auth& auth);
    // AUTH 0x19 and what follows it, from a client that is in.
    void authenticate_again(Peer& peer, const Auth& auth);
    // It is closing, or has waited long enough. Whether its password is still to be checked.
    bool forget(const Peer& peer) { return !waiting_.empty() && waiting_.erase(&peer) != 0; }
    // A refusal that was held back has been sent, or nobody is there any more to get it.
    void let_go() { --held_; }

private:
    bool learn_address(Peer& peer);
    ReasonCode refusal(const Visitor& visitor, std::string_view client_id) const;
    std::optional<ReasonCode> login(Peer& peer, const Visitor& visitor, std::string_view client_id);
    void refuse_login(Peer& peer, ReasonCode reason, std::string_view client_id,
                      std::string_view user_name);
    std::optional<ReasonCode> begin_authentication(Peer& peer, const Visitor& visitor);
    ScramServer::Find credentials_for(const Peer& peer) const;
    ReasonCode check_will(const Peer& peer, const Connect& connect,
                          std::string_view client_id) const;
    void enter(Peer& peer, const Connect& connect, std::string_view client_id,
               PropertyList& answer);
    Session& session_for(const Connect& connect, std::string_view client_id, bool& present);
    void set_expiry(Session& session, const Connect& connect, PropertyList& answer) const;
    void tell_response_information(const Connect& connect, std::string_view client_id,
                                   PropertyList& answer) const;
    std::string assign_client_id(const Peer& peer);

    Shard& shard_;
    // Whose password is being checked, and the number of the request: a verdict that comes too late
    // finds another number, or nobody.
    std::unordered_map<const Peer*, std::uint64_t> waiting_;
    std::uint64_t next_login_ = 1;
    std::size_t held_ = 0;  // refusals that are held back
};

}  // namespace mqtt::broker
