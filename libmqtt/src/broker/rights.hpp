// What a session's client may do, by BrokerConfig::authorize. Asked on publishing, subscribing and every
// delivery; one comparison when nothing is configured.
#pragma once

#include "broker/session.hpp"
#include "mqtt/broker.hpp"

namespace mqtt::broker {

inline bool is_allowed(const BrokerConfig& config, const Session& session, Access access,
                       std::string_view topic) {
    if (!config.authorize) return true;
    const Identity* who = session.identity.get();
    if (session.is_bridge && who == nullptr) return true;
    return config.authorize({access, session.client_id(),
                             who ? std::string_view(who->user_name) : std::string_view(), topic,
                             who ? who->listener : 0});
}

}  // namespace mqtt::broker
