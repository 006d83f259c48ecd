// One MQTT connection, low level: events by a sink, no queue, no reconnect, no allocation per message.
// For load generators, bridges and mqtt::Client; programs want client.hpp.
// What may not live here: sockets, Asio types, coroutines, policy of any kind.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <system_error>

#include "mqtt/error.hpp"
#include "mqtt/options.hpp"
#include "mqtt/packet.hpp"
#include "mqtt/stats.hpp"
#include "mqtt/types.hpp"

namespace asio {
class io_context;
}

namespace mqtt {

namespace base {
class Counted;
}
namespace net {
class Driver;
class Loop;
}  // namespace net
namespace core {
class Inflight;
class Message;
struct Session;
}  // namespace core

// One thread's world for any number of connections and clients. Everything but post() and stop() is
// called on the thread that runs it (or before anything runs).
//
// A turn handles all that is ready, then flushes every connection that has output, once.
class ConnectionLoop {
public:
    // With an event loop of its own (an edge-triggered descriptor set): run() drives it.
    ConnectionLoop();
    // On somebody's context, which must outlive this and be run by one thread: `context.run()` drives
    // it; run() and run_until() here do the same.
    explicit ConnectionLoop(asio::io_context& context);
    // Inside an existing loop of the library (bridges).
    explicit ConnectionLoop(net::Loop& loop);
    ~ConnectionLoop();
    ConnectionLoop(const ConnectionLoop&) = delete;
    ConnectionLoop& operator=(const ConnectionLoop&) = delete;

    // Runs turns until stop().
    void run();
    // Runs turns until `deadline` has passed or stop() is called, at least one turn, which does not
    // wait when the deadline is in the past. Late by about 50 us (a wake-up), never early but for
    // stop(). Output staged before the call is flushed at its start.
    void run_until(TimePoint deadline);
    // Any thread, also a signal-handling one (not a signal handler): run() or run_until() returns
    // when the present turn is over; when none runs, the next one returns after its first turn.
    void stop();
    // Any thread: runs `task` on the loop's thread, in a later turn.
    void post(std::function<void()> task);

    // Time at the start of the turn (steady clock). Cheap; up to one turn old.
    TimePoint now() const;
    // For timers, signals and other Asio objects that shall live on the same thread.
    asio::io_context& context();
    net::Loop& loop();  // for the library itself

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Exchanges that outlive a connection (unacknowledged QoS 1/2 messages, ids of received QoS 2
// messages): give the same one to consecutive connections of one client id. Belongs to one loop.
class ClientSession {
public:
    ClientSession();
    ~ClientSession();
    ClientSession(ClientSession&&) noexcept;
    ClientSession& operator=(ClientSession&&) noexcept;

    void clear();
    std::size_t outgoing_count() const;         // exchanges that we began and that are not complete
    core::Session& state() { return *state_; }  // for the library itself

private:
    std::unique_ptr<core::Session> state_;
};

// What to answer to a received QoS 1/2 message; QoS 0 ignores it.
struct AckDecision {
    ReasonCode reason = ReasonCode::success;  // errors: 5.0 only; 3.x answers success
    bool deferred = false;                    // acknowledge() follows; the order of PUBLISH is kept
    static AckDecision now(ReasonCode reason = ReasonCode::success) { return {reason, false}; }
    static AckDecision later() { return {ReasonCode::success, true}; }
};

// A message to send, as views: read during the call only, unless it has to be kept.
struct PublishRequest {
    std::string_view topic;  // must be valid (validate_topic_name); not checked again here
    Bytes payload;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    // QoS 1/2: keep a copy, so that a resumed session can send it again. One pooled allocation.
    bool keep = false;
    // 5.0: without topic alias (ours to choose), message expiry (below), subscription identifiers.
    Properties properties;
    std::optional<std::uint32_t> message_expiry_interval;  // seconds
    // For the library itself: what `keep` would make, made already; the views above are not read then.
    core::Message* kept = nullptr;
};

enum class SendStatus : std::uint8_t {
    sent,       // staged; flushed when the turn ends
    no_quota,   // Receive Maximum or packet ids are used up: on_send_quota() tells when to go on
    too_large,  // over the server's Maximum Packet Size [MQTT-3.2.2-15]
    not_connected,  // before CONNACK, or closing
    not_supported,  // QoS or RETAIN that the server does not take [MQTT-3.2.2-11] [MQTT-3.2.2-14]
};

struct SendResult {
    SendStatus status = SendStatus::sent;
    PacketId id = 0;  // QoS 1/2; 0 for QoS 0 and when not sent
};

// How many messages of a batch were sent, from its first on, and why not more; `sent`: all, or as many bytes
// as were to be staged.
struct BatchResult {
    SendStatus status = SendStatus::sent;
    std::size_t count = 0;
};

// What the server allows, by CONNACK; the defaults are those of the standard.
struct ServerLimits {
    std::uint16_t receive_maximum = 65'535;
    std::uint16_t topic_alias_maximum = 0;
    std::uint32_t maximum_packet_size = 0;  // 0: no limit
    QoS maximum_qos = QoS::exactly_once;
    bool retain_available = true;
    bool wildcard_subscription_available = true;
    bool subscription_identifiers_available = true;
    bool shared_subscription_available = true;
    std::chrono::seconds keep_alive{0};  // in force; 0: off
};

// How far a connection has come; in CloseReason: where it ended.
enum class ConnectionStep : std::uint8_t {
    resolve,
    connect,
    proxy,
    tls,
    websocket,
    connack,  // transport is ready, CONNECT is sent
    connected,
    closed,
};

// When the steps of opening were done.
struct ConnectTiming {
    TimePoint started;          // open()
    TimePoint transport_ready;  // TCP, TLS and WebSocket up; CONNECT goes out
    TimePoint connected;        // CONNACK has arrived
};

// Why and where a connection ended. `message` is a full sentence for people, with the next thing to
// try where there is one; it names the peer. Valid until the callback returns.
struct CloseReason {
    Error error;                   // ok: disconnect() was called, all was sent
    std::error_code system_error;  // of the operating system or TLS, when there is one
    ConnectionStep step = ConnectionStep::connected;
    std::string_view message;
};

// Events of one connection, on the loop's thread. During a callback any connection may be published
// to, acknowledged, disconnected, opened or destroyed, also this one. Views die when it returns.
class ConnectionSink {
public:
    // CONNACK with success. Refusals come as on_closed with refused_by_server.
    virtual void on_connected(const Connack& connack, const ConnectTiming& timing) {
        (void)connack, (void)timing;
    }
    // A message; `topic` is never empty, duplicates of QoS 2 are removed already.
    virtual AckDecision on_publish(const Publish& publish) {
        (void)publish;
        return AckDecision::now();
    }
    // A QoS 1/2 message is finished: PUBACK, PUBCOMP, or PUBREC with an error.
    virtual void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) {
        (void)id, (void)token, (void)reason;
    }
    // A QoS 2 message has arrived: PUBREC with success. PUBREL follows, and on_delivered.
    virtual void on_received(PacketId id, std::uint64_t token) { (void)id, (void)token; }
    // PUBREL of a received QoS 2 message has come: its id is free again. PUBCOMP follows.
    virtual void on_released(PacketId id) { (void)id; }
    // For the library itself: just before on_connected, the server has no session; `unfinished` is
    // forgotten when the call returns.
    virtual void on_session_lost(core::Inflight& unfinished) { (void)unfinished; }
    // All packets that came in one piece have been told of.
    virtual void on_read_end() {}
    // publish() would be accepted again after no_quota; once per batch of acknowledgements.
    virtual void on_send_quota() {}
    // Output that was stuck in the socket is drained below the low mark (after is_blocked()).
    virtual void on_writable() {}
    virtual void on_suback(const Suback& suback) { (void)suback; }
    virtual void on_unsuback(const Unsuback& unsuback) { (void)unsuback; }
    virtual void on_auth(const Auth& auth) { (void)auth; }
    // 5.0: the server says why it is going to close; on_closed follows.
    virtual void on_disconnect(const Disconnect& disconnect) { (void)disconnect; }
    // The end, exactly once per open(), never from inside open() or disconnect(). open() may be
    // called again from here.
    virtual void on_closed(const CloseReason& reason) { (void)reason; }

protected:
    ~ConnectionSink() = default;
};

// One connection at a time; may be opened again after on_closed. Belongs to its loop's thread.
// Destruction closes the socket at once, without a callback and without DISCONNECT (the server
// publishes the will).
class Connection {
public:
    // Both must outlive the connection.
    Connection(ConnectionLoop& loop, ConnectionSink& sink);
    ~Connection();
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;

    // Starts connecting; on_connected or on_closed follows within options.connect_timeout (plus one
    // timer tick of 100 ms). `options` is copied, and dropped again once connected. `session`, when
    // given, must outlive the connection.
    // Errors: already_connected; invalid_argument when the options contradict each other.
    Status open(const ConnectOptions& options, ClientSession* session = nullptr);
    // As above without copying: many connections with options that differ in the client id only.
    // `options` must stay until on_connected or on_closed.
    Status open(const ConnectOptions* options, std::string_view client_id,
                ClientSession* session = nullptr);
    // For the library itself: with the exchanges of a session of the broker.
    Status open(const ConnectOptions& options, core::Session& session);
    // Before open(): the level byte of CONNECT gets bit 0x80, by which mosquitto and we know bridges of
    // 3.x, whose messages are not sent back to them.
    void announce_bridge(bool on);

    // Stages one message. QoS 1/2: `token` comes back in on_delivered (or never, when the connection
    // ends first and the session is not resumed). Allocates nothing in steady state unless `keep`.
    SendResult publish(const PublishRequest& request, std::uint64_t token = 0);
    // Stages messages that are `common` but for their payloads, until `most_bytes` are staged: for many, at a
    // third of the cost. QoS 1/2: their tokens count from `first_token`, and none of them is kept. `owner`, for
    // the library itself: keeps the payloads alive, so that large ones need no copy.
    BatchResult publish_batch(const PublishRequest& common, std::span<const Bytes> payloads,
                              std::uint64_t first_token, std::size_t most_bytes,
                              base::Counted* owner = nullptr);
    bool has_send_quota() const;
    std::size_t send_quota() const;  // how many QoS 1/2 messages publish() would take now

    // Completes AckDecision::later() for a message received on this connection.
    void acknowledge(PacketId id, ReasonCode reason = ReasonCode::success);

    // 0: not connected, or no packet id is free. The answer comes by on_suback/on_unsuback.
    PacketId subscribe(FilterList filters, Properties properties = {});
    PacketId unsubscribe(FilterList filters, Properties properties = {});
    void auth(ReasonCode reason, Properties properties = {});

    // Sends DISCONNECT after all that is staged and closes when it is out, after `linger` at the
    // latest; on_closed follows. Before CONNACK: gives up.
    void disconnect(ReasonCode reason = ReasonCode::success, Properties properties = {},
                    Duration linger = std::chrono::seconds(10));
    // Closes at once without DISCONNECT and without a callback.
    void abort();

    // Writes staged output now instead of at the end of the turn.
    void flush();
    // Bytes staged or stuck in user space, not yet taken by the socket.
    std::size_t backlog_bytes() const;
    // The last flush filled the socket: on_writable() follows when it drains.
    bool is_blocked() const;

    // Stops and resumes reading (and with it the server, by TCP). While paused a missing PINGRESP
    // does not count as a lost link.
    void pause_reading();
    void resume_reading();

    ConnectionStep step() const;
    bool is_connected() const { return step() == ConnectionStep::connected; }
    ProtocolVersion version() const;
    ServerLimits limits() const;
    std::string_view peer_address() const;  // "127.0.0.1:1883"; empty before it is known
    // The socket, for options and queue lengths of the system; -1: there is none. It is not for
    // reading, writing or closing.
    int descriptor() const;
    ConnectionStats stats() const;

    // Told of every packet in either direction; of a received one before what it brings about. Null (default) costs
    // nothing. `sink` must outlive the connection.
    void set_packet_sink(const PacketSink* sink);
    // For the library itself; null before the transport is up.
    net::Driver* driver();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mqtt
