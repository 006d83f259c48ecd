// A bridge's life: its session here, its connection there, attempts and pauses between them.
#include "broker/bridge/bridge.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "broker/shard.hpp"
#include "core/version_refusal.hpp"
#include "net/driver.hpp"

namespace mqtt::broker {
namespace {

void set_option(int descriptor, int level, int name, int value) {
    if (value > 0) ::setsockopt(descriptor, level, name, &value, sizeof value);
}

}  // namespace

Bridge::Bridge(Shard& shard, BridgeConfig config)
    : shard_(shard)
    , config_(std::move(config))
    , topics_(config_.topics)
    , loop_(shard.loop())
    , connection_(loop_, *this)
    , dialects_(config_.version, config_.try_private)
    , random_(std::random_device{}()) {}

Bridge::~Bridge() {
    shard_.journal.forget(*this);
    drop_again();
}

void Bridge::log(LogLevel level, std::string_view text) const {
    if (shard_.log.enabled())
        shard_.log.line(level, fmt::format("Bridge {}: {}", config_.name, text));
}

// The session here.

void Bridge::open() {
    open_session();
    map_restored();
}

void Bridge::start() {
    if (config_.notifications) announce_here(false);
    tell_lag();
    if (config_.start == BridgeStart::lazy) {
        state_ = State::idle;
        return pump();
    }
    connect();
}

void Bridge::open_session() {
    Sessions& sessions = shard_.sessions;
    const bool starts_clean = *config_.local_clean_start;
    if (Session* client = sessions.find(config_.local_client_id); client && client->is_online()) {
        client->peer->disconnect(ReasonCode::session_taken_over, "its client id is a bridge's");
    }
    session_ = sessions.find(config_.local_client_id);
    if (session_ != nullptr && starts_clean) {
        sessions.end(*session_);
        session_ = nullptr;
    }
    if (session_ != nullptr)
        Sessions::came_back(*session_);
    else
        session_ = &sessions.create(config_.local_client_id);
    session_->is_bridge = true;
    session_->expiry_interval = starts_clean ? 0 : kNeverExpires;
    session_->identity.reset();
    if (!config_.local_user_name.empty()) {
        session_->identity = std::make_unique<Identity>();
        session_->identity->user_name = config_.local_user_name;
    }
    shard_.journal.session_changed(*session_);
    subscribe_here();
}

// What an earlier configuration wanted and this one does not is given up.
void Bridge::subscribe_here() {
    const std::vector<BridgeTopics::Filter> wanted = topics_.local_filters();
    std::vector<std::string> unwanted;
    for (const Subscription* s = session_->subscriptions; s != nullptr; s = s->next_of_subscriber) {
        std::string filter = TopicTree::filter_of(*s->node);
        const auto is_it = [&](const BridgeTopics::Filter& f) { return f.filter == filter; };
        if (std::none_of(wanted.begin(), wanted.end(), is_it))
            unwanted.push_back(std::move(filter));
    }
    for (const std::string& filter : unwanted) {
        shard_.subscriptions.remove(*session_, filter);
        shard_.journal.unsubscribed(*session_, filter);
    }
    local_filters_.clear();
    for (const BridgeTopics::Filter& f : wanted) {
        SubscriptionOptions options;
        options.qos = f.qos;
        options.no_local = true;  // what came in does not go out again
        options.retain_as_published = true;
        shard_.subscriptions.add(*session_, f.filter, options, 0);
        shard_.journal.subscribed(*session_, f.filter, options, 0);
        local_filters_.push_back({f, true});
    }
}

// local_clean_start: what waits while the remote is away is nobody's.
void Bridge::forget_here() {
    if (!*config_.local_clean_start || config_.start == BridgeStart::lazy) return;
    shard_.publisher.clear_queue(*session_);
    session_->exchange.clear();
    drop_again();
    shard_.subscriptions.remove_all(*session_);
    local_filters_.clear();
}

// The connection.

ConnectOptions Bridge::options() const {
    const Dialect& dialect = dialects_.current();
    ConnectOptions options = config_.connect;
    options.endpoint = endpoint();
    options.version = dialect.version;
    options.client_id = config_.remote_client_id;
    options.clean_start = config_.clean_start;
    options.will.reset();
    options.properties.clear();
    if (config_.notifications && !config_.notifications_local_only) {
        options.will = Will{config_.notification_topic, "0", QoS::at_least_once, true, {}};
    }
    if (!has_properties(dialect.version)) return options;
    if (!config_.clean_start) {
        options.properties.add(PropertyId::session_expiry_interval, config_.session_expiry);
    }
    options.properties.add(PropertyId::receive_maximum, config_.receive_maximum);
    if (config_.topic_alias_maximum != 0) {
        options.properties.add(PropertyId::topic_alias_maximum, config_.topic_alias_maximum);
    }
    return options;
}

void Bridge::connect() {
    state_ = State::connecting;
    log(LogLevel::info, fmt::format("connecting to {} as {} (MQTT {})", to_url(endpoint()),
                                    config_.remote_client_id,
                                    has_properties(dialects_.current().version) ? "5.0" : "3.1.1"));
    // A clean start forgets exchanges without a word.
    if (config_.clean_start) on_session_lost(session_->exchange.outgoing);
    const std::span<const PacketId> ids = session_->exchange.inbox.ids();
    offered_ids_.assign(ids.begin(), ids.end());
    connection_.announce_bridge(dialects_.current().is_private);
    const Status opened = connection_.open(options(), session_->exchange);
    if (opened) return;
    log(LogLevel::error, opened.error().detail);
    state_ = State::stopped;
}

void Bridge::on_connected(const Connack& connack, const ConnectTiming&) {
    state_ = State::connected;
    connected_at_ = last_traffic_ = shard_.now();
    tried_ = 0;
    const bool can_tell = connection_.version() != ProtocolVersion::v3_1;
    has_lost_ = config_.clean_start || (can_tell && !connack.session_present);
    if (has_lost_) {
        for (const PacketId id : offered_ids_)
            shard_.journal.released_id(*session_, id);
    }
    // Of what was sent again just now nothing leaves before it is known what it was.
    if (net::Driver* driver = connection_.driver())
        shard_.journal.gate(*this, driver->bytes_sent());
    byte_window_.reset();
    if (const std::size_t most = shard_.config().maximum_inflight_bytes; most != 0)
        byte_window_ = std::make_unique<ByteWindow>(most, session_->exchange.outgoing);
    set_socket_options();
    log(LogLevel::info, fmt::format("connected to {} ({}{}, {})", to_url(endpoint()),
                                    has_properties(connection_.version()) ? "MQTT 5.0" : "MQTT 3",
                                    dialects_.current().is_private ? " as a bridge" : "",
                                    has_lost_ ? "new session" : "session present"));
    if (local_filters_.empty()) subscribe_here();
    subscribe_there(connack);
    announce(true);
    for (LocalFilter& local : local_filters_) {
        const bool is_due = local.is_new || has_lost_ || local.filter.qos == QoS::at_most_once;
        if (is_due) {
            replays_.push_back(
                std::make_unique<Replay>(shard_.retained, local.filter.filter, local.filter.qos));
        }
    }
    watch_connection();
    pump();
}

// Retained messages come once for each subscription, and at each connection for QoS 0, of which those that
// changed meanwhile are kept by nobody.
void Bridge::subscribe_there(const Connack& connack) {
    const bool is_v5 = has_properties(connection_.version());
    FilterListBuilder filters(true);
    asked_.clear();
    for (BridgeTopics::Filter& filter : topics_.remote_filters()) {
        const bool is_kept = filter.qos != QoS::at_most_once && connack.session_present;
        if (!is_v5 && is_kept && has_subscribed_) continue;
        SubscriptionOptions options;
        options.qos = filter.qos;
        options.no_local = is_v5;
        options.retain_as_published = is_v5;
        if (is_v5 && is_kept) options.retain_handling = RetainHandling::if_new;
        filters.add(filter.filter, options);
        asked_.push_back(std::move(filter));
    }
    if (filters.count() != 0 && connection_.subscribe(filters.view()) == 0) {
        log(LogLevel::error, "SUBSCRIBE is too large for the remote broker");
    }
    unsubscribe_there(connack.session_present);
}

void Bridge::on_suback(const Suback& suback) {
    has_subscribed_ = true;
    for (std::size_t i = 0; i < suback.codes.size() && i < asked_.size(); ++i) {
        const auto code = static_cast<ReasonCode>(suback.codes[i]);
        const BridgeTopics::Filter& filter = asked_[i];
        if (is_error(code)) {
            log(LogLevel::warning, fmt::format("the remote broker refuses the subscription {} ({})",
                                               filter.filter, reason_text(code)));
        } else if (suback.codes[i] < static_cast<std::uint8_t>(filter.qos)) {
            log(LogLevel::warning, fmt::format("the remote broker grants QoS {} only for {}",
                                               suback.codes[i], filter.filter));
        }
    }
}

void Bridge::set_socket_options() {
    net::Driver* driver = connection_.driver();
    if (driver == nullptr || endpoint().transport == Transport::unix_socket) return;
    const int fd = driver->stream().descriptor();
    if (config_.tcp_keepalive_idle > 0) set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, config_.tcp_keepalive_idle);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, config_.tcp_keepalive_interval);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, config_.tcp_keepalive_count);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
               static_cast<int>(config_.tcp_user_timeout.count()));
}

void Bridge::announce_here(bool up) {
    Publication publication;
    publication.topic = config_.notification_topic;
    publication.payload = as_bytes(up ? "1" : "0");
    publication.qos = QoS::at_least_once;
    publication.retain = true;
    if (session_ != nullptr) publication.publisher = session_->number;
    shard_.publisher.publish(publication);
}

void Bridge::announce(bool up) {
    if (!config_.notifications) return;
    announce_here(up);
    if (config_.notifications_local_only) return;
    const ServerLimits limits = connection_.limits();
    PublishRequest request;
    request.topic = config_.notification_topic;
    request.payload = as_bytes(up ? "1" : "0");
    request.qos = lower(QoS::at_least_once, limits.maximum_qos);
    request.retain = limits.retain_available;
    connection_.publish(request);
}

// The end of a connection, or of an attempt.

void Bridge::on_closed(const CloseReason& reason) {
    gates_.reset();
    shard_.journal.forget(*this);
    if (!replays_.empty()) {
        for (LocalFilter& local : local_filters_)
            local.is_new = true;
        replays_.clear();
    } else if (state_ == State::connected) {
        for (LocalFilter& local : local_filters_)
            local.is_new = false;
    }
    const State was = state_;
    if (was == State::stopping) return end_finished();
    if (was == State::connected) return after_loss(reason);
    after_failure(reason);
}

void Bridge::after_failure(const CloseReason& reason) {
    log(LogLevel::warning, reason.message);
    // 5.0 or the bit of bridges was not understood.
    const bool is_misunderstanding =
        reason.step == ConnectionStep::connack && core::may_refuse_version(reason.error);
    if (is_misunderstanding && dialects_.next()) return connect();
    address_ = (address_ + 1) % config_.addresses.size();
    if (++tried_ < config_.addresses.size()) return connect();
    tried_ = 0;
    wait_to_connect();
}

void Bridge::after_loss(const CloseReason& reason) {
    const bool was_announced = reason.error.code == Errc::ok;  // we have ended it
    if (config_.notifications && !was_announced) announce_here(false);
    forget_here();
    if (is_finishing_) return end_finished();
    if (config_.start == BridgeStart::lazy && reason.error.code == Errc::ok) {
        log(LogLevel::info, "idle, disconnected");
        state_ = State::idle;
        return pump();
    }
    if (goes_back_) {
        goes_back_ = false;
        address_ = 0;
        return connect();
    }
    log(LogLevel::warning, reason.message.empty() ? "disconnected" : reason.message);
    address_ = config_.round_robin ? (address_ + 1) % config_.addresses.size() : 0;
    if (shard_.now() - connected_at_ >= config_.restart_stable) {
        last_delay_ = std::chrono::milliseconds(0);
    }
    wait_to_connect();
}

void Bridge::wait_to_connect() {
    if (config_.start == BridgeStart::once) {
        log(LogLevel::warning, "start_type once: it is not connected again");
        state_ = State::stopped;
        return;
    }
    if (config_.start == BridgeStart::lazy && session_->queue.count() < config_.threshold) {
        state_ = State::idle;
        return;
    }
    const auto highest = std::clamp(last_delay_ * 3, config_.restart_base, config_.restart_cap);
    std::uniform_int_distribution<std::int64_t> delay(config_.restart_base.count(),
                                                      highest.count());
    last_delay_ = std::chrono::milliseconds(delay(random_));
    state_ = State::waiting;
    log(LogLevel::info, fmt::format("next attempt in {:.1f} s, {} messages wait",
                                    static_cast<double>(last_delay_.count()) / 1000,
                                    session_->queue.count() + again_.size()));
    shard_.loop().set_timer(*this, shard_.now() + last_delay_);
}

void Bridge::on_timer(TimePoint) {
    if (state_ == State::waiting) return connect();
    if (state_ == State::connected) watch_connection();
}

void Bridge::stop() {
    if (state_ == State::stopping) return;
    if (state_ == State::connected) {
        announce(false);
        state_ = State::stopping;
        return connection_.disconnect();
    }
    abort();
}

void Bridge::abort() {
    connection_.abort();
    shard_.loop().timers().cancel(*this);
    state_ = State::stopped;
}

// Strict persistence.

std::uint64_t Bridge::staged_position() {
    net::Driver* driver = connection_.driver();
    return driver != nullptr ? driver->staged_position() : 0;
}

bool Bridge::hold_output(std::uint64_t position, std::uint64_t number) {
    net::Driver* driver = connection_.driver();
    if (driver == nullptr) return false;
    if (!gates_) gates_ = std::make_unique<OutputGates>();
    if (!gates_->add(position, number)) return false;
    driver->hold_output(gates_->position());
    return true;
}

void Bridge::release_output(std::uint64_t committed) {
    net::Driver* driver = connection_.driver();
    if (driver == nullptr || !gates_) return;
    const bool waits = gates_->open(committed);
    driver->hold_output(waits ? gates_->position() : net::Driver::kNoHold);
    if (!waits) gates_.reset();
    driver->mark_dirty();
    pump();
}

}  // namespace mqtt::broker
