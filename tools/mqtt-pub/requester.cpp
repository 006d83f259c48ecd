// See requester.hpp.
#include "mqtt-pub/requester.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "common/connection_log.hpp"
#include "common/exit_code.hpp"
#include "common/message_id.hpp"
#include "common/mosquitto_log.hpp"
#include "common/mosquitto_reasons.hpp"
#include "common/output.hpp"
#include "common/standard_streams.hpp"
#include "common/units.hpp"
#include "mqtt-pub/client_setup.hpp"
#include "mqtt-pub/message_source.hpp"
#include "mqtt/client.hpp"

namespace mqtt_pub {
namespace {

using mqtt::Errc;
using mqtt::ReasonCode;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kDefaultPrefix = "response";

class Requester {
public:
    Requester(const tools::Invocation& invocation, const Options& options);
    int run();

private:
    mqtt::ClientOptions client_options();
    void on_connected(std::error_code error, const mqtt::ConnectReport& report);
    void on_state(const mqtt::StateChange& change);
    void choose_response_topic(const mqtt::ConnectReport& report);
    void make_request();
    void subscribe();
    void refuse_as_mosquitto(ReasonCode reason);
    void send();
    void arm_resend();
    void on_delivery(std::error_code error, ReasonCode reason);
    mqtt::AckDecision on_message(const mqtt::IncomingMessage& message);
    bool is_response(const mqtt::Publish& message) const;
    void show(const mqtt::Publish& response);
    void append_latency(Clock::duration took);
    void on_time_over();
    void fail(std::string_view why, int code, ReasonCode reason = ReasonCode::success);
    void finish(int code, ReasonCode reason = ReasonCode::success);
    int code_of(std::error_code error, ReasonCode reason) const;
    bool is_ours() const { return invocation_.persona == tools::Persona::ours; }
    bool has_resends_left() const { return sent_ <= request_.resend; }

    const tools::Invocation& invocation_;
    const Options& options_;
    const RequestOptions& request_;
    tools::ConnectionLog log_;
    tools::Output output_;
    tools::MessagePrinter printer_;
    MessageSource source_;
    asio::io_context context_{1};
    asio::steady_timer timer_{context_};
    asio::steady_timer resend_timer_{context_};
    std::string response_topic_;
    mqtt::PropertyList properties_;
    Clock::time_point sent_at_;    // the first time
    std::uint64_t sent_ = 0;       // requests, the first one included
    std::uint64_t responses_ = 0;  // printed
    bool was_connected_ = false;
    bool is_held_ = false;  // the last response, until PUBREL
    bool finished_ = false;
    int exit_code_ = tools::kExitDone;
    mqtt::Client client_;
};

// What may be sent again may be sent on another connection, too.
mqtt::ClientOptions Requester::client_options() {
    mqtt::ClientOptions client = make_client_options(invocation_, options_, log_);
    client.reconnect.enabled = request_.resend > 0 && options_.settings.reconnect.enabled;
    // mosquitto_rr hangs up after the response, and has no line for that.
    if (client.packet_sink && !is_ours()) {
        client.packet_sink = [this, sink = client.packet_sink](const mqtt::PacketEvent& event) {
            const bool hangs_up = event.type == mqtt::PacketType::disconnect && event.is_sent;
            if (responses_ == 0 || !hangs_up) sink(event);
            if (event.type == mqtt::PacketType::pubrel && !event.is_sent && is_held_) {
                finish(tools::kExitDone);
            }
        };
    }
    return client;
}

Requester::Requester(const tools::Invocation& invocation, const Options& options)
    : invocation_(invocation)
    , options_(options)
    , request_(options.request)
    , log_(invocation, options.settings, options.connect)
    , printer_(tools::style_for(options.request.style, invocation.persona, STDOUT_FILENO,
                                tools::ColorWish::automatic))
    , source_(options)
    , client_(context_, client_options()) {
    client_.set_delivery_handler([this](std::uint64_t, std::error_code error, ReasonCode reason) {
        on_delivery(error, reason);
    });
    client_.set_state_handler([this](const mqtt::StateChange& change) { on_state(change); });
}

int Requester::run() {
    std::signal(SIGPIPE, SIG_IGN);
    if (source_.next() == MessageSource::State::invalid) {
        throw tools::ToolError(tools::kExitUsage, source_.problem());
    }
    if (options_.timeout) {
        timer_.expires_after(*options_.timeout);
        timer_.async_wait([this](std::error_code error) {
            if (!error) on_time_over();
        });
    }
    client_.connect(
        [this](std::error_code error, mqtt::ConnectReport report) { on_connected(error, report); });
    context_.run();
    const bool is_lost = !output_.flush() && output_.errno_value() != EPIPE;
    if (is_lost && exit_code_ == tools::kExitDone && is_ours()) {
        log_.say(fmt::format("cannot write: {}", std::strerror(output_.errno_value())));
        exit_code_ = tools::kExitOutput;
    }
    if (options_.report_json) {
        tools::print_error("{{\"requests\":{},\"responses\":{},\"wanted\":{},\"exit_code\":{}}}\n",
                           sent_, responses_, request_.responses, exit_code_);
    }
    return exit_code_;
}

void Requester::on_connected(std::error_code error, const mqtt::ConnectReport& report) {
    if (finished_) return;
    if (error) {
        return finish(log_.say_failure(error, report, client_.last_error()));
    }
    was_connected_ = true;
    choose_response_topic(report);
    if (response_topic_.empty()) {
        return fail(
            "the server does not speak MQTT 5.0: a response topic is needed (option '-e')",
            tools::exit_code(mqtt::Error(Errc::unsupported_protocol_version), invocation_.persona));
    }
    make_request();
    subscribe();
}

void Requester::on_state(const mqtt::StateChange& change) {
    if (finished_ || !was_connected_) return;
    log_.on_change(change);
    if (change.state != mqtt::ClientState::gave_up) return;
    finish(log_.say_lost(change));
}

// One that nobody else uses, below what the server offers for that where it does; MQTT 5.0 only,
// since nothing else can tell it to the responder.
void Requester::choose_response_topic(const mqtt::ConnectReport& report) {
    const auto given = options_.properties.view().text(mqtt::PropertyId::response_topic);
    if (request_.response_topic) {
        response_topic_ = *request_.response_topic;
    } else if (mqtt::has_properties(report.version)) {
        const auto offered = report.properties.view().text(mqtt::PropertyId::response_information);
        response_topic_ = given ? std::string(*given)
                                : fmt::format("{}/{}", offered ? *offered : kDefaultPrefix,
                                              tools::UuidMaker().next());
    }
}

// The correlation data is text, so that responders in a shell can carry it. mosquitto_rr sends none.
void Requester::make_request() {
    if (!mqtt::has_properties(client_.version())) return;
    const auto topic = mqtt::PropertyId::response_topic;
    const auto correlation = mqtt::PropertyId::correlation_data;
    properties_ = options_.properties;
    if (!properties_.view().text(topic)) properties_.add(topic, response_topic_);
    if (is_ours() && !properties_.view().text(correlation)) {
        properties_.add(correlation, tools::UuidMaker().next());
    }
}

void Requester::subscribe() {
    client_.set_message_handler(
        [this](const mqtt::IncomingMessage& message) { return on_message(message); });
    mqtt::SubscriptionOptions how = request_.subscription;
    how.qos = request_.response_topic ? options_.qos : mqtt::QoS::at_least_once;
    std::vector<mqtt::Subscription> subscriptions;
    subscriptions.emplace_back(response_topic_, how);
    client_.subscribe(std::move(subscriptions), options_.settings.subscribe_properties,
                      [this](std::error_code error, const mqtt::SubscribeResult& result) {
                          if (finished_) return;
                          if (!error) return send();
                          const ReasonCode reason = result.reasons.empty()
                                                        ? ReasonCode::unspecified_error
                                                        : result.reasons.front();
                          if (!is_ours()) return refuse_as_mosquitto(reason);
                          fail(fmt::format("the subscription to '{}' was refused: {}",
                                           response_topic_, mqtt::reason_text(reason)),
                               code_of(error, reason));
                      });
}

void Requester::refuse_as_mosquitto(ReasonCode reason) {
    log_.say_as_it_is(fmt::format("{}\n", tools::mosquitto_reason(static_cast<int>(reason))));
    finish(tools::kExitDone);
}

void Requester::send() {
    mqtt::PublishRequest request = source_.request();
    request.properties = properties_.view();
    if (!mqtt::has_properties(client_.version())) request.message_expiry_interval.reset();
    if (sent_++ == 0) sent_at_ = Clock::now();
    const mqtt::Status status = client_.submit(request, 1);
    if (!status && !has_resends_left()) {
        return fail(
            fmt::format("the request cannot be sent: {}", mqtt::info(status.error().code).text),
            tools::exit_code(status.error(), invocation_.persona));
    }
    arm_resend();
}

// Again with the same correlation data, as long as nobody has answered.
void Requester::arm_resend() {
    if (!has_resends_left()) return;
    resend_timer_.expires_after(request_.resend_after);
    resend_timer_.async_wait([this](std::error_code error) {
        if (error || finished_ || responses_ > 0) return;
        log_.say(fmt::format("no response after {}: sending the request again ({} of {})",
                             tools::format_duration(request_.resend_after), sent_,
                             request_.resend));
        send();
    });
}

// mosquitto_rr does not look at it, and waits for the response.
void Requester::on_delivery(std::error_code error, ReasonCode reason) {
    const bool is_answer = !error || error == make_error_code(Errc::refused_by_server);
    if (finished_ || (is_answer && !is_ours())) return;
    if (error || mqtt::is_error(reason)) {
        return fail(fmt::format("the request was refused: {}", mqtt::reason_text(reason)),
                    code_of(error, reason));
    }
    const bool is_alone = reason == ReasonCode::no_matching_subscribers;
    if (is_alone && responses_ == 0 && !has_resends_left()) {
        fail(fmt::format("nobody has subscribed to '{}': there will be no response",
                         source_.request().topic),
             tools::kExitTimedOut);
    }
}

mqtt::AckDecision Requester::on_message(const mqtt::IncomingMessage& message) {
    if (finished_ || is_held_ || !is_response(message.publish)) return mqtt::AckDecision::now();
    // What was retained may come with SUBACK; to mosquitto_rr that is the response.
    if (sent_ == 0 && !is_ours()) send();
    if (sent_ > 0) show(message.publish);
    return mqtt::AckDecision::now();
}

// Responders may leave out the correlation data; with another one it is somebody else's response.
bool Requester::is_response(const mqtt::Publish& message) const {
    if (message.retain && request_.skip_retained) return false;
    if (!is_ours()) return true;
    const auto correlation = mqtt::PropertyId::correlation_data;
    const auto ours = properties_.view().text(correlation);
    const auto theirs = message.properties.text(correlation);
    return message.topic == response_topic_ && (!ours || !theirs || *ours == *theirs);
}

void Requester::show(const mqtt::Publish& response) {
    resend_timer_.cancel();
    const std::string_view complaint = printer_.append(output_.buffer(), response);
    if (!complaint.empty()) log_.say(complaint);
    if (request_.latency) {
        append_latency(Clock::now() - sent_at_);
    }
    if (++responses_ == request_.responses) {
        // Their library takes it when it is released: seen only among the lines of -d.
        is_held_ = !is_ours() && options_.settings.debug && response.qos == mqtt::QoS::exactly_once;
        return is_held_ ? void() : finish(tools::kExitDone);
    }
    output_.flush();
}

void Requester::append_latency(Clock::duration took) {
    using std::chrono::duration;
    const auto out = std::back_inserter(output_.buffer());
    if (is_ours()) {
        fmt::format_to(out, "Latency: {:.3f} ms\n", duration<double, std::milli>(took).count());
    } else if (took < std::chrono::microseconds(1)) {
        fmt::format_to(out, "Latency: {}ns\n", took.count());
    } else if (took < std::chrono::milliseconds(1)) {
        fmt::format_to(out, "Latency: {:f}µs\n", duration<double, std::micro>(took).count());
    } else if (took < std::chrono::seconds(1)) {
        fmt::format_to(out, "Latency: {:f}ms\n", duration<double, std::milli>(took).count());
    } else {
        fmt::format_to(out, "Latency: {:.9f}\n", duration<double>(took).count());
    }
}

void Requester::on_time_over() {
    if (request_.responses == 0 && responses_ > 0) return finish(tools::kExitDone);
    std::string why = "timed out before the connection was up";
    if (responses_ > 0) {
        why = fmt::format("{} of {} responses in time", responses_, request_.responses);
    } else if (was_connected_) {
        why = "no response in time";
    } else if (!is_ours() && options_.settings.debug) {
        output_.buffer() += tools::MosquittoLog::farewell(options_.connect.client_id);
    }
    fail(why, tools::kExitTimedOut, ReasonCode::disconnect_with_will_message);
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
