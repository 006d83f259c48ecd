// Admission and CONNECT.
#include "broker/lobby.hpp"

#include <random>

#include "broker/shard.hpp"
#include "broker/visitor.hpp"

namespace mqtt::broker {
namespace {

bool wants_to_be_kept(const Connect& connect) {
    if (!has_properties(connect.version)) return !connect.clean_start;
    return connect.properties.number_or(PropertyId::session_expiry_interval, 0) != 0;
}

}  // namespace

void Lobby::admit(net::Accepted accepted) {
    const auto listener = static_cast<std::uint16_t>(accepted.listener);
    shard_.log.new_connection(accepted.peer_address, shard_.shared().endpoint_of(listener));
    Admission::Seat seat;
    const std::string_view address =
        accepted.is_proxied ? std::string_view() : std::string_view(accepted.peer_address);
    if (const auto over = shard_.shared().admission.enter(listener, address, seat)) {
        ++shard_.counters.connections_refused;
        return shard_.hit(*over, accepted.peer_address);
    }
    ++shard_.counters.connections_accepted;
    Peer::Origin origin{std::move(accepted.peer_address), seat,
                        shard_.now() + shard_.config().connect_timeout};
    shard_.peers.add(std::move(accepted.stream), std::move(origin)).start({});
}

void Lobby::accepting_waits(std::size_t listener, net::Listener::Wait why) {
    shard_.hit(why == net::Listener::Wait::rate ? Limit::connect_rate : Limit::descriptors,
               to_url(shard_.shared().endpoint_of(listener)));
}

void Lobby::receive(Peer::Luggage luggage) {
    // It was under way when the others were told; nobody would end it.
    if (shard_.is_stopping()) return shard_.shared().admission.leave(luggage.origin.seat);
    Peer& peer = shard_.peers.add(std::move(luggage.stream), std::move(luggage.origin));
    peer.start(luggage.unread);
}

// Behind a proxy the client's own address is known now. False: it has too many connections.
bool Lobby::learn_address(Peer& peer) {
    if (shard_.config().listeners[peer.listener()].proxy_header == ProxyHeader::none) return true;
    net::PeerIdentity identity;
    peer.identify(identity);
    if (identity.address.empty() || identity.address == peer.address()) return true;
    Admission::Seat seat = peer.seat();
    const auto over = shard_.shared().admission.enter_address(identity.address, seat);
    if (over) shard_.hit(*over, identity.address);
    peer.set_address(std::move(identity.address), seat);
    return !over;
}

void Lobby::connect(Peer& peer, const Connect& given) {
    if (!learn_address(peer)) return peer.refuse(ReasonCode::quota_exceeded, given.client_id);
    const Visitor visitor(shard_.config(), peer, given);
    const Connect& connect = visitor.connect;
    PropertyList answer;
    std::string assigned;
    if (connect.client_id.empty()) {
        assigned = assign_client_id(peer);
        if (has_properties(connect.version)) {  // [MQTT-3.1.3-7] [MQTT-3.2.2-16]
            answer.add(PropertyId::assigned_client_identifier, std::string_view(assigned));
        }
    }
    const std::string_view client_id = assigned.empty() ? connect.client_id : assigned;
    const unsigned home = shard_.shared().home_of(client_hash(client_id));
    if (home != shard_.index()) return peer.move_to(home);

    ReasonCode reason = refusal(visitor, client_id);
    if (!is_error(reason)) {
        const auto verdict = login(peer, visitor, client_id);  // [MQTT-3.1.4-2]
        if (!verdict) return;
        reason = *verdict;
        if (is_error(reason)) return refuse_login(peer, reason, client_id, visitor.user_name());
    }
    if (const Authentication* authentication = peer.authentication()) {
        for (const PropertyView& property : authentication->reply().view())
            answer.add(property.info->id, property.text);  // [MQTT-4.12.0-5]
    }
    if (!is_error(reason)) reason = check_will(peer, connect, client_id);
    if (is_error(reason)) return peer.refuse(reason, client_id);
    enter(peer, connect, client_id, answer);
}

void Lobby::enter(Peer& peer, const Connect& connect, std::string_view client_id,
                  PropertyList& answer) {
    core::ServerProtocol::Accept accept;
    const std::uint64_t recorded = shard_.journal.mark();
    Session& session = session_for(connect, client_id, accept.session_present);
    set_expiry(session, connect, answer);
    tell_response_information(connect, client_id, answer);
    if (connect.will) session.will = shard_.wills.make(*connect.will);
    accept.keep_alive = connect.keep_alive;
    const std::uint16_t most = shard_.config().maximum_keep_alive;
    if (most != 0 && has_properties(connect.version) &&
        (connect.keep_alive == 0 || connect.keep_alive > most)) {
        accept.keep_alive = most;  // [MQTT-3.1.2-21] [MQTT-3.2.2-21]
    }
    accept.properties = answer.view();
    if (shard_.journal.mark() != recorded) shard_.journal.gate(peer);  // the old session's end
    peer.become_client(session, connect, accept);
}

// What speaks against it before anybody is asked for a password.
ReasonCode Lobby::refusal(const Visitor& visitor, std::string_view client_id) const {
    const BrokerConfig& config = shard_.config();
    if (shard_.is_stopping()) return ReasonCode::server_unavailable;
    if (is_error(visitor.refusal)) return visitor.refusal;
    if (shard_.memory.is_short()) {
        shard_.hit(Limit::memory_soft, client_id);
        return ReasonCode::quota_exceeded;
    }
    if (shard_.journal.is_failing() && wants_to_be_kept(visitor.connect)) {
        shard_.hit(Limit::store_failing, client_id);
        return ReasonCode::quota_exceeded;
    }
    const Connect& connect = visitor.connect;
    const std::uint16_t longest = config.maximum_keep_alive;
    if (!has_properties(connect.version) && longest != 0 &&
        (connect.keep_alive == 0 || connect.keep_alive > longest)) {
        shard_.hit(Limit::keep_alive, client_id);
        return ReasonCode::client_identifier_not_valid;  // it cannot be told; as mosquitto
    }
    const Session* known = shard_.sessions.find(client_id);
    if (known != nullptr && known->is_bridge) return ReasonCode::client_identifier_not_valid;
    if (config.maximum_sessions != 0 && known == nullptr &&
        shard_.shared().sessions.load(std::memory_order_relaxed) >= config.maximum_sessions) {
        shard_.hit(Limit::sessions, client_id);
        return ReasonCode::quota_exceeded;
    }
    const auto method = visitor.connect.properties.text(PropertyId::authentication_method);
    if (method && !(config.scram_credentials && Authentication::knows(*method))) {
        return ReasonCode::bad_authentication_method;  // [MQTT-4.12.0-1]
    }
    return ReasonCode::success;
}

// Nothing: the login office or the client was asked, and the peer waits.
std::optional<ReasonCode> Lobby::login(Peer& peer, const Visitor& visitor,
                                       std::string_view client_id) {
    const BrokerConfig& config = shard_.config();
    if (visitor.connect.properties.text(PropertyId::authentication_method)) {
        return begin_authentication(peer, visitor);
    }
    if (!config.authenticate) return ReasonCode::success;
    if (const auto verdict = peer.login()) return verdict;
    LoginRequest request;
    request.client_id = client_id;
    request.user_name = visitor.connect.user_name;
    request.password = visitor.connect.password;
    request.is_identified = visitor.is_identified;
    request.peer_address = peer.address();
    request.listener = peer.listener();
    request.version = visitor.connect.version;
    if (config.login_threads == 0 || !request.password || request.is_identified) {
        return config.authenticate(request);
    }
    const std::uint64_t number = next_login_++;
    auto done = [this, &peer, number](ReasonCode said) {
        shard_.loop().post([this, &peer, number, said] {
            const auto entry = waiting_.find(&peer);
            if (entry == waiting_.end() || entry->second != number) return;
            waiting_.erase(entry);
            peer.logged_in(said);
        });
    };
    ReasonCode known{};
    const TimePoint deadline = shard_.now() + config.connect_timeout;
    switch (shard_.shared().login_office.submit(request, deadline, known, std::move(done))) {
    case LoginOffice::Taken::known: return known;
    case LoginOffice::Taken::waits: break;
    case LoginOffice::Taken::waits_for_turn: shard_.hit(Limit::login_budget, peer.address()); break;
    case LoginOffice::Taken::full:
        shard_.hit(Limit::waiting_logins, client_id);
        return ReasonCode::server_busy;
    }
    waiting_[&peer] = number;
    peer.wait_for_login();
    return std::nullopt;
}

// A wrong password is told late when its address or its user has had many. Who waits takes a connection, so
// that only a part of all may; the others are told at once.
void Lobby::refuse_login(Peer& peer, ReasonCode reason, std::string_view client_id,
                         std::string_view user_name) {
    const Duration most = shard_.config().maximum_login_delay;
    const bool is_wrong =
        reason == ReasonCode::not_authorized || reason == ReasonCode::bad_user_name_or_password;
    if (!is_wrong || most == Duration::zero()) return peer.refuse(reason, client_id);
    const Settings& settings = shard_.settings();
    const std::size_t places =
        std::max<std::size_t>(1, settings.connection_limit / (4 * settings.config.threads));
    const Duration delay = shard_.shared().login_office.guard.failed(
        LoginGuard::source_of(peer.address(), user_name), shard_.now(), most);
    if (delay == Duration::zero() || held_ >= places) return peer.refuse(reason, client_id);
    shard_.hit(Limit::login_delay, peer.address());
    ++held_;
    peer.refuse_later(reason, client_id, delay);
}

ReasonCode Lobby::check_will(const Peer& peer, const Connect& connect,
                             std::string_view client_id) const {
    const BrokerConfig& config = shard_.config();
    if (!connect.will) return ReasonCode::success;
    const ReasonCode reason = shard_.publisher.refusal(
        {connect.will->topic, connect.will->properties, connect.will->payload}, client_id);
    if (is_error(reason)) return reason;
    const std::string_view user_name = connect.user_name.value_or(std::string_view());
    if (config.authorize && !config.authorize({Access::publish, client_id, user_name,
                                               connect.will->topic, peer.listener()})) {
        return ReasonCode::not_authorized;
    }
    return ReasonCode::success;
}

// The old connection goes first [MQTT-3.1.4-3]; then its session is resumed or ended.
// [MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT311-3.1.4-3] [MQTT311-3.2.2-1]
Session& Lobby::session_for(const Connect& connect, std::string_view client_id, bool& present) {
    if (Session* old = shard_.sessions.find(client_id); old != nullptr && old->is_online()) {
        old->peer->disconnect(ReasonCode::session_taken_over, "session taken over");
    }
    Session* session = shard_.sessions.find(client_id);
    if (session != nullptr && connect.clean_start) {
        shard_.sessions.end(*session);
        session = nullptr;
    }
    present = session != nullptr;
    if (session == nullptr) return shard_.sessions.create(client_id);
    shard_.sessions.came_back(*session);
    return *session;
}

void Lobby::set_expiry(Session& session, const Connect& connect, PropertyList& answer) const {
    const BrokerConfig& config = shard_.config();
    if (!has_properties(connect.version)) {
        session.expiry_interval = connect.clean_start ? 0 : config.persistent_session_expiry;
        return;
    }
    const std::uint32_t wish = connect.properties.number_or(PropertyId::session_expiry_interval, 0);
    session.expiry_interval = std::min(wish, config.maximum_session_expiry);
    if (session.expiry_interval != wish) {
        answer.add(PropertyId::session_expiry_interval, session.expiry_interval);
    }
}

// [MQTT-3.1.2-28]
void Lobby::tell_response_information(const Connect& connect, std::string_view client_id,
                                      PropertyList& answer) const {
    const std::string& form = shard_.config().response_information;
    if (form.empty() ||
        connect.properties.number_or(PropertyId::request_response_information, 0) == 0) {
        return;
    }
    std::string text;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const char next = form[i] == '%' && i + 1 < form.size() ? form[i + 1] : '\0';
        if (next == 'c')
            text += client_id;
        else if (next == 'u')
            text += connect.user_name.value_or(std::string_view());
        else
            text += form[i];
        if (next == 'c' || next == 'u') ++i;
    }
    answer.add(PropertyId::response_information, text);
}

// Random, and at home here, so that the connection need not move.
std::string Lobby::assign_client_id(const Peer& peer) {
    static thread_local std::mt19937_64 random{std::random_device{}()};
    static constexpr char kDigits[] = "0123456789abcdef";
    const std::string& own = shard_.config().listeners[peer.listener()].assigned_id_prefix;
    std::string id;
    do {
        id = own.empty() ? shard_.config().assigned_id_prefix : own;
        std::uint64_t bits = random();
        for (int i = 0; i < 16; ++i, bits >>= 4)
            id += kDigits[bits & 15];
    } while (shard_.shared().home_of(client_hash(id)) != shard_.index() ||
             shard_.sessions.find(id) != nullptr);
    return id;
}

}  // namespace mqtt::broker
