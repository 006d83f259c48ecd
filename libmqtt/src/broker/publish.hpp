// The way of a message through the broker: retained store, match, one delivery per subscriber.
// The hot path: for a topic seen before, QoS 0 costs a hash look-up and one copy per subscriber.
// A core::Message is made only when somebody must keep the bytes, and then once.
#pragma once

#include <array>
#include <vector>

#include "base/out_buffer.hpp"
#include "broker/journal.hpp"
#include "broker/match_cache.hpp"
#include "broker/session.hpp"
#include "broker/shared_groups.hpp"
#include "core/message.hpp"

namespace mqtt::broker {

// A message to be distributed. Views: valid while publish() runs.
struct Publication {
    std::string_view topic;
    Properties properties;  // forwardable only
    Bytes payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    TimePoint expires_at = TimePoint::max();
    std::uint64_t publisher = 0;  // a session's number; 0: the broker itself
    // The same as a packet that receivers of these versions can be sent as it is; empty: there is none.
    Bytes packet = {};
    bool packet_has_properties = false;
};

class Publisher {
public:
    explicit Publisher(Shard& shard) : shard_(shard) {}

    // What limits and reserved topics say against a message or will of a client; success: nothing.
    struct Given {
        std::string_view topic;
        Properties properties;
        Bytes payload;
    };
    ReasonCode refusal(const Given& given, std::string_view client_id);
    // Stores it when retained and gives it to everybody who wants it, on other shards too.
    // success, no_matching_subscribers, or quota_exceeded (retained store full: not distributed).
    // `from`: whose right to publish it is asked for again when it is retained; null: nobody's.
    ReasonCode publish(const Publication& publication, const Session* from = nullptr);
    // To subscribers only, everywhere or on this shard: what came from another shard goes no
    // further. How many sessions, groups and shards want it.
    enum class Scope : std::uint8_t { everywhere, this_shard };
    std::size_t distribute(const Publication& publication, Scope scope);
    // To a session of this shard, chosen by the owner of its shared subscription.
    struct Chosen {
        std::uint64_t session = 0;  // its number
        SubscriptionOptions options;
        std::uint32_t id = 0;   // Subscription Identifier
        std::uint32_t tag = 0;  // of the Membership
        Readiness believed{};   // by the owner
    };
    void deliver_to_member(const Publication& publication, const Chosen& chosen);
    // To a member of a group of this shard; what another member, or its shard, has given back.
    void to_group(std::string_view shared_filter, const Publication& publication,
                  core::MessageRef message = {});
    // Takes from the session what was sent to it for the shared subscription `tag` and what another member can
    // have: QoS 1 if the session's connection is gone. [MQTT-4.8.2-5]
    std::vector<core::MessageRef> take_sent(Session& session, std::uint32_t tag);
    // For QoS 1 and 2.
    Readiness readiness(const Session& session) const;

    // At the start: what was on its way to one of the shards that the broker had then, for those who
    // were at home there and this shard's now.
    struct Home {
        std::uint64_t seed;
        unsigned shards;
        unsigned shard;
        bool has(std::string_view name) const;
    };
    void restore(const Publication& publication, const Home& home);

    // The client for whose full queue the acknowledgement of the last publish() has to wait
    // (QueueOverflow::block); null: none.
    const Session* overfilled() const { return overfilled_; }

    QoS delivered_qos(QoS of_message, QoS of_subscription) const;

    // Sends from the session's queue what its connection takes now.
    void drain(Session& session);
    // The first of its queue is sent, or never will be.
    void pop(Session& session);
    // The first of its queue ends here.
    void drop_first(Session& session);
    // Counts a message that a limit cost it.
    void drop_for(Session& session);
    // It needs its messages no more.
    void clear_queue(Session& session);
    // It loses its messages, which is counted.
    void throw_away(Session& session);

private:
    // One publication on its way, with what is worked out once for all its receivers.
    struct Delivery {
        const Publication& publication;
        core::MessageRef message = {};
        bool single = true;              // one target only: encoding ahead would not pay
        std::uint8_t encoded_kinds = 0;  // which of encoded_ are this publication
        std::size_t receivers = 0;
        StoredMessageRef stored = {};
    };
    // What one receiver's subscriptions ask for.
    struct Wish {
        QoS qos;
        bool retain;
        std::span<const std::uint32_t> ids;
        std::uint32_t shared_tag = 0;
    };

    void to_session(Delivery& delivery, Session& session, const Wish& wish);
    void qos0_to_session(Delivery& delivery, Session& session, const Wish& wish);
    void to_group(Delivery& delivery, SharedGroup& group);
    Readiness readiness(const Member& member, const Publication& publication) const;
    bool send(Delivery& delivery, Session& session, const Wish& wish, QoS qos);
    bool send_single(const Delivery& delivery, Peer& peer, bool retain);
    void enqueue(Delivery& delivery, Session& session, const Wish& wish, QoS qos);
    QueuedMessage queueable(Delivery& delivery, const Wish& wish, QoS qos);
    bool is_full(const Session& session, std::size_t more) const;
    bool make_room(const Delivery& delivery, Session& session, std::size_t size);
    void tell_drop(Session& session);
    Bytes ready_packet(Delivery& delivery, bool v5, const Wish& wish);
    Bytes encoded(Delivery& delivery, bool v5, bool retain);
    const core::MessageRef& message(Delivery& delivery);
    bool store_retained(const Publication& publication, const Session* from);

    Shard& shard_;
    Session* overfilled_ = nullptr;
    // QoS 0 for all its receivers, by version and retain: of the delivery that is under way. Not in Delivery,
    // which would have to be cleared for each message.
    std::array<base::OutBuffer, 4> scratch_;
    std::array<Bytes, 4> encoded_;
};

}  // namespace mqtt::broker
