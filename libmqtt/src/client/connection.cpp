// mqtt::Connection: an attempt (a coroutine of net/connect), then a Link; the public face of both.
#include "mqtt/connection.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "base/assert.hpp"
#include "client/connect_packet.hpp"
#include "client/link.hpp"
#include "net/connect.hpp"
#include "net/loop.hpp"

namespace mqtt {

using client::Link;

namespace {

ConnectionStep to_step(net::ConnectStep step) {
    switch (step) {
    case net::ConnectStep::resolve: return ConnectionStep::resolve;
    case net::ConnectStep::connect: return ConnectionStep::connect;
    case net::ConnectStep::proxy: return ConnectionStep::proxy;
    case net::ConnectStep::tls: return ConnectionStep::tls;
    default: return ConnectionStep::websocket;
    }
}

// Connecting reports failures as values; what is thrown is a lack of memory or descriptors.
net::ConnectResult unexpected(const std::exception_ptr& failure) {
    net::ConnectResult result;
    result.error = Error(Errc::network_error);
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        result.message = std::string("cannot connect: ") + error.what();
    }
    return result;
}

}  // namespace

struct Connection::Impl final : client::LinkOwner {
    Impl(net::Loop& l, ConnectionSink& s) : loop(l), sink(&s) {}

    // What the coroutine's completion finds its connection by; that handler owns it.
    struct Attempt {
        Impl* owner = nullptr;  // null: nobody is interested any more
        bool given_up = false;
        asio::cancellation_signal cancel;
    };

    // What is needed until CONNACK; an idle connection does not keep it.
    struct Opening {
        std::unique_ptr<ConnectOptions> copied;
        const ConnectOptions* options = nullptr;
        std::string client_id;
        TimePoint deadline;
        ConnectTiming timing;

        static std::unique_ptr<Opening> copy(const ConnectOptions& options) {
            auto opening = std::make_unique<Opening>();
            opening->copied = std::make_unique<ConnectOptions>(options);
            opening->options = opening->copied.get();
            opening->client_id = options.client_id;
            return opening;
        }
    };

    Status open(std::unique_ptr<Opening> what, core::Session* with);
    void spawn();
    void on_attempt(net::ConnectResult result);
    void on_link_connected(const Connack& connack) override;
    void on_link_closed(const Error& error, std::error_code system_error,
                        const std::string& message) override;
    void close(const CloseReason& reason);
    void abort();
    void drop_attempt();
    void retire_link();

    net::Loop& loop;
    ConnectionSink* sink;
    std::unique_ptr<Link> link;
    std::unique_ptr<Opening> opening;
    Attempt* attempt = nullptr;
    core::Session* session = nullptr;
    core::Session own_session;
    const PacketSink* packet_sink = nullptr;
    ConnectionStep step = ConnectionStep::closed;
    bool is_bridge = false;
};

Status Connection::Impl::open(std::unique_ptr<Opening> what, core::Session* with) {
    MQTT_ASSERT(loop.in_loop_thread());
    if (step != ConnectionStep::closed) return Errc::already_connected;
    const Status valid = client::check_options(*what->options, what->client_id);
    if (!valid) return valid;
    opening = std::move(what);
    session = with != nullptr ? with : &own_session;
    opening->timing.started = Clock::now();
    opening->deadline = opening->timing.started + opening->options->connect_timeout;
    step = ConnectionStep::resolve;
    spawn();
    return {};
}

void Connection::Impl::spawn() {
    auto owned = std::make_unique<Attempt>();
    attempt = owned.get();
    attempt->owner = this;
    const auto slot = attempt->cancel.slot();
    auto done = [owned = std::move(owned)](std::exception_ptr failure, net::ConnectResult result) {
        Impl* owner = owned->owner;
        if (!owner) return;
        owner->attempt = nullptr;
        if (owned->given_up) return owner->close(CloseReason{{}, {}, owner->step, {}});
        if (failure) result = unexpected(failure);
        owner->on_attempt(std::move(result));
    };
    net::ConnectTarget target(*opening->options);
    asio::co_spawn(loop.context(), net::connect(std::move(target)),
                   asio::bind_cancellation_slot(slot, std::move(done)));
}

void Connection::Impl::on_attempt(net::ConnectResult result) {
    if (result.error || !result.stream) {
        CloseReason reason;
        reason.error = result.error ? result.error : Error(Errc::network_error);
        reason.system_error = result.system_error;
        reason.step = to_step(result.step);
        reason.message = result.message;
        return close(reason);
    }
    step = ConnectionStep::connack;
    opening->timing.transport_ready = Clock::now();
    link = std::make_unique<Link>(*this, *sink, loop, std::move(result.stream),
                                  std::move(result.peer_address));
    link->set_packet_sink(packet_sink);
    const ConnectOptions& options = *opening->options;
    const client::ConnectPacket packet(options, opening->client_id);
    Connect connect = packet.view();
    connect.bridge = is_bridge;
    link->start(connect, *session, options.ping_timeout, opening->deadline,
                options.endpoint.transport);
}

void Connection::Impl::on_link_connected(const Connack& connack) {
    step = ConnectionStep::connected;
    const std::unique_ptr<Opening> done = std::move(opening);
    done->timing.connected = Clock::now();
    sink->on_connected(connack, done->timing);
}

void Connection::Impl::on_link_closed(const Error& error, std::error_code system_error,
                                      const std::string& message) {
    close(CloseReason{error, system_error, step, message});
}

// The sink may open again or destroy the connection, so nothing follows its call.
void Connection::Impl::close(const CloseReason& reason) {
    retire_link();
    opening.reset();
    step = ConnectionStep::closed;
    sink->on_closed(reason);
}

void Connection::Impl::abort() {
    drop_attempt();
    if (link) link->abandon();
    retire_link();
    opening.reset();
    step = ConnectionStep::closed;
}

void Connection::Impl::drop_attempt() {
    if (!attempt) return;
    attempt->owner = nullptr;
    attempt->cancel.emit(asio::cancellation_type::terminal);
    attempt = nullptr;
}

void Connection::Impl::retire_link() {
    if (link) loop.retire(std::move(link));
}

// The public face.

Connection::Connection(ConnectionLoop& loop, ConnectionSink& sink)
    : impl_(std::make_unique<Impl>(loop.loop(), sink)) {}

Connection::~Connection() {
    if (!impl_) return;
    impl_->abort();
    net::Loop& loop = impl_->loop;
    loop.retire(std::move(impl_));
}

Connection::Connection(Connection&&) noexcept = default;

Connection& Connection::operator=(Connection&& other) noexcept {
    Connection old(std::move(*this));
    impl_ = std::move(other.impl_);
    return *this;
}

namespace {

core::Session* state_of(ClientSession* session) {
    return session != nullptr ? &session->state() : nullptr;
}

}  // namespace

Status Connection::open(const ConnectOptions& options, ClientSession* session) {
    return impl_->open(Impl::Opening::copy(options), state_of(session));
}

Status Connection::open(const ConnectOptions& options, core::Session& session) {
    return impl_->open(Impl::Opening::copy(options), &session);
}

Status Connection::open(const ConnectOptions* options, std::string_view client_id,
                        ClientSession* session) {
    auto opening = std::make_unique<Impl::Opening>();
    opening->options = options;
    opening->client_id = client_id;
    return impl_->open(std::move(opening), state_of(session));
}

void Connection::announce_bridge(bool on) {
    impl_->is_bridge = on;
}

SendResult Connection::publish(const PublishRequest& request, std::uint64_t token) {
    if (!impl_->link) return {SendStatus::not_connected, 0};
    return impl_->link->publish(request, token);
}

BatchResult Connection::publish_batch(const PublishRequest& common, std::span<const Bytes> payloads,
                                      std::uint64_t first_token, std::size_t most_bytes,
                                      base::Counted* owner) {
    if (!impl_->link) return {SendStatus::not_connected, 0};
    return impl_->link->publish_batch(common, payloads, first_token, most_bytes, owner);
}

bool Connection::has_send_quota() const {
    return impl_->link && impl_->link->protocol().has_send_quota();
}

std::size_t Connection::send_quota() const {
    return impl_->link ? impl_->link->protocol().send_quota() : 0;
}

void Connection::acknowledge(PacketId id, ReasonCode reason) {
    if (impl_->link) impl_->link->acknowledge(id, reason);
}

PacketId Connection::subscribe(FilterList filters, Properties properties) {
    return impl_->link ? impl_->link->subscribe(filters, properties) : PacketId{0};
}

PacketId Connection::unsubscribe(FilterList filters, Properties properties) {
    return impl_->link ? impl_->link->unsubscribe(filters, properties) : PacketId{0};
}

void Connection::auth(ReasonCode reason, Properties properties) {
    if (impl_->link) impl_->link->auth(reason, properties);
}

void Connection::disconnect(ReasonCode reason, Properties properties, Duration linger) {
    if (impl_->link) return impl_->link->disconnect(reason, properties, linger);
    if (!impl_->attempt) return;
    // The coroutine ends in its own time; the sink hears of it in a later turn, as for every end.
    Impl::Attempt* const attempt = impl_->attempt;
    attempt->given_up = true;
    attempt->cancel.emit(asio::cancellation_type::terminal);
}

void Connection::abort() {
    impl_->abort();
}

void Connection::flush() {
    if (impl_->link) impl_->link->driver().flush();
}

std::size_t Connection::backlog_bytes() const {
    return impl_->link ? impl_->link->driver().backlog_bytes() : 0;
}

bool Connection::is_blocked() const {
    return impl_->link && impl_->link->driver().is_blocked();
}

void Connection::pause_reading() {
    if (impl_->link) impl_->link->pause_reading();
}

void Connection::resume_reading() {
    if (impl_->link) impl_->link->resume_reading();
}

ConnectionStep Connection::step() const {
    return impl_->step;
}

ProtocolVersion Connection::version() const {
    return impl_->link ? impl_->link->protocol().version() : ProtocolVersion::v5;
}

ServerLimits Connection::limits() const {
    ServerLimits limits;
    if (!impl_->link) return limits;
    const core::PeerLimits& peer = impl_->link->protocol().peer_limits();
    limits.receive_maximum = peer.receive_maximum;
    limits.topic_alias_maximum = peer.topic_alias_maximum;
    limits.maximum_packet_size = peer.maximum_packet_size;
    limits.maximum_qos = peer.maximum_qos;
    limits.retain_available = peer.retain_available;
    limits.wildcard_subscription_available = peer.wildcard_subscription_available;
    limits.subscription_identifiers_available = peer.subscription_identifiers_available;
    limits.shared_subscription_available = peer.shared_subscription_available;
    limits.keep_alive = std::chrono::seconds(impl_->link->protocol().keep_alive());
    return limits;
}

std::string_view Connection::peer_address() const {
    return impl_->link ? std::string_view(impl_->link->peer_address()) : std::string_view();
}

int Connection::descriptor() const {
    if (!impl_->link || !impl_->link->driver().is_open()) return -1;
    return impl_->link->driver().stream().descriptor();
}

ConnectionStats Connection::stats() const {
    ConnectionStats stats;
    if (!impl_->link) return stats;
    const core::Exchange::Counters& counters = impl_->link->counters();
    stats.bytes_received = impl_->link->driver().bytes_received();
    stats.bytes_sent = impl_->link->driver().bytes_sent();
    stats.publishes_received = counters.publishes_received;
    stats.publishes_sent = counters.publishes_sent;
    stats.acknowledged = impl_->link->delivered();
    return stats;
}

void Connection::set_packet_sink(const PacketSink* sink) {
    impl_->packet_sink = sink;
    if (impl_->link) impl_->link->set_packet_sink(sink);
}

net::Driver* Connection::driver() {
    return impl_->link ? &impl_->link->driver() : nullptr;
}

}  // namespace mqtt
