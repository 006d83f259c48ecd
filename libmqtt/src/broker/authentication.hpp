// Extended authentication of one connection: SCRAM over CONNECT, AUTH and CONNACK, and again later when the
// client asks for it. Decides what is answered; sending it is the Peer's and the Lobby's.
#pragma once

#include <string>
#include <vector>

#include "broker/scram.hpp"
#include "mqtt/packet.hpp"

namespace mqtt::broker {

class Authentication {
public:
    enum class Step : std::uint8_t {
        challenge,  // reply() goes out by AUTH 0x18
        success,    // reply() goes with CONNACK, or out by AUTH 0x00
        refused,
    };

    // CONNECT is kept until the exchange has succeeded and the client can come in.
    explicit Authentication(const Connect& connect);
    static bool knows(std::string_view method) { return method == ScramServer::kMethod; }

    // CONNECT or AUTH 0x19 with the client's first data; without, it is asked for.
    Step begin(Properties properties, const ScramServer::Find& find);
    // AUTH 0x18.
    Step go_on(Properties properties, const ScramServer::Find& find);

    bool is_under_way() const { return wants_ != Wants::nothing; }
    bool has_succeeded() const { return !user_.empty(); }
    // Who it is, once it has succeeded.
    const std::string& user() const { return user_; }
    // Who it says it is, from its first message on.
    const std::string& claimed_user() const { return exchange_.user(); }
    // Authentication Method and Data.
    const PropertyList& reply() const { return reply_; }

    // Valid as long as this object, or until it is let go.
    const std::vector<std::uint8_t>& connect_packet() const { return connect_packet_; }
    void forget_connect() { connect_packet_ = {}; }

private:
    enum class Wants : std::uint8_t { nothing, first, last };
    Step first(std::string_view data, const ScramServer::Find& find);
    Step refuse();
    void set_reply(std::string_view data);

    std::vector<std::uint8_t> connect_packet_;
    std::string user_;
    ScramServer exchange_;
    PropertyList reply_;
    Wants wants_ = Wants::nothing;
};

}  // namespace mqtt::broker
