// Names and their rules.
#include "broker/visitor.hpp"

#include <algorithm>

#include "broker/mount.hpp"

namespace mqtt::broker {

Visitor::Visitor(const BrokerConfig& config, Peer& peer, const Connect& given) : connect(given) {
    const ListenerConfig& listener = config.listeners[peer.listener()];
    take_names(listener, peer);
    if (connect.will && !listener.mount_point.empty()) {
        will_topic_ = mounted_topic(listener.mount_point, connect.will->topic);
        connect.will->topic = will_topic_;
    }
    refusal = check(config, listener);
}

void Visitor::take_names(const ListenerConfig& listener, const Peer& peer) {
    if (listener.user_name_source != UserNameSource::packet) {
        net::PeerIdentity identity;
        peer.identify(identity);
        proved_name_ = listener.user_name_source == UserNameSource::common_name
                           ? std::move(identity.common_name)
                           : std::move(identity.subject);
        is_identified = !proved_name_.empty();
        connect.user_name.reset();
        if (is_identified) connect.user_name = proved_name_;
    }
    if (listener.user_name_is_client_id) connect.client_id = user_name();
}

ReasonCode Visitor::check(const BrokerConfig& config, const ListenerConfig& listener) const {
    const auto& versions = listener.versions;
    if (!versions.empty() &&
        std::find(versions.begin(), versions.end(), connect.version) == versions.end()) {
        return ReasonCode::unsupported_protocol_version;
    }
    if (listener.user_name_source != UserNameSource::packet && !is_identified) {
        return ReasonCode::bad_user_name_or_password;
    }
    if (listener.user_name_is_client_id && connect.client_id.empty()) {
        return ReasonCode::not_authorized;
    }
    if (!config.client_id_prefix.empty() &&
        !connect.client_id.starts_with(config.client_id_prefix)) {
        return ReasonCode::not_authorized;
    }
    if (!listener.empty_client_id_allowed.value_or(config.empty_client_id_allowed) &&
        connect.client_id.empty() && !has_properties(connect.version)) {
        return ReasonCode::client_identifier_not_valid;
    }
    return ReasonCode::success;
}

}  // namespace mqtt::broker
