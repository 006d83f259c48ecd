// Client: request() of MQTT 5.0: one response topic per client, correlation data per request.
#include <algorithm>
#include <cstring>

#include "client/client_impl.hpp"
#include "client/random.hpp"

namespace mqtt {

using client::Done;
using client::PendingRequest;

namespace {

constexpr std::string_view kDefaultPrefix = "response";
constexpr std::size_t kTopicNameLength = 22;

std::string_view as_correlation(const std::uint64_t& number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

// 0 (never used) for what is none of ours.
std::uint64_t from_correlation(std::string_view data) {
    std::uint64_t number = 0;
    if (data.size() == sizeof number) std::memcpy(&number, data.data(), sizeof number);
    return number;
}

}  // namespace

void Client::Impl::request(Done<ReceivedMessage> done, OutgoingMessage message,
                           std::chrono::milliseconds timeout) {
    if (!is_active() || is_disconnecting_) return done->complete(Errc::not_connected, {});
    if (version_ != ProtocolVersion::v5) {
        return done->complete(Errc::unsupported_protocol_version, {});
    }
    const Properties given = message.properties.view();
    if (given.text(PropertyId::response_topic) || given.text(PropertyId::correlation_data)) {
        return done->complete(Errc::invalid_argument, {});
    }
    if (timeout.count() == 0) timeout = options_.request_timeout;
    std::uint64_t correlation = 0;
    while (correlation == 0 || responses_.contains(correlation))
        correlation = client::random_engine()();
    done->on_cancel([this, correlation] { finish_response(correlation, Errc::cancelled); });
    responses_.emplace(correlation,
                       PendingRequest{std::move(done), std::move(message), Clock::now() + timeout});
    arm_response_timer();
    if (response_state_ == ResponseTopic::ready) return send_response_request(correlation);
    // The server's Response Information, which the topic begins with, comes with CONNACK.
    const bool is_known = was_ever_connected_;
    if (response_state_ == ResponseTopic::none && is_known) subscribe_response_topic();
}

void Client::Impl::subscribe_response_topic() {
    response_state_ = ResponseTopic::subscribing;
    response_topic_ = response_prefix_.empty() ? std::string(kDefaultPrefix) : response_prefix_;
    response_topic_ += '/' + client::random_name(kTopicNameLength);
    client::FilterRequest request;
    SubscriptionOptions options;
    options.qos = QoS::at_least_once;
    request.filters.emplace_back(response_topic_, options);
    request.done = client::local_completion<SubscribeResult>(
        [this](std::error_code error, const SubscribeResult&) { on_response_topic(error); });
    add_request(std::move(request));
}

void Client::Impl::on_response_topic(std::error_code error) {
    response_state_ = error ? ResponseTopic::none : ResponseTopic::ready;
    std::vector<std::uint64_t> waiting;
    for (const auto& [correlation, pending] : responses_) {
        if (pending.message) waiting.push_back(correlation);
    }
    for (const std::uint64_t correlation : waiting) {
        if (error)
            finish_response(correlation, error);
        else
            send_response_request(correlation);
    }
}

void Client::Impl::send_response_request(std::uint64_t correlation) {
    PendingRequest& pending = responses_.at(correlation);
    OutgoingMessage message = std::move(*pending.message);
    pending.message.reset();
    message.properties.add(PropertyId::response_topic, response_topic_);
    message.properties.add(PropertyId::correlation_data, as_correlation(correlation));
    publish(client::local_completion<PublishResult>(
                [this, correlation](std::error_code error, PublishResult result) {
                    if (!error && result.reason == ReasonCode::no_matching_subscribers) {
                        error = Errc::refused_by_server;
                    }
                    if (error) finish_response(correlation, error);
                }),
            std::move(message));
}

// True when the message came to the response topic: it is nobody else's.
bool Client::Impl::take_response(const Publish& publish) {
    if (publish.topic != response_topic_) return false;
    const auto data = publish.properties.text(PropertyId::correlation_data);
    const std::uint64_t correlation = data ? from_correlation(*data) : 0;
    if (!responses_.contains(correlation)) return true;  // late
    ReceivedMessage message;
    message.topic = publish.topic;
    message.payload = as_text(publish.payload);
    message.qos = publish.qos;
    message.retain = publish.retain;
    message.properties = PropertyList(publish.properties);
    finish_response(correlation, {}, std::move(message));
    return true;
}

void Client::Impl::finish_response(std::uint64_t correlation, std::error_code error,
                                   ReceivedMessage message) {
    const auto found = responses_.find(correlation);
    if (found == responses_.end()) return;
    Done<ReceivedMessage> done = std::move(found->second.done);
    responses_.erase(found);
    done->complete(error, std::move(message));
}

void Client::Impl::on_response_timer(TimePoint now) {
    std::vector<std::uint64_t> late;
    for (const auto& [correlation, pending] : responses_) {
        if (pending.deadline <= now) late.push_back(correlation);
    }
    for (const std::uint64_t correlation : late)
        finish_response(correlation, Errc::timed_out);
    arm_response_timer();
}

void Client::Impl::arm_response_timer() {
    TimePoint next = TimePoint::max();
    for (const auto& [correlation, pending] : responses_)
        next = std::min(next, pending.deadline);
    loop().set_timer(response_timer_, next);
}

void Client::Impl::fail_responses(std::error_code error) {
    for (auto& [correlation, pending] : std::exchange(responses_, {}))
        pending.done->complete(error, {});
    loop().timers().cancel(response_timer_);
}

}  // namespace mqtt
