// The MQTT client for programs: asynchronous operations with Asio completion tokens, reconnect with
// sessions and resubscribing, a bounded outgoing store, request/response.
// Built on connection.hpp, which load generators use directly.
//
// Threads: operations (connect ... disconnect, the templates below) may be begun on any thread; all
// else belongs to the loop's thread. Handlers without an executor of their own run there.
//
// All operations share: handlers are never called from inside the call that begins the operation;
// every operation completes exactly once; destruction of the client completes those that are under way
// with `cancelled`. Error codes are Errc values (mqtt_category); last_error() has the sentence.
#pragma once

#include <asio/async_result.hpp>
#include <asio/dispatch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mqtt/client_types.hpp"
#include "mqtt/connection.hpp"
#include "mqtt/detail/completion.hpp"

namespace mqtt {

class Client {
public:
    // On a context of the caller, which must outlive the client and be run by one thread.
    Client(asio::io_context& context, ClientOptions options);
    // On a loop with other connections; it must outlive the client.
    Client(ConnectionLoop& loop, ClientOptions options);
    // Closes at once, without DISCONNECT (the server publishes the will). On the loop's thread, or
    // when no thread runs the loop any more; not from inside the handlers set by set_*_handler;
    // completion handlers may do it.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Connects, and stays connected by the reconnect policy until disconnect().
    //   Handler:   void(std::error_code, ConnectReport)
    //   Completes: at CONNACK with success; or when the attempt failed within options.connect_timeout
    //              (with retry_first_connect: when the policy gives up).
    //   Errors:    resolve_failed, connection_refused, host_unreachable, timed_out, tls_failed,
    //              tls_certificate_rejected, not_tls, not_mqtt, websocket_upgrade_failed, proxy_failed,
    //              closed_before_connack, refused_by_server (report.reason says why), network_error,
    //              invalid_argument (options), already_connected, cancelled.
    //   Cancels:   gives up connecting; the client is idle again.
    //   Requires:  state idle or gave_up.
    template <class Token>
    auto connect(Token&& token) {
        return initiate<ConnectReport>(&Client::start_connect, token);
    }

    // Publishes one message; offline it waits in the outgoing store.
    //   Handler:   void(std::error_code, PublishResult)
    //   Completes: QoS 0: when the message is staged on the connection (disconnect() sees that it gets
    //              out); QoS 1/2: when the exchange with the server is complete.
    //   Errors:    topic_name_invalid, packet_too_large, not_supported_by_server, invalid_argument,
    //              queue_full (policy refuse), refused_by_server (result.reason), session_lost (policy
    //              fail), timed_out (publish_timeout), not_connected (idle or gave_up), cancelled.
    //   Cancels:   a message not sent yet is dropped; one in flight may still arrive.
    //   Requires:  connect() was called. Messages leave in the order of the calls.
    template <class Token>
    auto publish(OutgoingMessage message, Token&& token) {
        return initiate<PublishResult>(&Client::start_publish, token, std::move(message));
    }

    // Subscribes; the filters are subscribed again whenever a session is lost.
    //   Handler:   void(std::error_code, SubscribeResult)
    //   Completes: at SUBACK; offline: at the SUBACK after reconnecting.
    //   Errors:    topic_filter_invalid, not_supported_by_server, invalid_argument (no filter),
    //              refused_by_server (every filter was refused; reasons per filter), timed_out,
    //              not_connected, cancelled.
    //   Cancels:   the answer is ignored; the subscription may exist.
    //   Requires:  connect() was called.
    template <class Token>
    auto subscribe(std::vector<Subscription> subscriptions, Token&& token) {
        return subscribe(std::move(subscriptions), PropertyList(), std::forward<Token>(token));
    }
    template <class Token>
    auto subscribe(std::vector<Subscription> subscriptions, PropertyList properties,
                   Token&& token) {
        return initiate<SubscribeResult>(&Client::start_subscribe, token, std::move(subscriptions),
                                         std::move(properties));
    }

    // Unsubscribes.
    //   Handler:   void(std::error_code, UnsubscribeResult)
    //   Completes: at UNSUBACK; offline: at the UNSUBACK after reconnecting.
    //   Errors, cancels, requires: as subscribe().
    template <class Token>
    auto unsubscribe(std::vector<std::string> filters, Token&& token) {
        return unsubscribe(std::move(filters), PropertyList(), std::forward<Token>(token));
    }
    template <class Token>
    auto unsubscribe(std::vector<std::string> filters, PropertyList properties, Token&& token) {
        return initiate<UnsubscribeResult>(&Client::start_unsubscribe, token, std::move(filters),
                                           std::move(properties));
    }

    // Takes the next received message, in order of arrival. Without a message handler only.
    //   Handler:   void(std::error_code, ReceivedMessage)
    //   Completes: when there is a message; several calls are served in order.
    //   Errors:    not_connected (idle or gave_up, and nothing left to take), cancelled.
    //   Cancels:   no message is lost.
    //   Requires:  connect() was called.
    template <class Token>
    auto receive(Token&& token) {
        return initiate<ReceivedMessage>(&Client::start_receive, token);
    }

    // Publishes a request with a response topic and correlation data of the client's making, and waits
    // for the response (MQTT 5.0). The response topic is subscribed once, at the first request.
    //   Handler:   void(std::error_code, ReceivedMessage)
    //   Completes: when the response has arrived.
    //   Errors:    those of publish() and subscribe(); timed_out when `timeout` passes (default:
    //              options.request_timeout); refused_by_server with no_matching_subscribers when the
    //              server says that nobody is there to answer; unsupported_protocol_version on 3.x.
    //   Cancels:   a late response is dropped.
    //   Requires:  connected or reconnecting; `message` has neither of the two properties.
    template <class Token>
    auto request(OutgoingMessage message, Token&& token) {
        return request(std::move(message), std::chrono::milliseconds(0),
                       std::forward<Token>(token));
    }
    template <class Token>
    auto request(OutgoingMessage message, std::chrono::milliseconds timeout, Token&& token) {
        return initiate<ReceivedMessage>(&Client::start_request, token, std::move(message),
                                         timeout);
    }

    // Waits until the outgoing store has room (below half of its limits): how a producer keeps pace.
    //   Handler:   void(std::error_code)
    //   Completes: at once when there is room, also offline.
    //   Errors:    not_connected (idle or gave_up), cancelled.
    template <class Token>
    auto when_ready(Token&& token) {
        return initiate<>(&Client::start_when_ready, token);
    }

    // Waits until the outgoing store is empty: all is sent, and acknowledged where it is to be.
    //   Handler:   void(std::error_code)
    //   Errors:    not_connected (idle or gave_up with messages left), cancelled.
    template <class Token>
    auto when_drained(Token&& token) {
        return initiate<>(&Client::start_when_drained, token);
    }

    // Sends what is staged, then DISCONNECT, and closes. Messages that wait in the store and other
    // operations complete with `cancelled` (use when_drained() before).
    //   Handler:   void(std::error_code)
    //   Completes: when the connection is closed, after options.disconnect_timeout at the latest.
    //   Errors:    timed_out (not everything could be written), network_error. Idle: success at once.
    template <class Token>
    auto disconnect(Token&& token) {
        return disconnect(ReasonCode::success, PropertyList(), std::forward<Token>(token));
    }
    template <class Token>
    auto disconnect(ReasonCode reason, PropertyList properties, Token&& token) {
        return initiate<>(&Client::start_disconnect, token, reason, std::move(properties));
    }

    // --- The fast path: no operation, no handler object per message. Loop's thread. ---

    // Takes a message into the store or sends it at once. Errors: those of publish() that can be seen
    // at once, and queue_full (when_ready() tells when to go on). `token` comes back in the delivery
    // handler, exactly once when the result is ok; for QoS 0 perhaps before this returns.
    Status submit(const PublishRequest& request, std::uint64_t token = 0);
    // Called for every submitted message when it is finished, inline: must not destroy the client.
    using DeliveryHandler =
        std::function<void(std::uint64_t token, std::error_code error, ReasonCode reason)>;
    void set_delivery_handler(DeliveryHandler handler);

    // Many messages that are `common` but for their payloads, at a third of the cost of submit(): nothing is
    // copied before it goes to the socket. Connected, it takes as many of the first as window and socket
    // take now; without a connection as many as find room in the store, which copies them. The bytes of the
    // payloads must stay as they are while a copy of `owner` is held. `token` names the batch to the handler.
    SubmitResult submit_batch(const PublishRequest& common, std::span<const Bytes> payloads,
                              std::shared_ptr<const void> owner, std::uint64_t token = 0);
    // `count` messages of a batch have ended alike, inline; with QoS 0 before submit_batch() returns. Together
    // the counts of a token are what submit_batch() took. Must not destroy the client.
    using BatchHandler = std::function<void(std::uint64_t token, std::error_code error,
                                            ReasonCode reason, std::size_t count)>;
    void set_batch_handler(BatchHandler handler);
    // Waits until submit() and submit_batch() take something: with a connection, until it would go out at once. For
    // producers with a small window, who may not wait until half of it is free.
    //   Handler:   void(std::error_code)
    //   Errors:    not_connected (idle or gave_up), cancelled.
    template <class Token>
    auto when_sendable(Token&& token) {
        return initiate<>(&Client::start_when_sendable, token);
    }

    // --- Exchanges that outlive the process: for programs that journal what they submit. ---

    // Called inline at every step of a submitted QoS 1/2 message, before anything of it goes to the
    // socket: what the handler writes down is true after a crash at any later moment. A message that
    // is sent again on a new session is told of again, with its new id. Its end is the delivery
    // handler's.
    using ExchangeHandler =
        std::function<void(std::uint64_t token, PacketId id, ExchangeStep step)>;
    void set_exchange_handler(ExchangeHandler handler);
    // Puts back a QoS 1/2 message that an earlier process submitted and did not see the end of, as
    // far as the exchange handler told. Before connect() with clean_start off, in order of sending.
    // In the resumed session it is sent again with DUP, or only released; without one it goes by
    // `when_session_lost`, and a received one is delivered.
    // Errors: those of submit(); invalid_argument when `id` does not lie behind the one before.
    Status restore(const PublishRequest& request, PacketId id, ExchangeStep step,
                   std::uint64_t token);

    // Received messages as views, inline, instead of receive(). With manual acknowledgement the
    // decision may be later(); else it is taken as it is: now(error) refuses the message in 5.0.
    using MessageHandler = std::function<AckDecision(const IncomingMessage& message)>;
    void set_message_handler(MessageHandler handler);
    // Messages that match no filter that was subscribed here (a resumed session of another run, a
    // server's mistake). They are acknowledged in any case. Without this handler they go where all
    // messages go: nothing is dropped.
    using CatchAllHandler = std::function<void(const IncomingMessage& message)>;
    void set_catch_all_handler(CatchAllHandler handler);
    // Acknowledges a message received with manual_acknowledgement. Stale tickets are ignored.
    void acknowledge(AckTicket ticket, ReasonCode reason = ReasonCode::success);

    // --- What goes on. Loop's thread. ---

    // Called at every change of state, inline: must not destroy the client.
    using StateHandler = std::function<void(const StateChange& change)>;
    void set_state_handler(StateHandler handler);
    // Called when the server has lost the session and does not grant a filter again, which is forgotten then.
    using RefusalHandler = std::function<void(std::string_view filter, ReasonCode reason)>;
    void set_refusal_handler(RefusalHandler handler);
    ClientState state() const;
    bool is_connected() const { return state() == ClientState::connected; }
    // Of the connection in being, or of the last one.
    ProtocolVersion version() const;
    ServerLimits limits() const;
    const std::string& client_id() const;
    const Error& last_error() const;
    // The last failure as a sentence with the next thing to try; empty when there was none.
    const std::string& last_error_message() const;
    ClientStats stats() const;
    asio::io_context& context() const;

    // In the library: one of these per operation above.
    class Impl;

private:
    template <class... Results>
    using Done = detail::CompletionPtr<Results...>;

    void start_connect(Done<ConnectReport> done);
    void start_publish(Done<PublishResult> done, OutgoingMessage message);
    void start_subscribe(Done<SubscribeResult> done, std::vector<Subscription> subscriptions,
                         PropertyList properties);
    void start_unsubscribe(Done<UnsubscribeResult> done, std::vector<std::string> filters,
                           PropertyList properties);
    void start_receive(Done<ReceivedMessage> done);
    void start_request(Done<ReceivedMessage> done, OutgoingMessage message,
                       std::chrono::milliseconds timeout);
    void start_when_ready(Done<> done);
    void start_when_sendable(Done<> done);
    void start_when_drained(Done<> done);
    void start_disconnect(Done<> done, ReasonCode reason, PropertyList properties);

    // Another thread: what was posted to the context is seen soon.
    void wake();

    // Erases the handler and begins the operation on the loop's thread: at once when this is it.
    template <class... Results, class Start, class Token, class... Args>
    auto initiate(Start start, Token& token, Args... args) {
        return asio::async_initiate<Token, void(std::error_code, Results...)>(
            [](auto handler, Client* client, Start begin, auto... arguments) {
                auto& context = client->context();
                auto done = detail::make_completion<Results...>(std::move(handler), context);
                asio::dispatch(context, [client, begin, done = std::move(done),
                                         ... values = std::move(arguments)]() mutable {
                    (client->*begin)(std::move(done), std::move(values)...);
                });
                client->wake();
            },
            token, this, start, std::move(args)...);
    }

    std::unique_ptr<ConnectionLoop> own_loop_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mqtt
