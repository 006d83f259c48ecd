// The half of MQTT that is the same for client and server: PUBLISH and its acknowledgements in both
// directions, quotas, topic aliases, order of acknowledgements. Base of ClientProtocol and
// ServerProtocol; sans-I/O: time is an argument, output goes to the OutBuffer given.
#pragma once

#include <cstdint>
#include <memory>

#include "base/consumed.hpp"
#include "core/encode.hpp"
#include "core/session.hpp"
#include "mqtt/error.hpp"

namespace mqtt::core {

// What the receiver of a PUBLISH says to it. QoS 0 ignores it.
struct AckDecision {
    ReasonCode reason = ReasonCode::success;
    bool deferred = false;  // acknowledge() comes later; order of acknowledgements is kept
    static AckDecision now(ReasonCode reason = ReasonCode::success) { return {reason, false}; }
    static AckDecision later() { return {ReasonCode::success, true}; }
};

// Events common to both roles. During a callback the owner may publish, acknowledge, disconnect on
// this or any other protocol object; it must not call feed or destroy the object.
class ExchangeSink {
public:
    // A message for the owner, its alias resolved (topic is never empty), duplicates of QoS 2 already
    // removed. Views die when the call returns.
    virtual AckDecision on_publish(const Publish& publish) = 0;
    // An outgoing QoS 1/2 message is finished: acknowledged, or refused by an error code.
    virtual void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) = 0;
    // The send window has room again (called once per batch of acknowledgements, not per one).
    virtual void on_send_quota() = 0;
    virtual void on_auth(const Auth& auth) = 0;
    // The peer broke a rule, or a deadline passed: the reaction that the standard names is staged in
    // the output already; the owner closes gracefully. Nothing is parsed after this.
    virtual void on_protocol_error(const Error& error) = 0;

protected:
    ~ExchangeSink() = default;
};

enum class SendStatus : std::uint8_t {
    sent,
    no_quota,          // Receive Maximum or packet ids are used up: queue it, on_send_quota follows
    too_large,         // over the receiver's Maximum Packet Size: drop for this one [MQTT-3.1.2-24]
    not_connected,
};

struct SendResult {
    SendStatus status = SendStatus::sent;
    PacketId id = 0;  // QoS 1/2
};

// Limits that one side announces to the other (CONNECT or CONNACK properties, or defaults).
struct PeerLimits {
    std::uint16_t receive_maximum = 65'535;
    std::uint16_t topic_alias_maximum = 0;
    std::uint32_t maximum_packet_size = 0;  // 0: no limit
    QoS maximum_qos = QoS::exactly_once;
    bool retain_available = true;
    bool wildcard_subscription_available = true;
    bool subscription_identifiers_available = true;
    bool shared_subscription_available = true;
};

class Exchange {
public:
    // Sends one message now or says why not. QoS 0 never waits for quota. `keep` (QoS 1/2) is what a
    // resend after reconnecting needs; null: cannot be resent. `publish.id`, `.dup`, `.topic_alias`
    // and `.omit_topic` are set here.
    SendResult publish(OutgoingPublish& publish, const MessageRef& keep, std::uint64_t token);
    bool has_send_quota() const;

    // Completes an AckDecision::later() of a QoS 1/2 message received on this connection.
    void acknowledge(PacketId id, ReasonCode reason = ReasonCode::success);

    // Stages DISCONNECT (5.0, or the client's normal one in 3.x) and stops parsing.
    void disconnect(ReasonCode reason, Properties properties = {});
    void auth(ReasonCode reason, Properties properties = {});

    ProtocolVersion version() const { return version_; }
    const PeerLimits& peer_limits() const { return peer_; }
    bool is_closing() const { return closing_; }
    Session* session() { return session_; }
    // Counters for $SYS, bench and logs.
    struct Counters {
        std::uint64_t packets_received = 0, packets_sent = 0;
        std::uint64_t publishes_received = 0, publishes_sent = 0;
    };

protected:
    // The roles drive these; see exchange.cpp for the rules they enforce.
    explicit Exchange(base::OutBuffer& out) : out_(&out) {}
    ~Exchange();

    struct Aliases;    // both directions; allocated when one is used
    struct AckQueue;   // acknowledgements held back by a deferred one; allocated when needed

    base::OutBuffer* out_;
    Session* session_ = nullptr;
    PeerLimits peer_;
    std::unique_ptr<Aliases> aliases_;
    std::unique_ptr<AckQueue> acks_;
    std::uint16_t own_receive_maximum_ = 65'535;
    std::uint16_t receive_in_use_ = 0;  // QoS 1/2 PUBLISH received and not yet acknowledged
    ProtocolVersion version_ = ProtocolVersion::v5;
    bool closing_ = false;
    bool connected_ = false;
    bool quota_was_exhausted_ = false;
};

}  // namespace mqtt::core
