// One run of mqtt-sub, from connecting to the end. subscriber.cpp: the connection, the subscriptions and what
// ends the run; subscriber_messages.cpp: what becomes of a message. Seen by these two only.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/connection_log.hpp"
#include "common/exit_code.hpp"
#include "common/output.hpp"
#include "mqtt-sub/command/message_commands.hpp"
#include "mqtt-sub/message_filter.hpp"
#include "mqtt-sub/options.hpp"
#include "mqtt-sub/record/recorder.hpp"
#include "mqtt-sub/retained_marker.hpp"
#include "mqtt-sub/top/live_view.hpp"
#include "mqtt-sub/watch_screen.hpp"
#include "mqtt/client.hpp"

namespace mqtt_sub {

class Subscriber {
public:
    Subscriber(const tools::Invocation& invocation, const Options& options);
    int run();

private:
    // Of clear_retained() in the delivery handler.
    static constexpr std::uint64_t kRemovalToken = 2;

    mqtt::ClientOptions client_options();
    void arm_timers();
    void watch_signals();
    void watch_reader();
    void check_idle(std::uint64_t seen);
    void show_rate(std::uint64_t before);

    void connect();
    void on_connected(std::error_code error, const mqtt::ConnectReport& report);
    void subscribe();
    void ask_for_filters();
    void on_subscribed(std::error_code error, const mqtt::SubscribeResult& result);
    void on_refused(std::string_view filter, mqtt::ReasonCode reason, std::string_view again);
    void leave_filters(std::vector<std::string> filters);
    void on_unsubscribed(std::error_code error);
    void on_state(const mqtt::StateChange& change);
    static bool ends_mosquitto_sub(const mqtt::StateChange& change);
    mqtt::AckDecision on_message(const mqtt::IncomingMessage& message);
    void show(const mqtt::Publish& message);
    void print(const mqtt::Publish& message);
    bool is_held(const mqtt::Publish& message) const;
    void release(const mqtt::PacketEvent& event);
    void make_live();
    void on_write_error(int error);
    void end_without_output();
    void clear_retained(const mqtt::Publish& message);

    void flush_soon();
    void flush();
    void finish(int code, mqtt::ReasonCode reason = mqtt::ReasonCode::success);
    bool is_ours() const { return invocation_.persona == tools::Persona::ours; }

    const tools::Invocation& invocation_;
    const Options& options_;
    tools::ConnectionLog log_;
    tools::Output output_;
    tools::MessagePrinter printer_;
    MessageFilter filter_;
    WatchScreen screen_;
    std::optional<Recorder> recorder_;
    std::unique_ptr<LiveView> live_;  // --top, --stat
    std::string last_note_;           // shown there instead of on stderr
    asio::io_context context_{1};
    asio::signal_set signals_{context_};
    asio::steady_timer timeout_timer_{context_};
    asio::steady_timer idle_timer_{context_};
    asio::steady_timer rate_timer_{context_};
    asio::steady_timer retry_timer_{context_};  // under mosquitto's name, of the first connection
    asio::posix::stream_descriptor reader_{context_};
    std::optional<RetainedMarker> marker_;  // of those who wait for all retained messages
    Expectation expectation_;
    std::map<mqtt::PacketId, std::string> held_;  // is_held(): what is printed of them
    mqtt::PacketId last_held_ = 0;                // the one that -C ends with
    std::uint64_t received_ = 0;
    std::uint64_t shown_ = 0;
    std::uint64_t removals_due_ = 0;
    std::uint64_t unsubscribes_due_ = 0;
    std::size_t refused_ = 0;  // filters
    int refused_code_ = 0;     // of the first
    bool was_connected_ = false;
    bool was_answered_ = false;  // by something, before
    bool flush_posted_ = false;
    bool finished_ = false;
    int exit_code_ = tools::kExitDone;
    mqtt::Client client_;
    std::optional<MessageCommands> commands_;
};

}  // namespace mqtt_sub
