// See inner_client.hpp.
#include "broker/http/inner_client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "broker/shard.hpp"
#include "net/front_stream.hpp"
#include "net/plain_stream.hpp"
#include "net/socket.hpp"

namespace mqtt::broker::http {
namespace {

// The broker's end: whoever asks over HTTP is who its handshake proved.
class InnerStream final : public net::FrontStream {
public:
    InnerStream(int descriptor, net::PeerIdentity identity)
        : FrontStream(std::make_unique<net::PlainStream>(descriptor), {})
        , identity_(std::move(identity)) {}
    void identify(net::PeerIdentity& out) const override { out = identity_; }

private:
    net::PeerIdentity identity_;
};

ProtocolVersion version_for(const ListenerConfig& listener) {
    const auto& versions = listener.versions;
    const bool has_v5 = versions.empty() || std::find(versions.begin(), versions.end(),
                                                      ProtocolVersion::v5) != versions.end();
    return has_v5 ? ProtocolVersion::v5 : versions.front();
}

}  // namespace

InnerClient::InnerClient(Shard& shard, Owner& owner, int descriptor)
    : shard_(shard)
    , owner_(owner)
    , driver_(shard.loop(), std::make_unique<net::PlainStream>(descriptor), *this)
    , protocol_(driver_.out()) {}

InnerClient::~InnerClient() {
    shard_.loop().timers().cancel(*this);
    session_.clear();
}

std::unique_ptr<InnerClient> InnerClient::connect(Shard& shard, Owner& owner, const Caller& caller,
                                                  std::string_view address) {
    Admission::Seat seat;
    if (const auto over = shard.shared().admission.enter(caller.listener, {}, seat)) {
        shard.hit(*over, address);
        return nullptr;
    }
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        shard.shared().admission.leave(seat);
        return nullptr;
    }
    std::unique_ptr<InnerClient> client(new InnerClient(shard, owner, ends[0]));
    Peer::Origin origin{std::string(address), seat, shard.now() + shard.config().connect_timeout,
                        ReasonCode::success};
    auto stream = std::make_unique<InnerStream>(ends[1], caller.identity);
    shard.peers.add(std::move(stream), std::move(origin)).start({});
    client->begin(caller);
    return client;
}

void InnerClient::begin(const Caller& caller) {
    Connect connect;
    connect.version = version_for(shard_.config().listeners[caller.listener]);
    connect.keep_alive = 0;
    connect.client_id = caller.client_id;
    if (caller.has_name) connect.user_name = caller.user_name;
    driver_.start();
    protocol_.connect(connect, session_, shard_.now(), shard_.config().connect_timeout);
    driver_.mark_dirty();
}

bool InnerClient::subscribe(std::string_view filter, QoS qos) {
    FilterListBuilder filters(true);
    filters.add(filter, {.qos = qos, .retain_as_published = true});
    driver_.mark_dirty();
    return protocol_.subscribe(filters.view()) != 0;
}

bool InnerClient::publish(core::OutgoingPublish& publish) {
    driver_.mark_dirty();
    return protocol_.publish(publish, {}, 0).status == core::SendStatus::sent;
}

// Of a filter that nobody has: answered in the order of the packets.
void InnerClient::sync() {
    FilterListBuilder filters(false);
    filters.add("$sync");
    driver_.mark_dirty();
    protocol_.unsubscribe(filters.view());
}

void InnerClient::disconnect() {
    if (is_over_) return;
    is_over_ = true;
    protocol_.disconnect(ReasonCode::success);
    driver_.flush();
    driver_.abort();
}

void InnerClient::on_connack(const Connack& connack) {
    if (is_error(connack.reason)) return end(connack.reason);
    shard_.loop().set_timer(*this, protocol_.on_time(shard_.now(), *this));
    owner_.on_inner_connected();
}

void InnerClient::on_suback(const Suback& suback) {
    owner_.on_inner_subscribed(static_cast<ReasonCode>(suback.codes.front()));
}

void InnerClient::on_unsuback(const Unsuback&) {
    owner_.on_inner_synced();
}

void InnerClient::on_disconnect(const Disconnect& disconnect) {
    end(disconnect.reason);
}

core::AckDecision InnerClient::on_publish(const Publish& publish) {
    owner_.on_inner_message(publish);
    if (driver_.is_paused()) protocol_.pause();
    return core::AckDecision::now();
}

void InnerClient::on_delivered(PacketId, std::uint64_t, ReasonCode reason) {
    owner_.on_inner_published(reason);
}

void InnerClient::on_protocol_error(const Error& error) {
    end(error.reason);
}

base::Consumed InnerClient::on_bytes(Bytes bytes) {
    const base::Consumed consumed = protocol_.feed(bytes, shard_.now(), *this);
    if (driver_.is_open()) driver_.mark_dirty();
    return consumed;
}

void InnerClient::on_closed(std::error_code) {
    end(ReasonCode::unspecified_error);
}

void InnerClient::on_timer(TimePoint now) {
    shard_.loop().set_timer(*this, protocol_.on_time(now, *this));
    if (driver_.is_open()) driver_.mark_dirty();
}

void InnerClient::end(ReasonCode reason) {
    if (is_over_) return;
    is_over_ = true;
    owner_.on_inner_ended(reason);
}

}  // namespace mqtt::broker::http
