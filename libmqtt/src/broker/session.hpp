// What the broker keeps of a client beyond its connection: subscriptions, exchanges under way,
// queue, will. One per client id, on the shard that the id hashes to; knows no socket.
#pragma once

#include <memory>
#include <new>
#include <optional>
#include <string>

#include "broker/queue.hpp"
#include "broker/topic_tree.hpp"
#include "core/session.hpp"
#include "mqtt/types.hpp"
#include "net/timer_wheel.hpp"

namespace mqtt::broker {

class Peer;
class Shard;
struct Membership;
struct Session;

// Published when the connection ends in any way but an orderly DISCONNECT.
struct WillMessage {
    core::MessageRef message;
    std::optional<std::uint32_t> expiry_interval;  // seconds, counted from its publication
    std::uint32_t delay = 0;                       // seconds
};

// Who the client said it is, for rights that are checked later; outlives the connection.
struct Identity {
    std::string user_name;
    std::size_t listener = 0;
};

// The deadlines of a session whose client is away.
class Absence final : public net::Timer {
public:
    Absence(Shard& shard, Session& session) : shard_(shard), session_(session) {}
    TimePoint next() const { return will_at < ends_at ? will_at : ends_at; }
    void on_timer(TimePoint now) override;

    TimePoint will_at = TimePoint::max();
    TimePoint ends_at = TimePoint::max();

private:
    Shard& shard_;
    Session& session_;
};

struct Session final : Subscriber {
    // In one allocation with its client id. `number` says who published (No Local); never used
    // twice.
    static Session* create(std::string_view client_id, std::uint64_t number);
    static void operator delete(Session* session, std::destroying_delete_t);
    ~Session() = default;

    std::string_view client_id() const {
        return {reinterpret_cast<const char*>(this + 1), id_size_};
    }
    bool is_online() const { return peer != nullptr; }
    // Nothing needs to be kept for a resend.
    bool ends_with_connection() const { return expiry_interval == 0; }
    // Whether a message that is sent to it may be needed again: by itself, or by another member of the
    // shared group that it came through.
    bool keeps(QoS qos, std::uint32_t shared_tag) const {
        if (qos == QoS::at_most_once) return false;
        return !ends_with_connection() || (shared_tag != 0 && qos == QoS::at_least_once);
    }

    bool is_stored : 1 = false;    // the journal is told what happens to it
    bool is_fetching : 1 = false;  // the beginning of its queue is being read
    bool is_bridge : 1 = false;    // its peer is another broker: see bridge/bridge.hpp

private:
    std::uint16_t id_size_ = 0;  // here, where the base class leaves room

public:
    Peer* peer = nullptr;  // its connection; null while the client is away
    const std::uint64_t number;
    Queue queue;
    core::Session exchange;
    std::unique_ptr<Absence> absence;  // null while connected
    std::unique_ptr<WillMessage> will;
    std::unique_ptr<Identity> identity;  // null unless rights are checked
    Membership* memberships = nullptr;   // in shared groups
    std::uint32_t expiry_interval = 0;   // seconds; kNeverExpires
    std::uint32_t dropped = 0;           // messages that limits cost it

private:
    explicit Session(std::uint64_t n) : Subscriber(SubscriberKind::session), number(n) {}
};
// Part of what an idle connection costs, with its client id.
static_assert(sizeof(Session) <= 120);

}  // namespace mqtt::broker
