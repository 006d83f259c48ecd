// See link.hpp. Every path that ends a link goes through finish(), once.
#include "client/link.hpp"

#include "client/close_text.hpp"
#include "client/packet_log.hpp"
#include "net/loop.hpp"

namespace mqtt::client {

namespace {

class NullSink final : public ConnectionSink {};
NullSink null_sink;

// After our DISCONNECT is out the server has this long to close its side.
constexpr Duration kPatience = std::chrono::seconds(1);

// Each field comes from one place only: what was just written in halves is slow to read as a whole.
core::OutgoingPublish to_outgoing(const PublishRequest& request, const core::MessageRef& kept) {
    core::OutgoingPublish publish;
    if (kept) {
        publish.topic = kept->topic();
        publish.properties = kept->properties();
        publish.payload = kept->payload();
        publish.owner = kept;
    } else {
        publish.topic = request.topic;
        publish.properties = request.properties;
        publish.payload = request.payload;
    }
    publish.qos = request.qos;
    publish.retain = request.retain;
    publish.message_expiry_interval = request.message_expiry_interval;
    return publish;
}

core::MessageRef keep(const PublishRequest& request) {
    core::Message::Init init;
    init.topic = request.topic;
    init.properties = request.properties;
    init.payload = request.payload;
    init.qos = request.qos;
    init.retain = request.retain;
    if (request.message_expiry_interval) {
        init.expires_at = Clock::now() + std::chrono::seconds(*request.message_expiry_interval);
    }
    return core::Message::create(init);
}

static_assert(static_cast<int>(SendStatus::sent) == static_cast<int>(core::SendStatus::sent));
static_assert(static_cast<int>(SendStatus::no_quota) ==
              static_cast<int>(core::SendStatus::no_quota));
static_assert(static_cast<int>(SendStatus::too_large) ==
              static_cast<int>(core::SendStatus::too_large));
static_assert(static_cast<int>(SendStatus::not_connected) ==
              static_cast<int>(core::SendStatus::not_connected));
static_assert(static_cast<int>(SendStatus::not_supported) ==
              static_cast<int>(core::SendStatus::not_supported));

}  // namespace

struct Link::Ending {
    Error error;
    std::string message;
};

Link::Link(LinkOwner& owner, ConnectionSink& sink, net::Loop& loop,
           std::unique_ptr<net::ByteStream> stream, std::string peer_address)
    : owner_(&owner)
    , sink_(&sink)
    , driver_(loop, std::move(stream), *this)
    , protocol_(driver_.out())
    , peer_address_(std::move(peer_address)) {
    protocol_.count_in(&counters_);
}

Link::~Link() = default;

void Link::start(const Connect& connect, core::Session& session, Duration ping_timeout,
                 TimePoint deadline, Transport transport) {
    transport_ = transport;
    protocol_.connect(connect, session, Clock::now(), ping_timeout);
    driver_.start();
    driver_.loop().set_timer(*this, deadline);
    staged();
}

void Link::abandon() {
    owner_ = nullptr;
    sink_ = &null_sink;
    protocol_.disconnect(ReasonCode::success);  // stops parsing; what it stages goes nowhere
    driver_.loop().timers().cancel(*this);
    driver_.abort();
}

void Link::disconnect(ReasonCode reason, Properties properties, Duration linger) {
    if (closing_ || ending_) return;
    closing_ = true;
    if (protocol_.is_connected()) protocol_.disconnect(reason, properties);
    staged();
    closing_goal_ = driver_.bytes_sent() + driver_.backlog_bytes();
    closing_deadline_ = driver_.loop().now() + linger;  // as the driver reckons
    driver_.loop().set_timer(*this, Clock::now() + kPatience);
    driver_.close_gracefully(linger);
}

SendResult Link::publish(const PublishRequest& request, std::uint64_t token) {
    core::MessageRef kept(request.kept);
    if (!kept && request.keep && request.qos != QoS::at_most_once) kept = keep(request);
    core::OutgoingPublish publish = to_outgoing(request, kept);
    const core::SendResult result = protocol_.publish(publish, kept, token);
    if (result.status == core::SendStatus::sent) staged();
    return {static_cast<SendStatus>(result.status), result.id};
}

BatchResult Link::publish_batch(const PublishRequest& common, std::span<const Bytes> payloads,
                                std::uint64_t first_token, std::size_t most_bytes,
                                base::Counted* owner) {
    core::OutgoingPublish publish = to_outgoing(common, {});
    publish.owner = base::KeepAliveRef(owner);
    const core::BatchResult result =
        protocol_.publish_batch(publish, payloads, first_token, most_bytes);
    if (result.count != 0) staged();
    return {static_cast<SendStatus>(result.status), result.count};
}

void Link::acknowledge(PacketId id, ReasonCode reason) {
    protocol_.acknowledge(id, reason);
    staged();
}

PacketId Link::subscribe(FilterList filters, Properties properties) {
    const PacketId id = protocol_.subscribe(filters, properties);
    if (id != 0) staged();
    return id;
}

PacketId Link::unsubscribe(FilterList filters, Properties properties) {
    const PacketId id = protocol_.unsubscribe(filters, properties);
    if (id != 0) staged();
    return id;
}

void Link::auth(ReasonCode reason, Properties properties) {
    protocol_.auth(reason, properties);
    staged();
}

void Link::pause_reading() {
    if (in_feed_) protocol_.pause();
    driver_.pause_reading();
}

void Link::resume_reading() {
    driver_.resume_reading();
}

void Link::set_packet_sink(const PacketSink* sink) {
    log_ = sink != nullptr ? std::make_unique<PacketLog>(*sink) : nullptr;
}

// Whenever output may have been added.
void Link::staged() {
    if (driver_.out().empty() || !driver_.is_open()) return;
    protocol_.on_sent(driver_.loop().now());
    if (log_) log_->sent(driver_.out(), driver_.bytes_sent(), protocol_.version());
    driver_.mark_dirty();
}

net::Consumed Link::on_bytes(Bytes bytes) {
    shown_ = bytes;
    in_feed_ = true;
    const net::Consumed consumed =
        log_ ? feed_by_packet(bytes) : protocol_.feed(bytes, driver_.loop().now(), *this);
    in_feed_ = false;
    shown_ = {};
    sink_->on_read_end();
    staged();
    settle();
    return consumed;
}

// So that a packet is told of before what it brings about.
net::Consumed Link::feed_by_packet(Bytes bytes) {
    net::Consumed all;
    while (true) {
        const Bytes rest = bytes.subspan(all.bytes);
        const std::size_t size = log_->received(rest, protocol_.version());
        const net::Consumed one =
            protocol_.feed(size != 0 ? rest.first(size) : rest, driver_.loop().now(), *this);
        log_->consumed(one.bytes);
        all.bytes += one.bytes;
        all.needed = one.needed;
        if (size == 0 || one.bytes < size) return all;
    }
}

void Link::on_connack(const Connack& connack) {
    if (connack.reason != ReasonCode::success) {
        return fail(Error(Errc::refused_by_server, connack.reason),
                    refused_text(peer_address_, connack, protocol_.version()));
    }
    if (owner_) owner_->on_link_connected(connack);
    if (owner_) keep_alive(driver_.loop().now());
}

core::AckDecision Link::on_publish(const Publish& publish) {
    const AckDecision decision = sink_->on_publish(publish);
    return {decision.reason, decision.deferred};
}

void Link::on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) {
    ++delivered_;
    sink_->on_delivered(id, token, reason);
}

void Link::on_disconnect(const Disconnect& disconnect) {
    sink_->on_disconnect(disconnect);
    fail(Error(Errc::disconnected_by_server, disconnect.reason),
         disconnected_text(peer_address_, disconnect));
}

void Link::on_protocol_error(const Error& error) {
    if (const auto refusal = v3_refusal()) {
        return fail(Error(Errc::refused_by_server, refusal->reason, "in the form of MQTT 3.x"),
                    refused_text(peer_address_, *refusal, protocol_.version()));
    }
    if (error.code == Errc::not_mqtt) {
        return fail(error, not_mqtt_text(peer_address_, shown_, transport_));
    }
    Error told = error;
    // A code that the version has no meaning for is told as it came.
    const bool is_v3 = !has_properties(protocol_.version());
    if (is_v3 ? is_v3_connack() : error.detail.ends_with(" CONNACK")) {
        told.reason = static_cast<ReasonCode>(shown_.size() > 3 ? shown_[3] : 0);
    }
    fail(told, protocol_error_text(peer_address_, error));
}

bool Link::is_v3_connack() const {
    return !protocol_.is_connected() && shown_.size() >= 4 && shown_[0] == 0x20 && shown_[1] == 2 &&
           shown_[3] != 0;
}

// A server that knows 3.x only answers a CONNECT of 5.0 in its own form, which is none of 5.0.
std::optional<Connack> Link::v3_refusal() const {
    if (!is_v3_connack()) return std::nullopt;
    const auto reason = from_connack_v3(shown_[3]);
    if (!reason) return std::nullopt;
    return Connack{false, *reason, {}};
}

void Link::fail(const Error& error, std::string message) {
    if (ending_) return;
    ending_ = std::make_unique<Ending>();
    ending_->error = error;
    ending_->message = std::move(message);
}

// After feed or on_time: acts upon what was found out during it. A DISCONNECT of ours that names the
// server's fault is worth waiting for; a dead link or one that the server is closing is not.
void Link::settle() {
    if (!ending_ || !owner_ || in_feed_) return;
    const bool says_something = !driver_.out().empty();
    const bool is_dead = ending_->error.code == Errc::keep_alive_timeout;
    if (says_something && !is_dead && driver_.is_open()) return driver_.close_gracefully();
    const std::unique_ptr<Ending> ending = std::move(ending_);
    finish(ending->error, {}, ending->message);
}

// The driver says that the stream is at its end.
void Link::on_closed(std::error_code error) {
    if (!owner_) return;
    if (ending_) {
        const std::unique_ptr<Ending> ending = std::move(ending_);
        return finish(ending->error, {}, ending->message);
    }
    if (closing_) {
        if (driver_.bytes_sent() >= closing_goal_) return finish({}, {}, {});
        const bool late = Clock::now() >= closing_deadline_;
        return finish(Error(late ? Errc::timed_out : Errc::connection_closed), error,
                      unsent_text(peer_address_, closing_goal_ - driver_.bytes_sent()));
    }
    if (!protocol_.is_connected()) {
        return finish(Error(Errc::closed_before_connack), error,
                      closed_early_text(peer_address_, error, transport_, protocol_.version()));
    }
    finish(Error(error ? Errc::network_error : Errc::connection_closed), error,
           lost_text(peer_address_, error));
}

void Link::on_timer(TimePoint now) {
    if (closing_) return watch_closing(now);
    if (ending_) return;  // the driver lingers on its own
    if (protocol_.is_connected()) return keep_alive(now);
    fail(Error(Errc::timed_out, "no CONNACK"), no_connack_text(peer_address_, transport_));
    const std::unique_ptr<Ending> ending = std::move(ending_);
    finish(ending->error, {}, ending->message);
}

// The driver waits for the server to close, up to the whole linger time. When all is out long ago,
// that is none of our caller's time.
void Link::watch_closing(TimePoint now) {
    if (driver_.bytes_sent() >= closing_goal_) return finish({}, {}, {});
    driver_.loop().set_timer(*this, now + kPatience);
}

void Link::keep_alive(TimePoint now) {
    // Bytes of a packet that is still arriving prove the link as well as whole packets do.
    const std::uint64_t bytes = driver_.bytes_received();
    if (bytes != seen_bytes_ || driver_.is_paused()) protocol_.on_received(now);
    seen_bytes_ = bytes;
    TimePoint due = protocol_.on_time(now, *this);
    if (driver_.is_paused() && protocol_.keep_alive() != 0) {
        // PINGRESP cannot be seen now, so the protocol waits for it and sends no other PINGREQ; the
        // server must hear one all the same. [MQTT-3.1.2-20]
        static constexpr std::uint8_t kPingreq[] = {0xC0, 0x00};
        driver_.out().append(kPingreq);
        due = std::min(due, now + std::chrono::seconds(protocol_.keep_alive()) / 2);
    }
    driver_.loop().set_timer(*this, due);
    staged();
    settle();
}

void Link::finish(const Error& error, std::error_code system_error, const std::string& message) {
    LinkOwner* owner = owner_;
    if (!owner) return;
    abandon();
    owner->on_link_closed(error, system_error, message);
}

}  // namespace mqtt::client
