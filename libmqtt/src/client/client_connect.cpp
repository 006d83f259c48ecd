// Client: attempts, what is done about the end of a connection, disconnecting.
#include <algorithm>
#include <array>

#include "client/client_impl.hpp"
#include "client/random.hpp"
#include "core/describe.hpp"
#include "core/session.hpp"
#include "core/version_refusal.hpp"

namespace mqtt {

using client::Done;

namespace {

constexpr std::size_t kMadeClientIdLength = 23;  // what every 3.x server must take

// A server that accepts and drops at once has failed, too: delays and the count of retries begin anew only after
// a connection that lasted so long, or on which a message came or was acknowledged.
constexpr Duration kSteady = std::chrono::seconds(5);

// Refusals that trying again with the same CONNECT cannot cure.
constexpr auto kFinalRefusals = std::to_array<ReasonCode>({
    ReasonCode::malformed_packet,
    ReasonCode::protocol_error,
    ReasonCode::unsupported_protocol_version,
    ReasonCode::client_identifier_not_valid,
    ReasonCode::bad_user_name_or_password,
    ReasonCode::not_authorized,
    ReasonCode::banned,
    ReasonCode::bad_authentication_method,
    ReasonCode::topic_name_invalid,
    ReasonCode::packet_too_large,
    ReasonCode::payload_format_invalid,
    ReasonCode::retain_not_supported,
    ReasonCode::qos_not_supported,
    ReasonCode::use_another_server,
    ReasonCode::server_moved,
});

bool is_final(ReasonCode reason) {
    return std::find(kFinalRefusals.begin(), kFinalRefusals.end(), reason) != kFinalRefusals.end();
}

// A sentence for those that come without one.
std::string sentence(const Error& error) {
    std::string text(info(error.code).text);
    if (!error.detail.empty()) text.append(": ").append(error.detail);
    return text;
}

}  // namespace

Client::Impl::Impl(ConnectionLoop& loop, ClientOptions options)
    : options_(std::move(options))
    , loop_(loop)
    , connection_(loop, *this)
    , backoff_(options_.reconnect)
    , retry_timer_(loop.context())
    , self_(std::make_shared<Impl*>(this))
    , publish_timer_(*this, &Impl::on_publish_timer)
    , request_timer_(*this, &Impl::on_request_timer)
    , response_timer_(*this, &Impl::on_response_timer) {
    if (!options_.packet_sink && options_.log && options_.log_packets) {
        options_.packet_sink = [this](const PacketEvent& event) {
            options_.log(LogLevel::debug, core::describe(event));
        };
    }
    if (options_.packet_sink) connection_.set_packet_sink(&options_.packet_sink);
}

Client::Impl::~Impl() {
    *self_ = nullptr;
    on_delivery_ = nullptr;
    on_batch_ = nullptr;
    fail_operations(Errc::cancelled);
    for (Done<>& done : disconnecting_)
        done->complete(Errc::cancelled);
}

void Client::Impl::connect(Done<ConnectReport> done) {
    if (is_active()) return done->complete(Errc::already_connected, {});
    connecting_ = std::move(done);
    connecting_->on_cancel([this] {
        if (connecting_) disconnect(nullptr, ReasonCode::success, {});
    });
    version_ = options_.connect.version;
    client_id_ = options_.connect.client_id;
    attempt_options_ = options_.connect;
    const bool needs_id = client_id_.empty() && version_ == ProtocolVersion::v3_1;
    if (needs_id) client_id_ = random_id();
    failures_ = 0;
    was_ever_connected_ = false;
    backoff_.reset();
    if (options_.connect.clean_start) {
        known_.clear();
        response_state_ = ResponseTopic::none;
    }
    begin_attempt();
}

std::string Client::Impl::random_id() {
    return "mqtt-" + client::random_name(kMadeClientIdLength - 5);
}

// The server keeps the session when the connection is lost.
bool Client::Impl::session_lasts() const {
    if (version_ != ProtocolVersion::v5) return !options_.connect.clean_start;
    return session_expiry_ != 0;
}

void Client::Impl::begin_attempt() {
    // A clean start is meant for the first connection: later ones want the session that it began.
    attempt_options_.clean_start =
        was_ever_connected_ ? !session_lasts() : options_.connect.clean_start;
    // 3.x: a session that is to be kept needs a name.
    if (client_id_.empty() && version_ != ProtocolVersion::v5) attempt_options_.clean_start = true;
    state_ = ClientState::connecting;
    if (options_.before_attempt) {
        last_message_ = options_.before_attempt(attempt_options_);
        if (!last_message_.empty()) return fail_attempt();
    }
    const Status opened = connection_.open(&attempt_options_, client_id_, &session_);
    if (!opened) {
        last_error_ = opened.error();
        last_message_ = sentence(last_error_);
        return give_up(false);
    }
    StateChange change;
    change.attempt = failures_ + 1;
    change_state(change);
}

// before_attempt had nothing to log in with: at a reconnect that may pass.
void Client::Impl::fail_attempt() {
    last_error_ = Error(Errc::invalid_argument, "before_attempt failed");
    ++failures_;
    ++stats_.connect_failures;
    if (was_ever_connected_ && has_retries_left()) return wait_for_retry(false);
    give_up(false);
}

void Client::Impl::on_connected(const Connack& connack, const ConnectTiming&) {
    ++connection_number_;
    ++stats_.connects;
    const bool resumed = connack.session_present ||
                         (version_ == ProtocolVersion::v3_1 && !attempt_options_.clean_start);
    was_ever_connected_ = true;
    made_progress_ = false;
    connected_at_ = Clock::now();
    take_connack(connack);

    state_ = ClientState::connected;
    StateChange change;
    change.message = peer_address_;
    change.connack = &connack;
    change_state(change);
    if (state_ != ClientState::connected) return;

    if (connecting_) {
        ConnectReport report;
        report.session_present = connack.session_present;
        report.version = version_;
        report.client_id = client_id_;
        report.peer_address = peer_address_;
        report.properties = PropertyList(connack.properties);
        std::exchange(connecting_, nullptr)->complete({}, std::move(report));
    }
    settle_cut(resumed);
    if (!resumed) subscribe_again();
    send_requests();
    if (response_state_ == ResponseTopic::none && !responses_.empty()) subscribe_response_topic();
    pump();
}

void Client::Impl::take_connack(const Connack& connack) {
    limits_ = connection_.limits();
    peer_address_ = connection_.peer_address();
    const Properties& told = connack.properties;
    if (const auto id = told.text(PropertyId::assigned_client_identifier)) client_id_ = *id;
    // [MQTT-3.2.2.3.2]: absent means that the server took what we asked for.
    session_expiry_ = told.number_or(
        PropertyId::session_expiry_interval,
        attempt_options_.properties.view().number_or(PropertyId::session_expiry_interval, 0));
    if (const auto prefix = told.text(PropertyId::response_information)) {
        response_prefix_ = *prefix;
    }
}

void Client::Impl::on_closed(const CloseReason& reason) {
    const bool was_connected = state_ == ClientState::connected;
    if (was_connected && (made_progress_ || Clock::now() - connected_at_ >= kSteady)) {
        backoff_.reset();
        failures_ = 0;
    }
    forget_sent_requests();
    note_cut();
    if (is_disconnecting_) {
        return finish_disconnect(reason.error ? make_error_code(reason.error.code)
                                              : std::error_code());
    }
    ++(was_connected ? stats_.connections_lost : stats_.connect_failures);
    last_error_ = reason.error;
    last_message_ = reason.message.empty() ? sentence(reason.error) : std::string(reason.message);
    if (should_fall_back(reason)) return fall_back();
    ++failures_;
    if (!should_retry(reason.error)) return give_up(was_connected);
    wait_for_retry(was_connected);
}

// 5.0 was not understood.
bool Client::Impl::should_fall_back(const CloseReason& reason) const {
    return options_.connect.fall_back_to_3_1_1 && version_ == ProtocolVersion::v5 &&
           reason.step == ConnectionStep::connack && !was_ever_connected_ &&
           core::may_refuse_version(reason.error);
}

void Client::Impl::fall_back() {
    log(LogLevel::warning, last_message_ + "; trying MQTT 3.1.1");
    version_ = ProtocolVersion::v3_1_1;
    attempt_options_.version = version_;
    attempt_options_.properties.clear();
    if (attempt_options_.will) attempt_options_.will->properties.clear();
    begin_attempt();
}

bool Client::Impl::should_retry(const Error& error) const {
    if (!was_ever_connected_ && !options_.retry_first_connect) return false;
    return has_retries_left() && is_curable(error);
}

bool Client::Impl::has_retries_left() const {
    const int limit = options_.reconnect.max_retries;
    return options_.reconnect.enabled && (limit < 0 || failures_ <= limit);
}

// What was not wrong at the first connection may be right again later; at the first, it is our user's
// to correct. Two clients of one id would throw each other out for ever.
bool Client::Impl::is_curable(const Error& error) const {
    if (error.code == Errc::invalid_argument) return false;
    if (error.code == Errc::disconnected_by_server &&
        error.reason == ReasonCode::session_taken_over) {
        return false;
    }
    if (was_ever_connected_) return true;
    switch (error.code) {
    case Errc::tls_certificate_rejected:
    case Errc::not_tls:
    case Errc::not_mqtt: return false;
    case Errc::refused_by_server: return !is_final(error.reason);
    default: return true;
    }
}

void Client::Impl::wait_for_retry(bool was_connected) {
    const std::chrono::milliseconds delay = backoff_.next();
    state_ = ClientState::waiting;
    retry_timer_.expires_after(delay);
    retry_timer_.async_wait([self = self_](std::error_code error) {
        if (!error && *self) (*self)->on_retry_timer();
    });
    StateChange change;
    change.error = last_error_;
    change.message = last_message_;
    change.was_connected = was_connected;
    change.attempt = failures_;
    change.retry_in = delay;
    change_state(change);
}

void Client::Impl::on_retry_timer() {
    if (state_ == ClientState::waiting) begin_attempt();
}

void Client::Impl::give_up(bool was_connected) {
    state_ = ClientState::gave_up;
    StateChange change;
    change.error = last_error_;
    change.message = last_message_;
    change.was_connected = was_connected;
    change.attempt = failures_;
    change_state(change);
    if (connecting_) {
        ConnectReport report;
        report.reason = last_error_.reason;
        report.version = version_;
        report.message = last_message_;
        const Errc code = last_error_.code;
        std::exchange(connecting_, nullptr)->complete(code, std::move(report));
    }
    fail_operations(Errc::not_connected);
}

void Client::Impl::disconnect(Done<> done, ReasonCode reason, PropertyList properties) {
    if (!is_active()) {
        if (done) done->complete({});
        return;
    }
    if (done) disconnecting_.push_back(std::move(done));
    if (std::exchange(is_disconnecting_, true)) return;
    fail_operations(Errc::cancelled);
    if (state_ == ClientState::waiting) return finish_disconnect({});
    connection_.disconnect(reason, properties.view(), options_.disconnect_timeout);
}

void Client::Impl::finish_disconnect(std::error_code error) {
    is_disconnecting_ = false;
    retry_timer_.cancel();
    state_ = ClientState::idle;
    change_state({});
    for (Done<>& done : std::exchange(disconnecting_, {}))
        done->complete(error);
}

// Everybody who waits for something hears that it will not come.
void Client::Impl::fail_operations(std::error_code error) {
    if (connecting_) std::exchange(connecting_, nullptr)->complete(error, {});
    fail_responses(error);
    fail_requests(error);
    fail_publishes(error);
    fail_receivers(error);
}

// `change` without its state, which is the present one.
void Client::Impl::change_state(StateChange change) {
    change.state = state_;
    switch (state_) {
    case ClientState::connected:
        log(LogLevel::info, "connected to " + std::string(change.message));
        break;
    case ClientState::waiting:
        log(LogLevel::warning, std::string(change.message) + "; next attempt in " +
                                   std::to_string(change.retry_in.count()) + " ms");
        break;
    case ClientState::gave_up: log(LogLevel::error, std::string(change.message)); break;
    default: break;
    }
    if (on_state_) on_state_(change);
}

void Client::Impl::log(LogLevel level, const std::string& text) {
    if (options_.log) options_.log(level, text);
}

ClientStats Client::Impl::stats() const {
    ClientStats stats = stats_;
    stats.outgoing_messages = stored_count() + blocked_.size();
    stats.outgoing_bytes = stored_bytes();
    stats.unread_messages = unread_.size();
    stats.unread_bytes = unread_bytes_;
    return stats;
}

}  // namespace mqtt
