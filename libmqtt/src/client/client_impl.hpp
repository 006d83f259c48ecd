// The state of one Client: a Connection, what it does about its end, and the operations under way.
// One .cpp per concern: client_connect (attempts, reconnecting, ending), client_publish (outgoing
// store), client_batch, client_subscribe, client_receive, client_request; client.cpp is the public face.
#pragma once

#include <asio/steady_timer.hpp>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/backoff.hpp"
#include "client/batch_store.hpp"
#include "client/outgoing_store.hpp"
#include "core/message.hpp"
#include "mqtt/client.hpp"
#include "net/loop.hpp"

namespace mqtt {

namespace client {

template <class... Results>
using Done = detail::CompletionPtr<Results...>;

// A timer that calls a member function of its owner.
template <class Owner>
class MemberTimer final : public net::Timer {
public:
    MemberTimer(Owner& owner, void (Owner::*call)(TimePoint)) : owner_(owner), call_(call) {}
    void on_timer(TimePoint now) override { (owner_.*call_)(now); }

private:
    Owner& owner_;
    void (Owner::*call_)(TimePoint);
};

// A completion inside the library: called in place, not posted.
template <class F, class... Results>
class LocalCompletion final : public detail::Completion<Results...> {
public:
    explicit LocalCompletion(F f) : f_(std::move(f)) {}
    void complete(std::error_code error, Results... results) override {
        f_(error, std::move(results)...);
    }
    void on_cancel(std::function<void()>) override {}

private:
    F f_;
};

template <class... Results, class F>
Done<Results...> local_completion(F f) {
    return std::make_unique<LocalCompletion<F, Results...>>(std::move(f));
}

// SUBSCRIBE or UNSUBSCRIBE that somebody waits for, sent or not.
struct FilterRequest {
    std::uint64_t number = 0;
    bool subscribes = true;
    std::vector<Subscription> filters;  // UNSUBSCRIBE: without options
    PropertyList properties;
    Done<SubscribeResult> done;  // null: nobody asks (subscribing again after a lost session)
    PacketId id = 0;             // 0: not sent on this connection
    TimePoint deadline = TimePoint::max();
};

// A filter that the server has granted, kept for the day on which it loses the session.
struct KnownFilter {
    SubscriptionOptions options;
    PropertyList properties;
};

// request() between its call and the response.
struct PendingRequest {
    Done<ReceivedMessage> done;
    std::optional<OutgoingMessage> message;  // until the response topic is subscribed
    TimePoint deadline;
};

// publish() that found the store full.
struct BlockedPublish {
    std::uint64_t number;
    core::MessageRef message;
    Done<PublishResult> done;
    TimePoint deadline;
};

// Messages of a batch that ended alike and of which nobody was told yet.
struct Ended {
    std::uint64_t token = 0;  // the user's
    ReasonCode reason = ReasonCode::success;
    std::size_t count = 0;
};

// More than this is not staged on a connection whose socket is slow.
inline constexpr std::size_t kStagedBytes = 256 * 1024;

// Of a message that could not be sent on this connection and never will.
inline Errc to_errc(SendStatus status) {
    return status == SendStatus::too_large ? Errc::packet_too_large : Errc::not_supported_by_server;
}

// Where a message that waits for a time-out is: in the store, or not yet.
struct PublishDeadline {
    TimePoint when;
    StoreToken token;
};

}  // namespace client

class Client::Impl final : public ConnectionSink {
public:
    Impl(ConnectionLoop& loop, ClientOptions options);
    ~Impl();

    // client_connect.cpp
    void connect(client::Done<ConnectReport> done);
    void disconnect(client::Done<> done, ReasonCode reason, PropertyList properties);
    bool is_active() const {  // between connect() and its end
        return state_ != ClientState::idle && state_ != ClientState::gave_up;
    }

    // client_publish.cpp
    void publish(client::Done<PublishResult> done, OutgoingMessage message);
    Status submit(const PublishRequest& request, std::uint64_t token);
    Status restore(const PublishRequest& request, PacketId id, ExchangeStep step,
                   std::uint64_t token);
    void when_ready(client::Done<> done);
    void when_drained(client::Done<> done);

    // client_batch.cpp
    SubmitResult submit_batch(const PublishRequest& common, std::span<const Bytes> payloads,
                              std::shared_ptr<const void> owner, std::uint64_t token);
    void when_sendable(client::Done<> done);

    // client_subscribe.cpp
    void subscribe(client::Done<SubscribeResult> done, std::vector<Subscription> subscriptions,
                   PropertyList properties);
    void unsubscribe(client::Done<UnsubscribeResult> done, std::vector<std::string> filters,
                     PropertyList properties);

    // client_receive.cpp
    void set_message_handler(MessageHandler handler);
    void receive(client::Done<ReceivedMessage> done);
    void acknowledge(AckTicket ticket, ReasonCode reason);

    // client_request.cpp
    void request(client::Done<ReceivedMessage> done, OutgoingMessage message,
                 std::chrono::milliseconds timeout);

    ClientStats stats() const;

    ClientOptions options_;
    ConnectionLoop& loop_;
    Connection connection_;
    ClientState state_ = ClientState::idle;
    ProtocolVersion version_ = ProtocolVersion::v5;
    ServerLimits limits_;
    std::string client_id_;
    Error last_error_;
    std::string last_message_;
    DeliveryHandler on_delivery_;
    BatchHandler on_batch_;
    ExchangeHandler on_exchange_;
    MessageHandler on_message_;
    CatchAllHandler on_unmatched_;
    StateHandler on_state_;
    RefusalHandler on_refusal_;

private:
    // ConnectionSink
    void on_connected(const Connack& connack, const ConnectTiming& timing) override;
    AckDecision on_publish(const Publish& publish) override;
    void on_delivered(PacketId id, std::uint64_t token, ReasonCode reason) override;
    void on_received(PacketId id, std::uint64_t token) override;
    void on_read_end() override;
    void on_send_quota() override { pump(); }
    void on_writable() override { pump(); }
    void on_suback(const Suback& suback) override;
    void on_unsuback(const Unsuback& unsuback) override;
    void on_closed(const CloseReason& reason) override;

    // client_connect.cpp
    void begin_attempt();
    void prepare_attempt();
    bool session_lasts() const;
    void fall_back();
    bool should_fall_back(const CloseReason& reason) const;
    void fail_attempt();
    bool should_retry(const Error& error) const;
    bool has_retries_left() const;
    bool is_curable(const Error& error) const;
    void take_connack(const Connack& connack);
    void wait_for_retry(bool was_connected);
    void on_retry_timer();
    void give_up(bool was_connected);
    void finish_disconnect(std::error_code error);
    void fail_operations(std::error_code error);
    void change_state(StateChange change);
    static std::string random_id();
    void log(LogLevel level, const std::string& text);
    net::Loop& loop() { return loop_.loop(); }

    // client_publish.cpp
    Status check(const PublishRequest& request) const;
    core::MessageRef make_message(const PublishRequest& request);
    bool has_room(std::size_t bytes) const;
    bool is_roomy() const;
    void admit(core::MessageRef message, client::Done<PublishResult> done, std::uint64_t user_token,
               TimePoint deadline, bool of_batch = false);
    bool admit_blocked();
    TimePoint publish_deadline() const;
    void pump();
    bool send(const client::OutgoingStore::Front& front);
    void finish_publish(client::StoreToken token, std::error_code error, ReasonCode reason);
    void tell_exchange(client::StoreToken token, PacketId id, ExchangeStep step);
    void tell_waiters();
    void note_cut();
    void settle_cut(bool resumed);
    void cancel_publish(std::uint64_t number);
    void on_publish_timer(TimePoint now);
    void fail_publishes(std::error_code error);

    // client_batch.cpp
    std::size_t stored_count() const { return store_.count() + batches_.count(); }
    std::size_t stored_bytes() const { return store_.size_bytes() + batches_.size_bytes(); }
    bool has_slack() const;
    bool is_sendable();
    SubmitResult send_batch(const PublishRequest& common, std::span<const Bytes> payloads,
                            client::StoreToken first_token, client::Batch* batch);
    SubmitResult submit_each(const PublishRequest& common, std::span<const Bytes> payloads,
                             std::uint64_t token);
    void on_batch_delivered(client::StoreToken token, ReasonCode reason);
    void tell_batch();
    void keep_batches();
    void fail_batches(std::error_code error);

    // client_subscribe.cpp
    void add_request(client::FilterRequest request);
    void send_requests();
    bool send_request(client::FilterRequest& request);
    void subscribe_again();
    void forget_sent_requests();
    void finish_request(PacketId id, bool subscribes, Bytes codes, Properties properties);
    void remember(const client::FilterRequest& request, const SubscribeResult& result);
    void cancel_request(std::uint64_t number);
    void on_request_timer(TimePoint now);
    void arm_request_timer();
    void fail_requests(std::error_code error);

    // client_receive.cpp
    bool matches_any(std::string_view topic) const;
    void deliver(const Publish& publish, AckTicket ticket);
    void fail_receivers(std::error_code error);

    // client_request.cpp
    bool take_response(const Publish& publish);
    void subscribe_response_topic();
    void on_response_topic(std::error_code error);
    void send_response_request(std::uint64_t correlation);
    void finish_response(std::uint64_t correlation, std::error_code error,
                         ReceivedMessage message = {});
    void on_response_timer(TimePoint now);
    void arm_response_timer();
    void fail_responses(std::error_code error);

    std::uint64_t next_number_ = 1;  // names operations, for cancellation
    ClientStats stats_;

    // connecting
    ConnectOptions attempt_options_;  // what the attempt under way uses
    ClientSession session_;
    client::Backoff backoff_;
    asio::steady_timer retry_timer_;  // delays are shorter than the wheel's tick
    std::shared_ptr<Impl*> self_;     // what the timer's handler finds us by; null when we are gone
    client::Done<ConnectReport> connecting_;
    std::list<client::Done<>> disconnecting_;
    std::string peer_address_;
    std::uint32_t connection_number_ = 0;
    std::uint32_t session_expiry_ = 0;  // seconds, in force on the server
    int failures_ = 0;                  // consecutive
    bool was_ever_connected_ = false;   // since connect()
    bool is_disconnecting_ = false;
    bool made_progress_ = false;  // on this connection: something came or was acknowledged
    TimePoint connected_at_;

    // publishing
    client::OutgoingStore store_;
    client::BatchStore batches_;
    client::Ended ended_;
    std::deque<client::BlockedPublish> blocked_;
    std::deque<client::PublishDeadline> publish_deadlines_;
    client::MemberTimer<Impl> publish_timer_;
    std::list<client::Done<>> ready_waiters_;
    std::list<client::Done<>> sendable_waiters_;
    std::list<client::Done<>> drain_waiters_;
    std::vector<std::uint8_t> property_scratch_;
    bool is_pumping_ = false;

    // subscribing
    std::list<client::FilterRequest> requests_;
    std::map<std::string, client::KnownFilter, std::less<>> known_;
    client::MemberTimer<Impl> request_timer_;

    // receiving
    std::deque<ReceivedMessage> unread_;
    std::size_t unread_bytes_ = 0;
    std::list<std::pair<std::uint64_t, client::Done<ReceivedMessage>>> receivers_;

    // request and response
    enum class ResponseTopic : std::uint8_t { none, subscribing, ready };
    std::string response_prefix_;  // Response Information of the server
    std::string response_topic_;
    ResponseTopic response_state_ = ResponseTopic::none;
    std::map<std::uint64_t, client::PendingRequest> responses_;  // by correlation data
    client::MemberTimer<Impl> response_timer_;
};

}  // namespace mqtt
