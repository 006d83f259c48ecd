// The half of MQTT that is the same for client and server: PUBLISH and its acknowledgements in both
// directions, quotas, topic aliases, order of acknowledgements. Base of ClientProtocol and
// ServerProtocol; sans-I/O: time is an argument, output goes to the OutBuffer given.
// What only one role does (CONNECT, SUBSCRIBE, keep-alive) does not live here.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/consumed.hpp"
#include "core/ack_queue.hpp"
#include "core/encode.hpp"
#include "core/frame.hpp"
#include "core/legality.hpp"
#include "core/session.hpp"
#include "mqtt/error.hpp"

namespace mqtt::core {

struct TopicAliases;

// What the receiver of a PUBLISH says to it. QoS 0 ignores it.
struct AckDecision {
    ReasonCode reason = ReasonCode::success;
    bool deferred = false;       // acknowledge() comes later; order of acknowledgements is kept
    std::string_view text = {};  // static; the Reason String of a refusal, for those who want it
    static AckDecision now(ReasonCode reason = ReasonCode::success) { return {reason, false}; }
    static AckDecision refused(ReasonCode reason, std::string_view text) {
        return {reason, false, text};
    }
    static AckDecision later() { return {ReasonCode::success, true}; }
};

// Events common to both roles. During a callback the owner may publish, acknowledge, disconnect on
// this or any other protocol object; it must not call feed or destroy the object.
class ExchangeSink {
public:
    // A message for the owner, its alias resolved (topic is never empty), duplicates of QoS 2 already
    // removed; a server is not shown the alias when it is the only property. Views die when the call
    // returns. An error reason refuses a QoS 1/2 message (5.0; 3.x
    // has no way to say so and acknowledges it as usual).
    virtual AckDecision on_publish(const Publish& publish) = 0;
    // An outgoing QoS 1/2 message is finished: acknowledged, or refused by an error code. For QoS 2
    // `reason` is what PUBREC said.
    virtual void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) = 0;
    // An outgoing QoS 2 message has arrived (PUBREC with success); PUBREL is not staged yet.
    virtual void on_received(PacketId id, std::uint64_t token) {
        static_cast<void>(id), static_cast<void>(token);
    }
    // PUBREL came: the id of a received QoS 2 message is free again; PUBCOMP is not staged yet.
    virtual void on_released(PacketId id) { static_cast<void>(id); }
    // The send window has room again (called once per batch of acknowledgements, not per one).
    virtual void on_send_quota() = 0;
    virtual void on_auth(const Auth& auth) = 0;
    // The peer broke a rule, or a deadline passed: the reaction that the standard names is staged in
    // the output already; the owner closes gracefully. Nothing is parsed after this. Called once.
    virtual void on_protocol_error(const Error& error) = 0;

protected:
    ~ExchangeSink() = default;
};

enum class SendStatus : std::uint8_t {
    sent,
    no_quota,       // Receive Maximum or packet ids are used up: queue it, on_send_quota follows
    too_large,      // over the receiver's Maximum Packet Size: drop for this one [MQTT-3.1.2-25]
    not_connected,  // before CONNACK, or closing
    not_supported,  // QoS or RETAIN that the server said it does not take [MQTT-3.2.2-11]
};

struct SendResult {
    SendStatus status = SendStatus::sent;
    PacketId id = 0;  // QoS 1/2
};

// How many of a batch were sent, from its first on, and why not more (`sent`: all, or as many bytes as were
// to be staged).
struct BatchResult {
    SendStatus status = SendStatus::sent;
    std::size_t count = 0;
};

// Limits that one side announces to the other (CONNECT or CONNACK properties, or defaults).
struct PeerLimits {
    std::uint16_t receive_maximum = 65'535;
    std::uint16_t topic_alias_maximum = 0;
    std::uint32_t maximum_packet_size = 0;  // 0: no limit
    QoS maximum_qos = QoS::exactly_once;
    bool retain_available : 1 = true;
    bool wildcard_subscription_available : 1 = true;
    bool subscription_identifiers_available : 1 = true;
    bool shared_subscription_available : 1 = true;
};
static_assert(sizeof(PeerLimits) == 12);

class Exchange {
public:
    // Packets that went through, PUBLISH and all. One object may serve all connections of a loop.
    struct Counters {
        std::uint64_t packets_received = 0, packets_sent = 0;
        std::uint64_t publishes_received = 0, publishes_sent = 0;
    };

    // Sends one message now or says why not. QoS 0 never waits for quota. `keep` (QoS 1/2) is what a
    // resend after reconnecting needs; null: cannot be resent. `publish.id`, `.dup`, `.topic_alias`
    // and `.omit_topic` are set here.
    SendResult publish(OutgoingPublish& publish, const MessageRef& keep, std::uint64_t token);
    // Sends messages that are `common` but for their payloads, until `most_bytes` are staged. With QoS 1/2 their
    // tokens count from `first_token`, and none is kept: who wants them sent again gives the session their
    // messages before it is resumed. `common` is used up.
    BatchResult publish_batch(OutgoingPublish& common, std::span<const Bytes> payloads,
                              std::uint64_t first_token, std::size_t most_bytes);
    bool has_send_quota() const;
    std::size_t send_quota() const;  // how many QoS 1/2 messages could be sent now
    // At most `window` unfinished QoS 1/2 messages, besides the peer's Receive Maximum (which 3.x
    // lacks). Not 0. Set it before the connection is established.
    void limit_send_window(std::uint16_t window) { send_window_ = window; }

    // Completes an AckDecision::later() of a QoS 1/2 message received on this connection, after
    // on_publish returned. It leaves when all earlier ones are decided. Unknown ids are ignored: they
    // belong to a connection that is gone.
    void acknowledge(PacketId id, ReasonCode reason = ReasonCode::success);

    // Stages DISCONNECT and stops parsing: 5.0, or a client's normal one in 3.x (where the packet
    // always means "discard the will", so that other reasons just end the connection). A reason that
    // this role may not send is replaced by the nearest one. Once closing nothing more is staged.
    // [MQTT-3.14.4-1] [MQTT-3.14.0-1]
    void disconnect(ReasonCode reason, Properties properties = {});
    // Stages AUTH, if CONNECT named a method. [MQTT-4.12.0-6] [MQTT-4.12.0-7]
    void auth(ReasonCode reason, Properties properties = {});

    // Within a callback: feed returns after this packet, the rest stays unread until it is fed again.
    void pause() { paused_ = true; }

    ProtocolVersion version() const { return version_; }
    const PeerLimits& peer_limits() const { return peer_; }
    bool is_connected() const { return connected_; }
    bool is_closing() const { return closing_; }
    Session* session() { return session_; }
    // `counters` outlives the object; null: nothing is counted.
    void count_in(Counters* counters) { counters_ = counters; }

    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

protected:
    Exchange(base::OutBuffer& out, Role role);
    ~Exchange();

    // Forgets everything about the connection before; limits are the defaults again.
    void reset();
    // The connection stands: exchanges of `session` that are unfinished are sent again, as far as
    // the quota allows, the rest when it does. [MQTT-4.4.0-1]
    void resume(Session& session, TimePoint now);

    void receive_publish(const Frame& frame, ExchangeSink& sink);
    void receive_ack(const Frame& frame, TimePoint now, ExchangeSink& sink);
    void receive_auth(const Frame& frame, ExchangeSink& sink);
    // A rule was broken: DISCONNECT when the standard allows one, closing, on_protocol_error.
    void fail(const Error& error, ExchangeSink& sink);
    void report(const Error& error, ExchangeSink& sink);  // the same without DISCONNECT
    // After a batch of packets: tells that the window opened.
    void finish_batch(std::uint64_t packets, ExchangeSink& sink);

    // Stages `packet` if it fits into the peer's Maximum Packet Size, otherwise without Reason String
    // and User Properties, otherwise not at all (false). [MQTT-3.2.2-19] [MQTT-3.14.2-3] and kin
    bool stage(Packet packet, bool strip_problem_information = false);
    void stage_short(PacketType type);  // PINGREQ, PINGRESP and the like: two bytes
    void count_sent() {
        if (counters_ != nullptr) ++counters_->packets_sent;
    }

    template <class Protocol, class Sink>
    base::Consumed feed_frames(Protocol& protocol, Bytes bytes, TimePoint now, Sink& sink);

    base::OutBuffer* out_;
    Session* session_ = nullptr;
    Counters* counters_ = nullptr;

private:
    bool resolve_properties(Publish& publish, ExchangeSink& sink);
    bool resolve_alias(Publish& publish, std::uint16_t number, ExchangeSink& sink);
    bool define_alias(std::string_view topic, std::uint16_t number, ExchangeSink& sink);
    bool has_receive_quota() const;
    void receive_qos1(const Publish& publish, ExchangeSink& sink);
    void receive_qos2(const Publish& publish, ExchangeSink& sink);
    void decide(const Publish& publish, const AckDecision& decision);

    static constexpr std::uint8_t kPubackByte = static_cast<std::uint8_t>(PacketType::puback) << 4;
    // What acknowledgements mostly are: its id, for PUBACK in the short form; 0: look closer.
    PacketId plain_puback(const Frame& frame) const {
        if (frame.size != 4) return PacketId{0};
        // The bytes themselves: type and flags would be read as one word that was just written as two.
        const std::uint8_t* const at = frame.body.data() - 2;
        const bool is_plain = at[0] == kPubackByte && connected_ && resend_pending_ == 0;
        return is_plain ? static_cast<PacketId>(at[2] << 8 | at[3]) : PacketId{0};
    }
    void receive_puback(PacketId id, ReasonCode reason, ExchangeSink& sink);
    void receive_pubrec(const Ack& ack, ExchangeSink& sink);
    void receive_pubrel(const Ack& ack, ExchangeSink& sink);
    void receive_pubcomp(const Ack& ack, ExchangeSink& sink);
    void finish(PacketId id, InflightEntry& entry, ReasonCode reason, ExchangeSink& sink);

    void answer(PacketType type, PacketId id, ReasonCode reason, std::string_view text = {});
    void stage_ack(PacketType type, PacketId id, ReasonCode reason, std::string_view text = {});
    std::uint8_t* stage_short_ack(PacketType type, PacketId id, std::uint8_t body_size);
    void stage_reason(PacketType type, PacketId id, ReasonCode reason, std::string_view text);
    void enqueue(const AckQueue::Entry& entry);
    void flush_acks();

    void choose_alias(OutgoingPublish& publish);
    bool fits(OutgoingPublish& publish) const;
    void resend_pending(TimePoint now);
    void resend(PacketId id, InflightEntry& entry, TimePoint now);

    // None until used: most connections need neither.
    std::unique_ptr<TopicAliases> aliases_;
    std::unique_ptr<AckQueue> acks_;
    std::uint16_t send_window_ = 65'535;
    std::uint16_t pubacks_waiting_ = 0;  // of QoS 1 messages received here, in acks_
    std::uint16_t inbox_at_start_ = 0;   // QoS 2 messages of earlier connections
    std::uint16_t send_in_use_ = 0;      // PUBLISH and resent PUBREL not finished by the peer
    std::uint16_t resend_pending_ = 0;   // of a resumed session, waiting for quota
    PacketId resend_from_ = 0;

protected:
    PeerLimits peer_;
    std::uint16_t own_receive_maximum_ = 65'535;
    std::uint16_t own_topic_alias_maximum_ = 0;
    ProtocolVersion version_ = ProtocolVersion::v5;
    const Role role_;
    QoS own_maximum_qos_ = QoS::exactly_once;
    bool own_retain_available_ : 1 = true;
    bool has_authentication_method_ : 1 = false;
    bool request_problem_information_ : 1 = true;
    bool quota_was_exhausted_ : 1 = false;
    bool closing_ = false;
    bool connected_ = false;
    bool authenticating_ = false;  // server: CONNECT seen, AUTH packets go back and forth
    bool paused_ = false;
};

}  // namespace mqtt::core
