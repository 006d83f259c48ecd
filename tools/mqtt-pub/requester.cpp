// See requester.hpp.
#include "mqtt-pub/requester.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>

#include "common/connection_log.hpp"
#include "common/exit_code.hpp"
#include "common/output.hpp"
#include "common/units.hpp"
#include "mqtt-pub/client_setup.hpp"
#include "mqtt-pub/message_source.hpp"
#include "mqtt/client.hpp"

namespace mqtt_pub {
namespace {

using mqtt::Errc;
using mqtt::ReasonCode;
using Clock = std::chrono::steady_clock;

class Requester {
public:
    Requester(const tools::Invocation& invocation, const Options& options);
    int run();

private:
    void on_connected(std::error_code error, const mqtt::ConnectReport& report);
    void on_subscribed(std::error_code error, const mqtt::SubscribeResult& result);
    void send_with_topic();
    void send_with_chosen_topic();
    mqtt::AckDecision on_message(const mqtt::IncomingMessage& message);
    void show(const mqtt::Publish& response);
    void fail(std::string_view why, int code, ReasonCode reason = ReasonCode::success);
    void finish(int code, ReasonCode reason = ReasonCode::success);
    int code_of(std::error_code error, ReasonCode reason) const;

    const tools::Invocation& invocation_;
    const Options& options_;
    const RequestOptions& request_;
    tools::ConnectionLog log_;
    tools::Output output_;
    tools::MessagePrinter printer_;
    MessageSource source_;
    asio::io_context context_{1};
    asio::steady_timer timer_{context_};
    Clock::time_point sent_at_;
    bool was_connected_ = false;
    bool was_sent_ = false;
    bool finished_ = false;
    int exit_code_ = tools::kExitDone;
    mqtt::Client client_;
};

mqtt::ClientOptions without_reconnect(mqtt::ClientOptions options) {
    options.reconnect.enabled = false;
    return options;
}

Requester::Requester(const tools::Invocation& invocation, const Options& options)
    : invocation_(invocation)
    , options_(options)
    , request_(options.request)
    , log_(invocation, options.settings.quiet)
    , printer_(tools::style_for(options.request.style, invocation.persona, STDOUT_FILENO,
                                tools::ColorWish::automatic))
    , source_(options)
    , client_(context_, without_reconnect(make_client_options(invocation, options, log_))) {
    client_.set_delivery_handler([this](std::uint64_t, std::error_code error, ReasonCode reason) {
        if (!error && !mqtt::is_error(reason)) return;
        fail(fmt::format("the request was refused: {}", mqtt::reason_text(reason)),
             code_of(error, reason));
    });
    client_.set_state_handler([this](const mqtt::StateChange& change) {
        if (change.state != mqtt::ClientState::gave_up || !was_connected_) return;
        fail(fmt::format("connection lost: {}", change.message),
             tools::exit_code(change.error, invocation_.persona));
    });
}

int Requester::run() {
    std::signal(SIGPIPE, SIG_IGN);
    if (options_.timeout) {
        timer_.expires_after(*options_.timeout);
        timer_.async_wait([this](std::error_code error) {
            if (error) return;
            fail(was_connected_ ? "no response in time" : "timed out before the connection was up",
                 tools::kExitTimedOut, ReasonCode::disconnect_with_will_message);
        });
    }
    client_.connect(
        [this](std::error_code error, mqtt::ConnectReport report) { on_connected(error, report); });
    context_.run();
    output_.flush();
    return exit_code_;
}

void Requester::on_connected(std::error_code error, const mqtt::ConnectReport& report) {
    if (finished_) return;
    if (error) {
        const mqtt::Error& cause = client_.last_error();
        return fail(report.message.empty() ? error.message() : report.message,
                    cause.code == Errc::refused_by_server
                        ? tools::connack_exit_code(report.reason, report.version)
                        : tools::exit_code(cause, invocation_.persona));
    }
    was_connected_ = true;
    if (!request_.response_topic) return send_with_chosen_topic();
    client_.set_message_handler(
        [this](const mqtt::IncomingMessage& message) { return on_message(message); });
    mqtt::SubscriptionOptions how = request_.subscription;
    how.qos = options_.qos;
    std::vector<mqtt::Subscription> subscriptions;
    subscriptions.emplace_back(*request_.response_topic, how);
    client_.subscribe(std::move(subscriptions), options_.settings.subscribe_properties,
                      [this](std::error_code failed, const mqtt::SubscribeResult& result) {
                          on_subscribed(failed, result);
                      });
}

void Requester::on_subscribed(std::error_code error, const mqtt::SubscribeResult& result) {
    if (finished_) return;
    if (!error) return send_with_topic();
    const ReasonCode reason =
        result.reasons.empty() ? ReasonCode::unspecified_error : result.reasons.front();
    fail(fmt::format("the subscription to '{}' was refused: {}", *request_.response_topic,
                     mqtt::reason_text(reason)),
         code_of(error, reason));
}

void Requester::send_with_topic() {
    mqtt::PropertyList properties = options_.properties;
    mqtt::PublishRequest request = source_.request();
    if (mqtt::has_properties(client_.version())) {
        const auto id = mqtt::PropertyId::response_topic;
        if (!properties.view().text(id)) properties.add(id, *request_.response_topic);
        request.properties = properties.view();
    }
    sent_at_ = Clock::now();
    was_sent_ = true;
    const mqtt::Status status = client_.submit(request, 1);
    if (!status) {
        fail(fmt::format("the request cannot be sent: {}", mqtt::info(status.error().code).text),
             tools::exit_code(status.error(), invocation_.persona));
    }
}

// The library chooses response topic and correlation data.
void Requester::send_with_chosen_topic() {
    const mqtt::PublishRequest& request = source_.request();
    mqtt::OutgoingMessage message(std::string(request.topic),
                                  std::string(mqtt::as_text(request.payload)), request.qos,
                                  request.retain);
    message.properties = options_.properties;
    sent_at_ = Clock::now();
    const auto limit = options_.timeout.value_or(std::chrono::seconds(30));
    client_.request(std::move(message), std::chrono::ceil<std::chrono::milliseconds>(limit),
                    [this](std::error_code error, const mqtt::ReceivedMessage& response) {
                        if (finished_) return;
                        if (error) {
                            return fail(fmt::format("no response: {}", error.message()),
                                        code_of(error, ReasonCode::success));
                        }
                        show({.qos = response.qos,
                              .retain = response.retain,
                              .topic = response.topic,
                              .properties = response.properties.view(),
                              .payload = mqtt::as_bytes(response.payload)});
                    });
}

mqtt::AckDecision Requester::on_message(const mqtt::IncomingMessage& message) {
    const bool is_old = message.publish.retain && request_.skip_retained;
    if (!finished_ && was_sent_ && !is_old) show(message.publish);
    return mqtt::AckDecision::now();
}

void Requester::show(const mqtt::Publish& response) {
    const std::string_view complaint = printer_.append(output_.buffer(), response);
    if (!complaint.empty()) log_.say(complaint);
    if (request_.latency) {
        const double ms =
            std::chrono::duration<double, std::milli>(Clock::now() - sent_at_).count();
        fmt::format_to(std::back_inserter(output_.buffer()), "Latency: {:.3f} ms\n", ms);
    }
    finish(tools::kExitDone);
}

int Requester::code_of(std::error_code error, ReasonCode reason) const {
    const auto code = error ? static_cast<Errc>(error.value()) : Errc::refused_by_server;
    return tools::exit_code(mqtt::Error(code, reason), invocation_.persona);
}

void Requester::fail(std::string_view why, int code, ReasonCode reason) {
    if (finished_) return;
    log_.say(why);
    finish(code, reason);
}

void Requester::finish(int code, ReasonCode reason) {
    if (finished_) return;
    finished_ = true;
    exit_code_ = code;
    if (!mqtt::has_properties(client_.version())) reason = ReasonCode::success;  // as mosquitto_rr
    asio::post(context_, [this, reason] {
        client_.disconnect(reason, disconnect_properties(options_),
                           [this](std::error_code) { context_.stop(); });
    });
}

}  // namespace

int run_request(const tools::Invocation& invocation, const Options& options) {
    return Requester(invocation, options).run();
}

}  // namespace mqtt_pub
