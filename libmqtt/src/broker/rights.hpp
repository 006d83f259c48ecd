// What a session's client may do, by BrokerConfig::authorize. Asked on publishing, subscribing and every
// delivery; one comparison when nothing is configured.
#pragma once

#include "broker/session.hpp"
#include "broker/sources.hpp"
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

// Whether who published a retained message may still do so. One whose source is not known is allowed.
inline bool is_source_allowed(const BrokerConfig& config, const Sources& sources,
                              const core::Message& retained) {
    if (retained.source() == 0 || !config.check_retain_source || !config.authorize) return true;
    const Source source = sources.at(retained.source());
    return config.authorize(
        {Access::publish, source.client_id, source.user_name, retained.topic(), source.listener});
}

}  // namespace mqtt::broker
