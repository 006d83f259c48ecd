// SUBSCRIBE and UNSUBSCRIBE, filter by filter.
#include "broker/subscribe.hpp"

#include <vector>

#include "broker/mount.hpp"
#include "broker/peer.hpp"
#include "broker/reason_text.hpp"
#include "broker/rights.hpp"
#include "broker/shard.hpp"
#include "mqtt/topic.hpp"

namespace mqtt::broker {
namespace {

// The filter as the broker has it; `scratch` holds the bytes when they differ.
std::string_view below_mount(const Peer& peer, std::string_view filter, std::string& scratch) {
    if (peer.mount_point().empty()) return filter;
    scratch = mounted_filter(peer.mount_point(), filter);
    return scratch;
}

// The reason of a refusal, or success.
ReasonCode refusal(Shard& shard, const Peer& peer, std::string_view filter) {
    const core::PeerLimits& limits = peer.announced();
    const auto shared = parse_shared_filter(filter);
    if (shared && !limits.shared_subscription_available) {
        return ReasonCode::shared_subscriptions_not_supported;
    }
    if (!limits.wildcard_subscription_available && has_wildcard(filter)) {  // [MQTT311-3.8.3-2]
        return ReasonCode::wildcard_subscriptions_not_supported;
    }
    if (!is_allowed(shard.config(), *peer.session(), Access::subscribe, filter))
        return ReasonCode::not_authorized;
    if (filter.size() > 65'535) return ReasonCode::topic_filter_invalid;  // below a mount point
    if (topic_levels(filter) > shard.config().maximum_topic_levels) {
        shard.hit(Limit::topic_levels, peer.client_id());
        return ReasonCode::topic_filter_invalid;
    }
    const std::size_t most = shard.config().maximum_subscriptions;
    if (most != 0 && peer.session()->subscription_count >= most) {
        shard.hit(Limit::subscriptions, peer.client_id());
        return ReasonCode::quota_exceeded;
    }
    if (shard.memory.is_short()) {
        shard.hit(Limit::memory_soft, peer.client_id());
        return ReasonCode::quota_exceeded;
    }
    if (shard.journal.is_failing() && peer.session()->is_stored) {
        shard.hit(Limit::store_failing, peer.client_id());
        return ReasonCode::quota_exceeded;
    }
    return ReasonCode::success;
}

bool wants_retained(const SubscriptionOptions& options, bool is_new) {
    switch (options.retain_handling) {
    case RetainHandling::always: return true;    // [MQTT-3.3.1-9]
    case RetainHandling::if_new: return is_new;  // [MQTT-3.3.1-10]
    case RetainHandling::never: return false;    // [MQTT-3.3.1-11]
    }
    return false;
}

}  // namespace

void subscribe(Shard& shard, Peer& peer, const Subscribe& packet) {
    const std::uint32_t id = packet.properties.number_or(PropertyId::subscription_identifier, 0);
    Session& session = *peer.session();
    const bool packets = shard.log.packets_of(session.client_id());
    const bool filters = shard.log.subscriptions_of(session.client_id());
    if (packets) shard.log.packet(false, session.client_id(), PacketType::subscribe, 0, {});
    SubscribeAnswer answer{PacketType::suback, packet.id, {}, {}, {}};
    std::string mounted;
    for (const SubscriptionRequest& request : packet.filters) {
        const std::string_view filter = below_mount(peer, request.filter, mounted);
        SubscriptionOptions options = request.options;
        options.qos = lower(options.qos, peer.announced().maximum_qos);
        if (peer.is_bridge() && !has_properties(peer.version())) {
            options.retain_as_published = options.no_local = true;  // which 3.x cannot ask for
        }
        ReasonCode code = refusal(shard, peer, filter);
        if (!is_error(code)) {
            code = static_cast<ReasonCode>(options.qos);  // [MQTT-3.8.4-7]
            // [MQTT-3.8.4-3] [MQTT-3.8.4-4] [MQTT311-3.8.4-3]
            const bool is_new = shard.subscriptions.add(session, filter, options, id);
            shard.journal.subscribed(session, filter, options, id);
            // [MQTT311-3.3.1-6] No retained messages for shared ones [5.0 section 4.8.2].
            if (!parse_shared_filter(filter) && wants_retained(options, is_new)) {
                answer.replays.push_back({std::string(filter), options, id});
            }
        }
        answer.codes.push_back(code);  // [MQTT311-3.8.4-5]
        if (is_error(code) && answer.text.empty()) {
            if (request.filter.size() <= 200) answer.text.append(request.filter).append(": ");
            answer.text.append(subscribe_refusal_text(code));
        }
        if (filters) {
            shard.log.received_filter(session.client_id(), PacketType::subscribe, filter,
                                      options.qos, !is_error(code));
        }
    }
    if (session.is_stored) shard.journal.gate(peer);
    shard.interest.answer(peer, std::move(answer));
}

void unsubscribe(Shard& shard, Peer& peer, const Unsubscribe& packet) {
    Session& session = *peer.session();
    const bool packets = shard.log.packets_of(session.client_id());
    const bool filters = shard.log.subscriptions_of(session.client_id());
    if (packets) shard.log.packet(false, session.client_id(), PacketType::unsubscribe, 0, {});
    SubscribeAnswer answer{PacketType::unsuback, packet.id, {}, {}, {}};
    std::string mounted;
    for (const SubscriptionRequest& request : packet.filters) {
        const std::string_view filter = below_mount(peer, request.filter, mounted);
        // [MQTT311-3.10.4-1] [MQTT311-3.10.4-2]; what is in flight or queued stays [MQTT311-3.10.4-3].
        const bool existed = shard.subscriptions.remove(session, filter);
        if (existed) shard.journal.unsubscribed(session, filter);
        // [MQTT-3.10.4-1] [MQTT-3.11.3-1] [MQTT311-3.10.4-5]
        answer.codes.push_back(existed ? ReasonCode::success : ReasonCode::no_subscription_existed);
        if (filters) {
            shard.log.received_filter(session.client_id(), PacketType::unsubscribe, filter,
                                      QoS::at_most_once, existed);
        }
    }
    if (session.is_stored) shard.journal.gate(peer);
    shard.interest.answer(peer, std::move(answer));
}

}  // namespace mqtt::broker
