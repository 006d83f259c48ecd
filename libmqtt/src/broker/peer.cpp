// A connection's events and commands. Whatever ends it goes through detach (the session's part, at
// once) and close (the network's part, after what is being parsed).
#include "broker/peer.hpp"

#include <algorithm>

#include "broker/bridge/window.hpp"
#include "broker/packet_log.hpp"
#include "broker/reason_text.hpp"
#include "broker/shard.hpp"
#include "broker/subscribe.hpp"
#include "net/peer_guess.hpp"

namespace mqtt::broker {

using core::AckDecision;

Peer::Peer(Shard& shard, std::unique_ptr<net::ByteStream> stream, Origin origin)
    : shard_(&shard)
    , listener_(origin.seat.listener)
    , driver_(shard.loop(), std::move(stream), *this)
    , protocol_(driver_.out(), shard.settings().limits[origin.seat.listener], shard.now()) {
    extra().address = std::move(origin.address);
    extra().login = origin.login;
    is_mounted_ = !mount_point().empty();
    protocol_.count_in(&shard.counters.exchange);
    protocol_.limit_send_window(shard.config().maximum_inflight);
    const double publish_rate = shard.config().maximum_publish_rate;
    if (origin.seat.address != nullptr || publish_rate > 0) {
        extra().restraint = std::make_unique<Restraint>(*this, origin.seat.address, publish_rate);
    }
    shard.loop().set_timer(*this, origin.deadline);
}

Peer::~Peer() = default;

std::string_view Peer::mount_point() const {
    return shard_->config().listeners[listener_].mount_point;
}

void Peer::start(Bytes already_read) {
    driver_.start(already_read);
}

const core::PeerLimits& Peer::announced() const {
    return shard_->settings().limits[listener_].announced;
}

Admission::Seat Peer::seat() const {
    return {listener_, extra_ && extra_->restraint ? extra_->restraint->address : nullptr};
}

void Peer::set_address(std::string address, const Admission::Seat& seat) {
    extra().address = std::move(address);
    if (seat.address == nullptr) return;
    extra().restraint =
        std::make_unique<Restraint>(*this, seat.address, shard_->config().maximum_publish_rate);
}

void Peer::set_authentication(std::unique_ptr<Authentication> authentication) {
    extra().authentication = std::move(authentication);
}

// Waiting.

bool Peer::must_wait() {
    if (extra_ && extra_->restraint && extra_->restraint->is_waiting) {
        driver_.pause_reading();
        return true;
    }
    if (!shard_->mail.is_full()) return false;
    waits_for_mail_ = true;
    driver_.pause_reading();
    shard_->mail.resume_later(*this);
    return true;
}

void Peer::resume_reading() {
    waits_for_mail_ = false;
    driver_.resume_reading();
}

void Restraint::on_timer(TimePoint) {
    is_waiting = false;
    peer_.resume_reading();
}

void Peer::end_overflowed() {
    if (is_leaving_) return;
    shard_->hit(Limit::queue_disconnects, client_id());
    disconnect(ReasonCode::quota_exceeded, "queue full");
}

// The life of a connection.

void Peer::become_client(Session& session, const Connect& connect,
                         const core::ServerProtocol::Accept& accept) {
    const TimePoint now = shard_->now();
    is_bridge_ = connect.bridge;
    shard_->log.new_client(address(), session.client_id(), connect, accept.keep_alive);
    if (shard_->log.packets_of(session.client_id())) {
        shard_->log.connack(session.client_id(), accept.session_present, ReasonCode::success);
    }
    session_ = &session;
    session.peer = this;
    shard_->subscriptions.presence_changed(session);
    shard_->client_arrived();
    if (shard_->config().authorize) {
        session.identity = std::make_unique<Identity>();
        session.identity->user_name = connect.user_name.value_or(std::string_view());
        session.identity->listener = listener();
        shard_->subscriptions.identity_changed(session);
    }
    extra_->address = {};
    trim_extra();
    if (const std::size_t most = shard_->config().maximum_inflight_bytes; most != 0) {
        extra().byte_window = std::make_unique<ByteWindow>(most, session.exchange.outgoing);
    }
    shard_->journal.session_changed(session);
    if (session.is_stored) shard_->journal.gate(*this);
    if (is_bridge_) {
        protocol_.limit_send_window(
            bridge_window(connect.version, shard_->config().maximum_inflight));
    }
    protocol_.accept(session.exchange, accept, now);
    if (protocol_.is_closing()) return detach(true, "CONNACK is too large for the client");
    shard_->loop().set_timer(*this, protocol_.on_time(now, *this));
    pump();
}

void Peer::refuse(ReasonCode reason, std::string_view client_id) {
    shard_->log.client_refused(client_id, address(), reason);
    ++shard_->counters.connections_refused;
    PropertyList properties;
    if (const auto text = connect_refusal_text(reason); !text.empty()) {
        properties.add(PropertyId::reason_string, text);
    }
    protocol_.refuse(reason, properties);
    is_leaving_ = true;
}

void Peer::refuse_later(ReasonCode reason, std::string_view client_id, Duration delay) {
    extra().late_refusal =
        std::make_unique<LateRefusal>(LateRefusal{reason, std::string(client_id)});
    protocol_.pause();
    driver_.pause_reading();
    shard_->loop().set_timer(*this, shard_->now() + delay);
}

void Peer::refuse_at_last() {
    const std::unique_ptr<LateRefusal> late = std::move(extra_->late_refusal);
    shard_->lobby.let_go();
    refuse(late->reason, late->client_id);
    driver_.mark_dirty();
    close();
}

void Peer::disconnect(ReasonCode reason, std::string_view why) {
    if (is_leaving_) return;
    PropertyList properties;
    properties.add(PropertyId::reason_string, why);
    protocol_.disconnect(reason, properties);
    detach(true, why);
    close();
}

void Peer::abort(std::string_view why) {
    detach(true, why);
    driver_.abort();
    shard_->peers.drop(*this);
}

void Peer::detach(bool with_will, std::string_view why) {
    if (is_leaving_) return;
    is_leaving_ = true;
    if (extra_) extra_->replays.reset();
    shard_->interest.forget(*this);
    if (waits_for_mail_) shard_->mail.forget(*this);
    shard_->lobby.forget(*this);
    if (extra_ && std::exchange(extra_->late_refusal, nullptr)) shard_->lobby.let_go();
    if (session_ == nullptr) return shard_->log.stranger_gone(address(), why);
    shard_->log.client_gone(session_->client_id(), why);
    shard_->client_left();
    Session& session = *session_;
    session_ = nullptr;
    shard_->sessions.went_away(session, with_will);
}

void Peer::close() {
    shard_->loop().set_timer(*this, TimePoint::max());
    if (driver_.is_open()) driver_.close_gracefully(shard_->config().drain_timeout);
}

void Peer::move_to(unsigned shard) {
    moving_to_ = static_cast<std::uint8_t>(shard + 1);
    driver_.pause_reading();
    shard_->peers.pump_later(*this);
}

void Peer::wait_for_login() {
    moving_to_ = static_cast<std::uint8_t>(shard_->index() + 1);
    driver_.pause_reading();
}

void Peer::logged_in(ReasonCode verdict) {
    extra().login = verdict;
    shard_->peers.pump_later(*this);
}

Peer::Luggage Peer::leave_for(unsigned& shard) {
    shard = moving_to_ - 1u;
    net::Driver::Parts parts = driver_.release();
    Luggage luggage;
    luggage.stream = std::move(parts.stream);
    luggage.unread = std::move(parts.unread);
    luggage.origin.address = std::move(extra().address);
    luggage.origin.login = extra().login;
    luggage.origin.seat = seat();
    luggage.origin.deadline = shard_->now() + shard_->config().connect_timeout;
    is_leaving_ = true;
    return luggage;
}

// What the protocol tells.

void Peer::on_connect(const Connect& connect) {
    shard_->lobby.connect(*this, connect);
}

void Peer::on_subscribe(const Subscribe& packet) {
    subscribe(*shard_, *this, packet);
}

void Peer::on_unsubscribe(const Unsubscribe& packet) {
    unsubscribe(*shard_, *this, packet);
}

void Peer::on_disconnect(const Disconnect& packet) {
    if (shard_->log.packets_of(client_id())) {
        shard_->log.packet(false, client_id(), PacketType::disconnect, 0, packet.reason);
    }
    const auto expiry = packet.properties.number(PropertyId::session_expiry_interval);
    if (expiry && session_ != nullptr) {  // null: authentication has not ended
        session_->expiry_interval = std::min(*expiry, shard_->config().maximum_session_expiry);
    }
    // [MQTT-3.14.4-3]
    detach(packet.reason == ReasonCode::disconnect_with_will_message, {});
}

void Peer::on_send_quota() {
    pump();
}

void Peer::on_auth(const Auth& auth) {
    if (session_ == nullptr)
        shard_->lobby.authenticate(*this, auth);
    else
        shard_->lobby.authenticate_again(*this, auth);
}

void Peer::on_protocol_error(const Error& error) {
    if (session_ == nullptr && error.code == Errc::packet_too_large) {
        shard_->hit(Limit::connect_size, address());
    }
    detach(true, error.detail.empty() ? info(error.code).text : error.detail);
}

// What the driver tells.

// Why a connection that does not begin with CONNECT ends, with what can be guessed from its first bytes.
static std::string_view no_connect(Bytes bytes) {
    if (net::looks_like_http(bytes)) {
        return "it speaks HTTP, and this listener only MQTT (protocol websockets, or any for both; "
               "http_api or --console for the console)";
    }
    if (net::looks_like_tls_record(bytes)) {
        return "it speaks TLS, and this listener does not (certfile and keyfile are missing)";
    }
    if (as_text(bytes).starts_with("PROXY ")) {
        return "a PROXY header from a peer that is not trusted as a proxy";
    }
    return "its first packet is not CONNECT";
}

base::Consumed Peer::on_bytes(Bytes bytes) {
    if (must_wait()) return {};
    // At once: its length, if it is no MQTT, may never come [MQTT-3.1.0-1].
    if (session_ == nullptr && parsed_bytes_ == 0 && !bytes.empty() &&
        (bytes[0] >> 4 != 1 || net::looks_like_tls_record(bytes))) {
        detach(true, no_connect(bytes));
        close();
        return {bytes.size()};
    }
    shard_->memory.watch();
    const bool packets = shard_->log.packets_of(client_id());
    const std::string_view id = packets ? client_id() : std::string_view();
    const std::string name(id);
    const std::size_t staged_before = driver_.backlog_bytes();
    const base::Consumed consumed = protocol_.feed(bytes, shard_->now(), *this);
    if (moving_to_ != 0) return {};
    parsed_bytes_ += static_cast<std::uint32_t>(consumed.bytes);
    if (packets && !name.empty()) {
        log_received_acks(shard_->log, name, bytes.first(consumed.bytes), version());
        log_staged_acks(shard_->log, name, driver_.out(), staged_before, version());
    }
    if (!driver_.out().empty()) driver_.mark_dirty();
    if (protocol_.is_closing()) close();
    // What it has left unparsed for want of room, no readiness will announce.
    else if (consumed.bytes < bytes.size())
        must_wait();
    return consumed;
}

void Peer::on_closed(std::error_code error) {
    detach(true, error ? error.message() : std::string("connection closed by client"));
    shard_->peers.drop(*this);
}

void Peer::on_writable() {
    pump();
}

void Peer::on_stranger_timer() {
    if (extra_->late_refusal) return refuse_at_last();
    if (shard_->lobby.forget(*this)) {  // its password has not been looked at
        shard_->hit(Limit::waiting_logins, address());
        return logged_in(ReasonCode::server_busy);
    }
    shard_->hit(Limit::connect_timeout, address());
    abort("no CONNECT in time");
}

void Peer::on_timer(TimePoint now) {
    if (session_ == nullptr) return on_stranger_timer();
    // A packet that is half there, and growing, is a sign of life.
    const auto received = static_cast<std::uint32_t>(driver_.bytes_received());
    const bool is_growing = received != parsed_bytes_ && received != seen_bytes_;
    seen_bytes_ = received;
    if (is_growing || driver_.is_paused()) protocol_.on_received(now);
    const TimePoint next = protocol_.on_time(now, *this);  // [MQTT-3.1.2-22]
    if (protocol_.is_closing()) return close();
    shard_->loop().set_timer(*this, next);
}

}  // namespace mqtt::broker
