// The state of one run of mqtt-pub. One .cpp per concern: publisher (beginning, connection, limits of time, end),
// publisher_pump (the way of messages from the source to the client). Included by those only.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <optional>

#include "common/connection_log.hpp"
#include "common/exit_code.hpp"
#include "common/message_id.hpp"
#include "mqtt-pub/message_source.hpp"
#include "mqtt-pub/publishing_client.hpp"
#include "mqtt-pub/report.hpp"
#include "mqtt/client.hpp"

namespace mqtt_pub {

class Publisher {
public:
    Publisher(const tools::Invocation& invocation, const Options& options);
    int run();

private:
    void watch_signals();
    void stop_input();
    void arm_timeout();
    void arm_duration();
    void watch_acknowledgements(std::uint64_t seen, int quiet_checks);

    void connect();
    void on_connected(std::error_code error, const mqtt::ConnectReport& report);
    void on_state(const mqtt::StateChange& change);
    void on_delivery(std::uint64_t token, std::error_code error, mqtt::ReasonCode reason);
    void on_batch(std::error_code error, mqtt::ReasonCode reason, std::uint64_t count);

    void pump();
    void pump_lines();
    void end_input();
    bool submit_lines();
    void pump_soon();
    void submit();
    mqtt::Status hand_over(const mqtt::PublishRequest& request);
    void wait_for_input();
    void wait_for_room();
    bool goes_step_by_step() const;
    void wait_before_repeat();
    void wait_until_due();
    void refuse(std::error_code error, mqtt::ReasonCode reason, std::uint64_t count = 1);
    void check_done();

    void fail(std::string_view why, int code);
    void finish(int code);
    std::uint64_t outstanding() const { return report_.unfinished(); }
    bool is_ours() const { return invocation_.persona == tools::Persona::ours; }

    const tools::Invocation& invocation_;
    const Options& options_;
    tools::ConnectionLog log_;
    MessageSource source_;
    std::optional<tools::MessageIdStamp> id_stamp_;
    Report report_;
    asio::io_context context_{1};
    asio::signal_set signals_{context_};
    asio::steady_timer timeout_timer_{context_};
    asio::steady_timer ack_timer_{context_};
    asio::steady_timer duration_timer_{context_};
    asio::steady_timer repeat_timer_{context_};
    asio::steady_timer retry_timer_{context_};  // under mosquitto's name, of the first connection
    asio::posix::stream_descriptor input_{context_};
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    bool input_can_wait_ = false;  // a pipe, socket or terminal; others are always readable
    bool pumping_ = false;         // something will call pump()
    bool was_connected_ = false;
    bool was_answered_ = false;  // by something, before
    bool ended_ = false;         // the source is empty
    bool finished_ = false;
    int refused_code_ = 0;  // of the first refusal
    int exit_code_ = tools::kExitDone;
    PublishingClient client_;
};

}  // namespace mqtt_pub
