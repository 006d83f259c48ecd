// What both roles do outside of PUBLISH and its acknowledgements: life of the connection, errors,
// DISCONNECT, AUTH, sizes. PUBLISH is in exchange_send.cpp and exchange_receive.cpp.
#include "core/exchange.hpp"

#include "core/decode.hpp"
#include "core/topic_alias.hpp"

namespace mqtt::core {

namespace {

Properties* properties_of(Packet& packet) {
    return std::visit(
        [](auto& p) -> Properties* {
            if constexpr (requires { p.properties; }) {
                return &p.properties;
            } else {
                return nullptr;
            }
        },
        packet);
}

void add_property(PropertyList& list, const PropertyView& property) {
    switch (property.info->type) {
    case PropertyType::utf8_string:
    case PropertyType::binary: list.add(property.info->id, property.text); break;
    case PropertyType::utf8_pair: list.add_user(property.name, property.text); break;
    default: list.add(property.info->id, property.number); break;
    }
}

PropertyList without_problem_information(Properties properties) {
    PropertyList kept;
    for (const PropertyView& property : properties) {
        const PropertyId id = property.info->id;
        if (id != PropertyId::reason_string && id != PropertyId::user_property) {
            add_property(kept, property);
        }
    }
    return kept;
}

std::string_view text_of(const Error& error) {
    return error.detail.empty() ? info(error.code).text : error.detail;
}

std::size_t encoded_size(ProtocolVersion version, const Packet& packet) {
    base::OutBuffer trial;
    encode(trial, version, packet);
    return trial.size_bytes();
}

}  // namespace

Exchange::Exchange(base::OutBuffer& out, Role role) : out_(&out), role_(role) {}

Exchange::~Exchange() = default;

void Exchange::reset() {
    session_ = nullptr;
    peer_ = PeerLimits{};
    aliases_.reset();  // [MQTT-3.3.2-7]
    if (acks_) acks_->clear();
    pubacks_waiting_ = 0;
    inbox_at_start_ = 0;
    send_in_use_ = 0;
    resend_pending_ = 0;
    own_receive_maximum_ = 65'535;
    own_topic_alias_maximum_ = 0;
    own_maximum_qos_ = QoS::exactly_once;
    own_retain_available_ = true;
    has_authentication_method_ = false;
    request_problem_information_ = true;
    quota_was_exhausted_ = false;
    closing_ = connected_ = authenticating_ = paused_ = false;
}

bool Exchange::stage(Packet packet, bool strip_problem_information) {
    Properties* properties = properties_of(packet);
    PropertyList kept;
    if (strip_problem_information && properties != nullptr && !properties->empty()) {
        kept = without_problem_information(*properties);
        *properties = kept.view();
    }
    const std::size_t limit = peer_.maximum_packet_size;
    if (limit != 0 && encoded_size(version_, packet) > limit) {
        if (properties == nullptr || properties->empty()) return false;
        kept = without_problem_information(*properties);
        *properties = kept.view();
        if (encoded_size(version_, packet) > limit) return false;
    }
    encode(*out_, version_, packet);
    count_sent();
    return true;
}

void Exchange::stage_short(PacketType type) {
    std::uint8_t* at = out_->grow(2);
    at[0] = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4);
    at[1] = 0;
    count_sent();
}

void Exchange::disconnect(ReasonCode reason, Properties properties) {
    if (closing_) return;
    closing_ = true;  // nothing more is said [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT311-3.14.4-1]
    if (role_ == Role::server && !connected_) return;  // [MQTT-3.14.0-1]
    if (version_ == ProtocolVersion::v5) {
        stage(Disconnect{nearest_valid_reason(PacketType::disconnect, role_, reason), properties});
    } else if (role_ == Role::client && reason == ReasonCode::success) {
        stage_short(PacketType::disconnect);
    }
}

void Exchange::auth(ReasonCode reason, Properties properties) {
    if (closing_ || !has_authentication_method_) return;  // [MQTT-4.12.0-6] [MQTT-4.12.0-7]
    stage(Auth{reason, properties}, !request_problem_information_);
}

void Exchange::fail(const Error& error, ExchangeSink& sink) {
    if (closing_) return;
    PropertyList properties;
    if (role_ == Role::server) properties.add(PropertyId::reason_string, text_of(error));
    if (authenticating_) {  // [MQTT-3.14.0-1]
        stage(Connack{false, nearest_valid_reason(PacketType::connack, role_, error.reason),
                      properties});
    }
    disconnect(error.reason, properties);  // [MQTT-4.13.1-1]
    sink.on_protocol_error(error);
}

void Exchange::report(const Error& error, ExchangeSink& sink) {
    if (closing_) return;
    closing_ = true;
    sink.on_protocol_error(error);
}

void Exchange::receive_auth(const Frame& frame, ExchangeSink& sink) {
    const Result<Packet> packet = decode(frame, version_);
    if (!packet) return fail(packet.error(), sink);
    const Auth& auth = std::get<Auth>(*packet);
    const Role sender = role_ == Role::server ? Role::client : Role::server;
    if (!is_reason_valid(PacketType::auth, sender, auth.reason)) {  // [MQTT-3.15.2-1]
        return fail(Error(Errc::protocol_error, "AUTH with a reason code of the other side"), sink);
    }
    if (!has_authentication_method_) {  // [MQTT-4.12.0-6] [MQTT-4.12.0-7]
        return fail(Error(Errc::protocol_error, "AUTH without authentication method"), sink);
    }
    sink.on_auth(auth);
}

void Exchange::finish_batch(std::uint64_t packets, ExchangeSink& sink) {
    if (counters_ != nullptr) counters_->packets_received += packets;
    if (closing_) return;
    if (quota_was_exhausted_ && has_send_quota()) {
        quota_was_exhausted_ = false;
        sink.on_send_quota();
    }
}

}  // namespace mqtt::core
