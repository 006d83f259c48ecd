// The client's role; see client_protocol.hpp. What may come when is the table in legality.hpp; what
// both roles do is in exchange*.cpp.
#include "core/client_protocol.hpp"

#include <algorithm>

#include "core/decode.hpp"
#include "core/exchange_feed.hpp"
#include "core/keep_alive.hpp"

namespace mqtt::core {
namespace {

constexpr std::string_view kNotConnack = "the first packet is not CONNACK";
constexpr std::string_view kNoPacket = "no control packet";

}  // namespace

void ClientProtocol::connect(const Connect& connect, Session& session, TimePoint now,
                             Duration ping_timeout) {
    reset();
    version_ = connect.version;
    offered_session_ = &session;
    clean_start_ = connect.clean_start;
    if (clean_start_) session.clear();  // [MQTT-3.1.2-4]
    keep_alive_ = connect.keep_alive;
    ping_timeout_ = ping_timeout;
    ping_sent_ = TimePoint::max();
    last_sent_ = last_received_ = now;

    const Properties& own = connect.properties;
    own_receive_maximum_ =
        static_cast<std::uint16_t>(own.number_or(PropertyId::receive_maximum, 65'535));
    own_topic_alias_maximum_ =
        static_cast<std::uint16_t>(own.number_or(PropertyId::topic_alias_maximum, 0));
    own_maximum_packet_size_ = own.number_or(PropertyId::maximum_packet_size, incoming_limit_);
    if (incoming_limit_ != 0) {
        own_maximum_packet_size_ = std::min(own_maximum_packet_size_, incoming_limit_);
    }
    const auto method = own.text(PropertyId::authentication_method);
    has_authentication_method_ = method.has_value();
    method_ = method ? std::make_unique<std::string>(*method) : nullptr;
    encode(*out_, connect);
    count_sent();
}

base::Consumed ClientProtocol::feed(Bytes bytes, TimePoint now, ClientSink& sink) {
    // Something that is not MQTT shall be named as such at its first byte, not when a "packet" of it
    // is complete.
    if (!connected_ && !closing_ && !bytes.empty()) {
        const auto type = static_cast<PacketType>(bytes[0] >> 4);
        if ((type != PacketType::connack && type != PacketType::auth) || (bytes[0] & 0x0F) != 0) {
            const bool is_packet = find_frame(bytes, 0).status == FrameStatus::complete;
            report(Error(Errc::not_mqtt, ReasonCode::protocol_error,
                         is_packet ? kNotConnack : kNoPacket),
                   sink);  // [MQTT-3.2.0-1]
            return {};
        }
    }
    const base::Consumed consumed = feed_frames(*this, bytes, now, sink);
    if (consumed.bytes != 0) last_received_ = now;
    return consumed;
}

void ClientProtocol::receive(const Frame& frame, TimePoint now, ClientSink& sink) {
    const Phase phase = connected_                   ? Phase::connected
                        : has_authentication_method_ ? Phase::authenticating
                                                     : Phase::opening;
    const Verdict verdict = legality(Role::client, phase, frame.type, version_);
    if (verdict != Verdict::legal) {
        return fail(Error(verdict == Verdict::malformed_packet ? Errc::malformed_packet
                                                               : Errc::protocol_error,
                          "a packet that may not come here"),
                    sink);
    }
    switch (frame.type) {
    case PacketType::connack: return receive_connack(frame, now, sink);
    case PacketType::suback:
    case PacketType::unsuback: return receive_request_answer(frame, sink);
    case PacketType::pingresp:
        if (frame.flags != 0 || !frame.body.empty())
            return fail(Error(Errc::malformed_packet), sink);
        ping_sent_ = TimePoint::max();
        return;
    case PacketType::disconnect: return receive_disconnect(frame, sink);
    case PacketType::auth:
        if (!repeats_method(frame)) return fail_method(sink);
        return receive_auth(frame, sink);
    default: return receive_ack(frame, now, sink);
    }
}

void ClientProtocol::receive_connack(const Frame& frame, TimePoint now, ClientSink& sink) {
    const Result<Packet> packet = decode(frame, version_);
    if (!packet) return fail(packet.error(), sink);
    const Connack& connack = std::get<Connack>(*packet);
    if (connack.reason != ReasonCode::success) {
        closing_ = true;  // [MQTT-4.13.2-1]
        return sink.on_connack(connack);
    }
    if (!repeats_method(frame)) return fail_method(sink);
    if (connack.session_present && clean_start_) {  // [MQTT-3.2.2-4]
        return fail(Error(Errc::protocol_error, "session present after a clean start"), sink);
    }
    take_limits(connack);
    Session& session = *offered_session_;
    const bool resumed =
        connack.session_present || (version_ == ProtocolVersion::v3_1 && !clean_start_);
    if (!resumed) {  // [MQTT-3.2.2-5]
        if (!session.outgoing.empty()) sink.on_session_lost(session.outgoing);
        session.clear();
        if (closing_) return;
    }
    connected_ = true;
    resume(session, now);
    sink.on_connack(connack);
}

// What the server says of authentication belongs to the method that CONNECT named, and to none when it
// named none. What cannot be decoded is judged by who decodes it. [MQTT-4.12.0-5]
bool ClientProtocol::repeats_method(const Frame& frame) const {
    const Result<Packet> packet = decode(frame, version_);
    if (!packet) return true;
    const auto* connack = std::get_if<Connack>(&*packet);
    const Properties& told = connack ? connack->properties : std::get<Auth>(*packet).properties;
    const auto method = told.text(PropertyId::authentication_method);
    return method.has_value() == has_authentication_method_ && (!method || *method == *method_);
}

// [MQTT-4.12.1-2]
void ClientProtocol::fail_method(ClientSink& sink) {
    fail(Error(Errc::protocol_error, "an authentication method that was not asked for"), sink);
}

void ClientProtocol::auth(ReasonCode reason, Properties properties) {
    if (!method_ || properties.text(PropertyId::authentication_method)) {
        return Exchange::auth(reason, properties);
    }
    PropertyList list(properties);
    list.add(PropertyId::authentication_method, *method_);
    Exchange::auth(reason, list.view());
}

void ClientProtocol::take_limits(const Connack& connack) {
    const Properties& told = connack.properties;
    peer_.receive_maximum =
        static_cast<std::uint16_t>(told.number_or(PropertyId::receive_maximum, 65'535));
    peer_.topic_alias_maximum =
        static_cast<std::uint16_t>(told.number_or(PropertyId::topic_alias_maximum, 0));
    peer_.maximum_packet_size = told.number_or(PropertyId::maximum_packet_size, 0);
    peer_.maximum_qos = static_cast<QoS>(told.number_or(PropertyId::maximum_qos, 2));
    peer_.retain_available = told.number_or(PropertyId::retain_available, 1) != 0;
    peer_.wildcard_subscription_available =
        told.number_or(PropertyId::wildcard_subscription_available, 1) != 0;
    peer_.subscription_identifiers_available =
        told.number_or(PropertyId::subscription_identifier_available, 1) != 0;
    peer_.shared_subscription_available =
        told.number_or(PropertyId::shared_subscription_available, 1) != 0;
    // [MQTT-3.1.2-21] [MQTT-3.2.2-21]
    keep_alive_ =
        static_cast<std::uint16_t>(told.number_or(PropertyId::server_keep_alive, keep_alive_));
}

PacketId ClientProtocol::subscribe(FilterList filters, Properties properties) {
    return request(InflightState::await_suback, filters.count(), Subscribe{0, properties, filters});
}

PacketId ClientProtocol::unsubscribe(FilterList filters, Properties properties) {
    return request(InflightState::await_unsuback, filters.count(),
                   Unsubscribe{0, properties, filters});
}

// Requests share the packet ids with PUBLISH but take no quota. [MQTT-3.3.4-8] [MQTT-4.9.0-3]
PacketId ClientProtocol::request(InflightState state, std::size_t filters, Packet packet) {
    if (!connected_ || closing_) return 0;
    InflightEntry entry;
    entry.state = state;
    entry.token = filters;  // how many codes the answer must have
    const PacketId id = session_->outgoing.add(std::move(entry));
    if (id == 0) return 0;
    if (auto* subscribe = std::get_if<Subscribe>(&packet)) subscribe->id = id;
    if (auto* unsubscribe = std::get_if<Unsubscribe>(&packet)) unsubscribe->id = id;
    if (stage(packet)) return id;
    session_->outgoing.remove(id);  // [MQTT-3.2.2-15]
    return 0;
}

void ClientProtocol::receive_request_answer(const Frame& frame, ClientSink& sink) {
    const Result<Packet> packet = decode(frame, answer_version(frame.type, version_));
    if (!packet) return fail(packet.error(), sink);
    const bool is_suback = frame.type == PacketType::suback;
    const auto* suback = std::get_if<Suback>(&*packet);
    const auto* unsuback = std::get_if<Unsuback>(&*packet);
    const PacketId id = is_suback ? suback->id : unsuback->id;
    const Bytes codes = is_suback ? suback->codes : unsuback->codes;
    const InflightEntry* entry = session_->outgoing.find(id);
    if (entry == nullptr) return;  // like any acknowledgement of something unknown
    if (entry->state != (is_suback ? InflightState::await_suback : InflightState::await_unsuback)) {
        return fail(Error(Errc::protocol_error, "answer to another kind of request"), sink);
    }
    const bool has_codes = is_suback || version_ == ProtocolVersion::v5;
    if (has_codes && codes.size() != entry->token) {  // [MQTT-3.8.4-6]
        return fail(Error(Errc::protocol_error, "not one code per filter"), sink);
    }
    session_->outgoing.remove(id);
    if (is_suback) {
        sink.on_suback(*suback);
    } else {
        sink.on_unsuback(*unsuback);
    }
}

void ClientProtocol::receive_disconnect(const Frame& frame, ClientSink& sink) {
    const Result<Packet> packet = decode(frame, version_);
    if (!packet) return fail(packet.error(), sink);
    const Disconnect& disconnect = std::get<Disconnect>(*packet);
    if (!is_reason_valid(PacketType::disconnect, Role::server, disconnect.reason)) {
        return fail(Error(Errc::protocol_error, "DISCONNECT reason of a client"), sink);
    }
    if (disconnect.properties.number(PropertyId::session_expiry_interval)) {  // [MQTT-3.14.2-2]
        return fail(Error(Errc::protocol_error, "Session Expiry Interval from a server"), sink);
    }
    closing_ = true;
    sink.on_disconnect(disconnect);
}

TimePoint ClientProtocol::on_time(TimePoint now, ClientSink& sink) {
    if (!connected_ || closing_ || keep_alive_ == 0) return TimePoint::max();
    if (ping_sent_ != TimePoint::max()) {
        // PINGRESP may be behind something long: what counts is that nothing comes at all.
        const TimePoint deadline = std::max(ping_sent_, last_received_) + ping_timeout_;
        if (now < deadline) return deadline;
        report(Error(Errc::keep_alive_timeout, "no answer to PINGREQ"), sink);
        return TimePoint::max();
    }
    const TimePoint due = ping_due(std::min(last_sent_, last_received_), keep_alive_);
    if (now < due) return due;
    stage_short(PacketType::pingreq);
    ping_sent_ = last_sent_ = now;
    return now + ping_timeout_;
}

}  // namespace mqtt::core
