// The server's role; see server_protocol.hpp. Rules at the top of the state file: what may come when
// is the table in legality.hpp; what both roles do is in exchange*.cpp.
#include "core/server_protocol.hpp"

#include "core/decode.hpp"
#include "core/exchange_feed.hpp"
#include "core/keep_alive.hpp"

namespace mqtt::core {

ServerProtocol::ServerProtocol(base::OutBuffer& out, const ServerLimits& limits, TimePoint now)
    : Exchange(out, Role::server)
    , limits_(&limits)
    , last_received_(now) {}

base::Consumed ServerProtocol::feed(Bytes bytes, TimePoint now, ServerSink& sink) {
    // What does not begin with CONNECT is refused at its first byte: its length may never come.
    const bool is_opening = !connected_ && !authenticating_ && !awaiting_answer_ && !closing_;
    if (is_opening && !bytes.empty() && bytes[0] >> 4 != static_cast<int>(PacketType::connect)) {
        const bool is_none = bytes[0] >> 4 == 0;  // [MQTT-3.1.0-1] [MQTT311-3.1.0-1]
        fail(Error(is_none ? Errc::malformed_packet : Errc::protocol_error,
                   "the first packet is not CONNECT"),
             sink);
        return {};
    }
    const base::Consumed consumed = feed_frames(*this, bytes, now, sink);
    if (consumed.bytes != 0) last_received_ = now;
    return consumed;
}

void ServerProtocol::receive(const Frame& frame, TimePoint now, ServerSink& sink) {
    const Phase phase = connected_        ? Phase::connected
                        : authenticating_ ? Phase::authenticating
                                          : Phase::opening;
    const Verdict verdict = legality(Role::server, phase, frame.type, version_);
    if (verdict != Verdict::legal) {  // [MQTT-3.1.0-1] [MQTT-3.1.0-2] [MQTT311-4.8.0-1]
        return fail(Error(verdict == Verdict::malformed_packet ? Errc::malformed_packet
                                                               : Errc::protocol_error,
                          "a packet that may not come here"),
                    sink);
    }
    switch (frame.type) {
    case PacketType::connect: return receive_connect(frame, sink);
    case PacketType::subscribe:
    case PacketType::unsubscribe: return receive_request(frame, sink);
    case PacketType::pingreq:
        if (frame.flags != 0 || !frame.body.empty()) {  // [MQTT-2.1.3-1]
            return fail(Error(Errc::malformed_packet), sink);
        }
        return stage_short(PacketType::pingresp);  // [MQTT-3.12.4-1]
    case PacketType::disconnect: return receive_disconnect(frame, sink);
    case PacketType::auth: return receive_auth(frame, sink);
    default: return receive_ack(frame, now, sink);
    }
}

void ServerProtocol::receive_connect(const Frame& frame, ServerSink& sink) {
    const Result<Packet> packet = decode(frame, ProtocolVersion::v5);
    if (!packet) return reject_connect(frame, packet.error(), sink);  // [MQTT-3.1.4-1]
    const Connect& connect = std::get<Connect>(*packet);
    if (const Status status = check_will(connect); !status) {
        return reject_connect(frame, status.error(), sink);
    }
    take_over(connect);
    awaiting_answer_ = true;
    sink.on_connect(connect);
}

Status ServerProtocol::check_will(const Connect& connect) const {
    if (!connect.will) return {};
    if (connect.will->qos > limits_->announced.maximum_qos) {  // [MQTT-3.2.2-12]
        return Error(Errc::not_supported_by_server, ReasonCode::qos_not_supported,
                     "will QoS above Maximum QoS");
    }
    if (connect.will->retain && !limits_->announced.retain_available) {  // [MQTT-3.2.2-13]
        return Error(Errc::not_supported_by_server, ReasonCode::retain_not_supported,
                     "will RETAIN where it is not available");
    }
    return {};
}

// 5.0 is told the reason. 3.x has a code for two of them and is closed without a word otherwise.
// [MQTT311-3.1.2-2] [MQTT311-3.1.3-8] [MQTT311-3.1.3-9] [MQTT311-3.1.4-1] [MQTT311-3.2.2-6]
void ServerProtocol::reject_connect(const Frame& frame, const Error& error, ServerSink& sink) {
    // A version that we do not know gets the form that every one knows.
    const bool unknown = error.code == Errc::unsupported_protocol_version;
    version_ = unknown ? ProtocolVersion::v3_1_1 : refusal_version(frame);
    const bool has_code = unknown || error.code == Errc::client_identifier_not_valid;
    if (version_ == ProtocolVersion::v5 || has_code) {
        PropertyList properties;
        properties.add(PropertyId::reason_string,
                       error.detail.empty() ? info(error.code).text : error.detail);
        stage(Connack{false, nearest_valid_reason(PacketType::connack, role_, error.reason),
                      properties});
    }
    report(error, sink);
}

void ServerProtocol::take_over(const Connect& connect) {
    version_ = connect.version;
    keep_alive_ = connect.keep_alive;
    const Properties& properties = connect.properties;
    peer_.receive_maximum =
        static_cast<std::uint16_t>(properties.number_or(PropertyId::receive_maximum, 65'535));
    peer_.topic_alias_maximum = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(properties.number_or(PropertyId::topic_alias_maximum, 0),
                                limits_->outgoing_topic_alias_maximum));
    peer_.maximum_packet_size = properties.number_or(PropertyId::maximum_packet_size, 0);
    request_problem_information_ =
        properties.number_or(PropertyId::request_problem_information, 1) != 0;
    session_expiry_is_zero_ = properties.number_or(PropertyId::session_expiry_interval, 0) == 0;
    has_authentication_method_ = properties.text(PropertyId::authentication_method).has_value();
    authenticating_ = has_authentication_method_;

    const PeerLimits& own = limits_->announced;
    own_maximum_qos_ = own.maximum_qos;
    own_retain_available_ = own.retain_available;
    if (version_ == ProtocolVersion::v5) {
        own_receive_maximum_ = own.receive_maximum;
        own_topic_alias_maximum_ = own.topic_alias_maximum;
    }
}

PropertyList ServerProtocol::connack_properties(const Accept& accept) const {
    using enum PropertyId;
    PropertyList list(accept.properties);
    const PeerLimits& own = limits_->announced;
    if (own.receive_maximum != 65'535) list.add(receive_maximum, own.receive_maximum);
    if (own.maximum_qos != QoS::exactly_once) {  // [MQTT-3.2.2-9]
        list.add(maximum_qos, static_cast<std::uint32_t>(own.maximum_qos));
    }
    if (!own.retain_available) list.add(retain_available, 0u);
    if (own.maximum_packet_size != 0) list.add(maximum_packet_size, own.maximum_packet_size);
    if (own.topic_alias_maximum != 0) list.add(topic_alias_maximum, own.topic_alias_maximum);
    if (!own.wildcard_subscription_available) list.add(wildcard_subscription_available, 0u);
    if (!own.subscription_identifiers_available) list.add(subscription_identifier_available, 0u);
    if (!own.shared_subscription_available) list.add(shared_subscription_available, 0u);
    if (accept.keep_alive != keep_alive_) list.add(server_keep_alive, accept.keep_alive);
    return list;
}

void ServerProtocol::accept(Session& session, const Accept& accept, TimePoint now) {
    if (closing_ || connected_ || !awaiting_answer_) return;  // [MQTT-3.2.0-2]
    awaiting_answer_ = authenticating_ = false;
    Connack connack;
    // 3.1 has no such bit: reserved, 0.
    connack.session_present = accept.session_present && version_ != ProtocolVersion::v3_1;
    PropertyList properties;
    if (version_ == ProtocolVersion::v5) {
        properties = connack_properties(accept);
        connack.properties = properties.view();
    }
    if (!stage(connack)) {  // not even that fits into the client's Maximum Packet Size
        closing_ = true;
        return;
    }
    keep_alive_ = accept.keep_alive;
    last_received_ = now;
    connected_ = true;
    if (!accept.session_present) session.clear();
    resume(session, now);
}

void ServerProtocol::refuse(ReasonCode reason, Properties properties) {
    if (closing_ || connected_ || !awaiting_answer_) return;
    awaiting_answer_ = authenticating_ = false;
    if (version_ == ProtocolVersion::v5) {
        reason = nearest_valid_reason(PacketType::connack, role_, reason);  // [MQTT-3.2.2-8]
    }
    stage(Connack{false, reason, properties});
    closing_ = true;  // [MQTT-3.2.2-7]
}

void ServerProtocol::receive_request(const Frame& frame, ServerSink& sink) {
    const Result<Packet> packet = decode(frame, version_);
    if (!packet) return fail(packet.error(), sink);
    if (const auto* unsubscribe = std::get_if<Unsubscribe>(&*packet)) {
        return sink.on_unsubscribe(*unsubscribe);
    }
    const Subscribe& subscribe = std::get<Subscribe>(*packet);
    if (!limits_->announced.subscription_identifiers_available &&
        subscribe.properties.number(PropertyId::subscription_identifier)) {
        return fail(Error(Errc::protocol_error, ReasonCode::subscription_identifiers_not_supported,
                          "Subscription Identifier where they are not available"),
                    sink);
    }
    sink.on_subscribe(subscribe);
}

void ServerProtocol::suback(PacketId id, std::span<const ReasonCode> codes, Properties properties) {
    if (closing_ || !connected_) return;
    // [MQTT-2.2.1-6] [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.1.2-29]
    const Bytes bytes(reinterpret_cast<const std::uint8_t*>(codes.data()), codes.size());
    stage(Suback{id, properties, bytes}, !request_problem_information_);
}

void ServerProtocol::unsuback(PacketId id, std::span<const ReasonCode> codes,
                              Properties properties) {
    if (closing_ || !connected_) return;
    const Bytes bytes(reinterpret_cast<const std::uint8_t*>(codes.data()), codes.size());
    stage(Unsuback{id, properties, bytes}, !request_problem_information_);
}

void ServerProtocol::receive_disconnect(const Frame& frame, ServerSink& sink) {
    const Result<Packet> packet = decode(frame, version_);
    if (!packet) return fail(packet.error(), sink);
    const Disconnect& disconnect = std::get<Disconnect>(*packet);
    if (!is_reason_valid(PacketType::disconnect, Role::client, disconnect.reason)) {
        return fail(Error(Errc::protocol_error, "DISCONNECT reason of a server"), sink);
    }
    if (session_expiry_is_zero_ &&
        disconnect.properties.number_or(PropertyId::session_expiry_interval, 0) != 0) {
        // A session that was to end with the connection cannot be kept at its end. [5.0 3.14.2.2.2]
        return fail(Error(Errc::protocol_error, "Session Expiry Interval was 0 in CONNECT"), sink);
    }
    closing_ = true;
    sink.on_disconnect(disconnect);
}

TimePoint ServerProtocol::on_time(TimePoint now, ServerSink& sink) {
    if (!connected_ || closing_) return TimePoint::max();
    const TimePoint deadline = keep_alive_deadline(last_received_, keep_alive_);
    if (now < deadline) return deadline;
    fail(Error(Errc::keep_alive_timeout, ReasonCode::keep_alive_timeout), sink);
    return TimePoint::max();
}

}  // namespace mqtt::core
