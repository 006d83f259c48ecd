// See client_json.hpp.
#include "broker/http/client_json.hpp"

#include "broker/http/json.hpp"
#include "broker/shard.hpp"
#include "net/socket.hpp"

namespace mqtt::broker::http {
namespace {

std::string_view version_text(ProtocolVersion version) {
    switch (version) {
    case ProtocolVersion::v3_1: return "3.1";
    case ProtocolVersion::v3_1_1: return "3.1.1";
    case ProtocolVersion::v5: break;
    }
    return "5.0";
}

// Asked when somebody looks: connections do not keep it.
std::string address_of(const Peer& peer) {
    net::PeerIdentity identity;
    peer.identify(identity);
    if (!identity.address.empty()) return identity.address;
    net::SocketAddress address;
    const int descriptor = peer.driver().stream().descriptor();
    return ::getpeername(descriptor, address.get(), &address.size) == 0 ? address.text()
                                                                        : std::string("unknown");
}

void append_connection(std::string& out, Peer& peer) {
    append_member(out, "version", version_text(peer.version()));
    append_member(out, "address", address_of(peer));
    append_member(out, "listener", std::uint64_t{peer.listener()});
    append_member(out, "keep_alive", std::uint64_t{peer.protocol().keep_alive()});
    append_member(out, "received_bytes", peer.driver().bytes_received());
    append_member(out, "sent_bytes", peer.driver().bytes_sent());
    append_member(out, "output_bytes", std::uint64_t{peer.driver().backlog_bytes()});
}

void append_options(std::string& out, SubscriptionOptions options) {
    append_member(out, "qos", std::uint64_t{static_cast<std::uint8_t>(options.qos)});
    if (options.no_local) append_flag(out, "no_local", true);
    if (options.retain_as_published) append_flag(out, "retain_as_published", true);
}

void append_subscriptions(std::string& out, const Session& session) {
    append_name(out, "subscriptions");
    out += '[';
    const auto begin = [&](std::string_view filter) {
        if (out.back() != '[') out += ',';
        out += '{';
        append_member(out, "filter", filter);
    };
    for (const Subscription* s = session.subscriptions; s != nullptr; s = s->next_of_subscriber) {
        begin(TopicTree::filter_of(*s->node));
        append_options(out, s->options);
        if (s->id != 0) append_member(out, "identifier", std::uint64_t{s->id});
        out += '}';
    }
    for (const Membership* m = session.memberships; m != nullptr; m = m->next_of_session) {
        begin(m->filter);
        out += '}';
    }
    out += ']';
}

std::uint64_t subscription_count(const Session& session) {
    std::uint64_t count = session.subscription_count;
    for (const Membership* m = session.memberships; m != nullptr; m = m->next_of_session)
        ++count;
    return count;
}

}  // namespace

bool is_connected(const Shard& shard, const Session& session) {
    return session.is_bridge ? shard.bridges.of(session).takes_qos0() : session.is_online();
}

void append_client(std::string& out, const Shard& shard, const Session& session,
                   bool with_subscriptions) {
    out += '{';
    append_member(out, "id", session.client_id());
    append_flag(out, "connected", is_connected(shard, session));
    if (session.is_bridge) append_flag(out, "bridge", true);
    if (session.identity) append_member(out, "user", session.identity->user_name);
    if (session.is_online()) append_connection(out, *session.peer);
    append_name(out, "session_expiry");
    out += session.expiry_interval == kNeverExpires ? "\"never\""
                                                    : std::to_string(session.expiry_interval);
    append_member(out, "queued_messages", std::uint64_t{session.queue.count()});
    append_member(out, "queued_bytes", std::uint64_t{session.queue.size_bytes()});
    append_member(out, "queued_bytes_on_disk", std::uint64_t{session.queue.bytes_on_disk()});
    append_member(out, "inflight", std::uint64_t{session.exchange.outgoing.publish_count()});
    append_member(out, "dropped", std::uint64_t{session.dropped});
    append_flag(out, "has_will", session.will != nullptr);
    append_member(out, "shard", std::uint64_t{shard.index()});
    append_member(out, "subscription_count", subscription_count(session));
    if (with_subscriptions) append_subscriptions(out, session);
    out += '}';
}

}  // namespace mqtt::broker::http
