// The public face of Client: every call goes to its Impl.
#include "mqtt/client.hpp"

#include "client/client_impl.hpp"

namespace mqtt {

Client::Client(asio::io_context& context, ClientOptions options)
    : own_loop_(std::make_unique<ConnectionLoop>(context))
    , impl_(std::make_unique<Impl>(*own_loop_, std::move(options))) {}

Client::Client(ConnectionLoop& loop, ClientOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}

Client::~Client() = default;

void Client::wake() {
    ConnectionLoop& loop = impl_->loop_;
    if (!loop.loop().in_loop_thread()) loop.post([] {});
}

void Client::start_connect(Done<ConnectReport> done) {
    impl_->connect(std::move(done));
}

void Client::start_publish(Done<PublishResult> done, OutgoingMessage message) {
    impl_->publish(std::move(done), std::move(message));
}

void Client::start_subscribe(Done<SubscribeResult> done, std::vector<Subscription> subscriptions,
                             PropertyList properties) {
    impl_->subscribe(std::move(done), std::move(subscriptions), std::move(properties));
}

void Client::start_unsubscribe(Done<UnsubscribeResult> done, std::vector<std::string> filters,
                               PropertyList properties) {
    impl_->unsubscribe(std::move(done), std::move(filters), std::move(properties));
}

void Client::start_receive(Done<ReceivedMessage> done) {
    impl_->receive(std::move(done));
}

void Client::start_request(Done<ReceivedMessage> done, OutgoingMessage message,
                           std::chrono::milliseconds timeout) {
    impl_->request(std::move(done), std::move(message), timeout);
}

void Client::start_when_ready(Done<> done) {
    impl_->when_ready(std::move(done));
}

void Client::start_when_sendable(Done<> done) {
    impl_->when_sendable(std::move(done));
}

void Client::start_when_drained(Done<> done) {
    impl_->when_drained(std::move(done));
}

void Client::start_disconnect(Done<> done, ReasonCode reason, PropertyList properties) {
    impl_->disconnect(std::move(done), reason, std::move(properties));
}

Status Client::submit(const PublishRequest& request, std::uint64_t token) {
    return impl_->submit(request, token);
}

void Client::set_delivery_handler(DeliveryHandler handler) {
    impl_->on_delivery_ = std::move(handler);
}

SubmitResult Client::submit_batch(const PublishRequest& common, std::span<const Bytes> payloads,
                                  std::shared_ptr<const void> owner, std::uint64_t token) {
    return impl_->submit_batch(common, payloads, std::move(owner), token);
}

void Client::set_batch_handler(BatchHandler handler) {
    impl_->on_batch_ = std::move(handler);
}

void Client::set_exchange_handler(ExchangeHandler handler) {
    impl_->on_exchange_ = std::move(handler);
}

Status Client::restore(const PublishRequest& request, PacketId id, ExchangeStep step,
                       std::uint64_t token) {
    return impl_->restore(request, id, step, token);
}

void Client::set_message_handler(MessageHandler handler) {
    impl_->set_message_handler(std::move(handler));
}

void Client::set_refusal_handler(RefusalHandler handler) {
    impl_->on_refusal_ = std::move(handler);
}

void Client::set_catch_all_handler(CatchAllHandler handler) {
    impl_->on_unmatched_ = std::move(handler);
}

void Client::acknowledge(AckTicket ticket, ReasonCode reason) {
    impl_->acknowledge(ticket, reason);
}

void Client::set_state_handler(StateHandler handler) {
    impl_->on_state_ = std::move(handler);
}

ClientState Client::state() const {
    return impl_->state_;
}

ProtocolVersion Client::version() const {
    return impl_->version_;
}

ServerLimits Client::limits() const {
    return impl_->limits_;
}

const std::string& Client::client_id() const {
    return impl_->client_id_;
}

const Error& Client::last_error() const {
    return impl_->last_error_;
}

const std::string& Client::last_error_message() const {
    return impl_->last_message_;
}

ClientStats Client::stats() const {
    return impl_->stats();
}

asio::io_context& Client::context() const {
    return impl_->loop_.context();
}

}  // namespace mqtt
