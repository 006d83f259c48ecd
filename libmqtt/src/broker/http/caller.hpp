// Who asks over HTTP: the same users, passwords and access lists as MQTT's, through BrokerConfig's
// authenticate and authorize. Used by http/.
//
// What an application may do with topics, a request may: reading asks for the rights to subscribe and to
// be delivered, publishing for that to publish. What is about the broker itself is asked for as a topic,
// too: its figures, clients and configuration are read as $SYS/broker/..., and a client is disconnected
// by who may publish to $CONTROL/broker/clients/ID.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/mount.hpp"
#include "mqtt/broker.hpp"
#include "net/byte_stream.hpp"

namespace mqtt::broker::http {

struct Caller {
    std::string client_id;  // of its MQTT session, if it comes to one
    std::string user_name;
    bool has_name = false;
    std::size_t listener = 0;
    net::PeerIdentity identity;  // what its handshake proved
};

// "Basic ..." of an Authorization header; nothing: something else or broken.
struct Credentials {
    std::string user_name;
    std::string password;
};
std::optional<Credentials> parse_basic(std::string_view authorization);

inline bool may(const BrokerConfig& config, const Caller& caller, Access access,
                std::string_view topic) {
    return !config.authorize ||
           config.authorize({access, caller.client_id, caller.user_name, topic, caller.listener});
}

inline bool may_read(const BrokerConfig& config, const Caller& caller, std::string_view topic) {
    return may(config, caller, Access::subscribe, topic) &&
           may(config, caller, Access::deliver, topic);
}

// Only programs of this machine reach the listener.
bool is_local(const ListenerConfig& listener);

}  // namespace mqtt::broker::http
