// What goes into and comes out of mqtt::Client, as owned plain data: options, messages, results,
// state changes. Included by client.hpp; no behaviour here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/error.hpp"
#include "mqtt/options.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/properties.hpp"
#include "mqtt/types.hpp"

namespace mqtt {

// What the outgoing store does with a message that does not fit its limits.
enum class StoreFull : std::uint8_t {
    refuse,  // publish() completes with queue_full at once
    wait,  // publish() waits for room; submit() answers queue_full, when_ready() tells when to go on
};

// What happens to messages that were sent and not acknowledged when the server has lost the session.
enum class LostSession : std::uint8_t {
    send_again,  // as new messages: nothing is lost; a QoS 2 message may arrive twice
    fail,        // they complete with session_lost: nothing arrives twice
};

struct ClientOptions {
    ConnectOptions connect;
    // Called before each attempt with what it will use: a password that expires is renewed here. Runs on
    // the loop's thread, which waits. A sentence instead of nothing makes the attempt fail with
    // invalid_argument: the first one for good, later ones by the reconnect policy.
    std::function<std::string(ConnectOptions&)> before_attempt;
    ReconnectPolicy reconnect;
    // connect() goes on by the reconnect policy when its first attempt fails for a reason that time
    // may cure. Off: it completes with the first failure.
    bool retry_first_connect = false;

    // The outgoing store: messages from publish() or submit() until they are sent (QoS 0) or
    // acknowledged (QoS 1/2), offline or not. At least one message always fits.
    std::size_t outgoing_maximum_messages = 10'000;
    std::size_t outgoing_maximum_bytes = 64 * 1024 * 1024;
    StoreFull when_store_full = StoreFull::wait;
    LostSession when_session_lost = LostSession::send_again;

    // Messages received and not yet taken by receive(): above this reading pauses.
    std::size_t unread_maximum_bytes = 4 * 1024 * 1024;
    // Received QoS 1/2 messages are acknowledged by acknowledge() only.
    bool manual_acknowledgement = false;

    // From the call to SUBACK or UNSUBACK, reconnects included. 0: no limit.
    std::chrono::milliseconds subscribe_timeout{30'000};
    // From the call until a message is acknowledged, reconnects included. 0: no limit.
    std::chrono::milliseconds publish_timeout{0};
    // For request() without a time-out of its own.
    std::chrono::milliseconds request_timeout{30'000};
    // disconnect(): time to write out what is staged.
    std::chrono::milliseconds disconnect_timeout{10'000};

    LogSink log;               // connection events, warnings
    bool log_packets = false;  // a debug line per packet too
    PacketSink packet_sink;    // told of every packet, instead of a line
};

// What has become of a submitted QoS 1/2 message, for programs that keep a journal of their own.
enum class ExchangeStep : std::uint8_t {
    sent,      // PUBLISH is staged under this packet id
    received,  // QoS 2: PUBREC is here; the message must not be published again, only released
};

// A message to publish.
struct OutgoingMessage {
    std::string topic;
    std::string payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    PropertyList properties;  // 5.0; Message Expiry Interval counts from the call; no topic alias

    OutgoingMessage() = default;
    OutgoingMessage(std::string topic_name, std::string content, QoS quality = QoS::at_most_once,
                    bool keep_as_retained = false)
        : topic(std::move(topic_name))
        , payload(std::move(content))
        , qos(quality)
        , retain(keep_as_retained) {}
};

// Names a received message for acknowledge(). Good for the connection that it came on: later it is
// ignored, because the server sends the message again. Empty for QoS 0.
struct AckTicket {
    PacketId id = 0;
    std::uint32_t connection = 0;
    explicit operator bool() const { return id != 0; }
};

// A received message that its taker owns.
struct ReceivedMessage {
    std::string topic;
    std::string payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool dup = false;
    PropertyList properties;  // as received, without topic alias processing left to do
    AckTicket ticket;         // set when manual_acknowledgement is on
};

// A received message as views, for handlers that must be fast. Dies when the handler returns.
struct IncomingMessage {
    const Publish& publish;
    AckTicket ticket;
};

struct Subscription {
    std::string filter;
    SubscriptionOptions options;

    Subscription() = default;
    Subscription(std::string topic_filter, QoS qos = QoS::at_most_once)
        : filter(std::move(topic_filter)) {
        options.qos = qos;
    }
    Subscription(std::string topic_filter, SubscriptionOptions how)
        : filter(std::move(topic_filter))
        , options(how) {}
};

// `reason` and `properties` are those of CONNACK; `message` says in a sentence what failed.
struct ConnectReport {
    ReasonCode reason = ReasonCode::success;
    bool session_present = false;
    ProtocolVersion version = ProtocolVersion::v5;  // in use, after a fall-back perhaps 3.1.1
    std::string client_id;                          // in use, perhaps assigned by the server
    std::string peer_address;
    PropertyList properties;
    std::string message;
};

// `reason` of PUBACK, PUBREC or PUBCOMP (QoS 0: success).
struct PublishResult {
    ReasonCode reason = ReasonCode::success;
};

// Of submit_batch(): the first `count` messages are taken. `status` tells why not all: queue_full (when_sendable()
// tells when to go on), or what is wrong with the message behind those; with all of them, when there are none.
struct SubmitResult {
    std::size_t count = 0;
    Status status;
};

// One code per filter, in order: granted QoS or an error.
struct SubscribeResult {
    std::vector<ReasonCode> reasons;
    PropertyList properties;
};

// One code per filter, in order; 3.x: all success.
struct UnsubscribeResult {
    std::vector<ReasonCode> reasons;
    PropertyList properties;
};

enum class ClientState : std::uint8_t {
    idle,  // before connect(), after disconnect()
    connecting,
    connected,
    waiting,  // for the next attempt
    gave_up,  // by the policy, or because trying again cannot help; connect() starts anew
};

// For a truthful connection log. Views die when the handler returns.
struct StateChange {
    ClientState state = ClientState::idle;
    Error error;                 // waiting, gave_up: why
    std::string_view message;    // waiting, gave_up: the same as a sentence; connected: the peer
    bool was_connected = false;  // waiting, gave_up: a connection was lost; else an attempt failed
    int attempt = 0;             // consecutive attempts without success, this one included
    std::chrono::milliseconds retry_in{0};  // waiting
    const Connack* connack = nullptr;       // connected
};

}  // namespace mqtt
