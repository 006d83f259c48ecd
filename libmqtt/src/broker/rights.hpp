// What a session's client may do, by BrokerConfig::authorize. Asked on publishing, subscribing and every
// delivery; one comparison when nothing is configured.
#pragma once

#include "broker/session.hpp"
#include "mqtt/broker.hpp"

namespace mqtt::broker {

inline bool is_allowed(const BrokerConfig& config, std::string_view client_id, const Identity* who,
                       Access access, std::string_view topic) {
    if (!config.authorize) return true;
    return config.authorize({access, client_id,
                             who ? std::string_view(who->user_name) : std::string_view(), topic,
                             who ? who->listener : 0});
}

inline bool is_allowed(const BrokerConfig& config, const Session& session, Access access,
                       std::string_view topic) {
    if (session.is_bridge && session.identity == nullptr) return true;
    return is_allowed(config, session.client_id(), session.identity.get(), access, topic);
}

}  // namespace mqtt::broker
