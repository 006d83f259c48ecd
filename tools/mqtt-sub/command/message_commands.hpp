// What --exec, --exec-lines, --reply and --echo do with received messages, and when they are
// acknowledged. Used by subscriber.
#pragma once

#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "common/connection_log.hpp"
#include "common/message_clock.hpp"
#include "mqtt-sub/command/command_pool.hpp"
#include "mqtt-sub/command/line_command.hpp"
#include "mqtt-sub/options.hpp"
#include "mqtt/client.hpp"

namespace mqtt_sub {

class MessageCommands {
public:
    // `on_stop`: --on-failure stop, the run shall end. `client` is used from take() on.
    MessageCommands(asio::io_context& context, const CommandOptions& options,
                    const tools::ConnectionLog& log, mqtt::Client& client,
                    std::function<void()> on_stop);

    mqtt::AckDecision take(const mqtt::IncomingMessage& message);
    // Nothing is taken any more; `then` is called when the commands have ended, perhaps at once.
    // `drops`: those that have not begun never will; nothing is retried either way.
    void finish(bool drops, std::function<void()> then);
    std::uint64_t failed() const { return failed_; }  // for good, and not skipped
    std::uint64_t dropped() const { return dropped_; }

private:
    using Kind = CommandOptions::Kind;
    // A message on its way through a command.
    struct Work {
        mqtt::AckTicket ticket;
        mqtt::QoS qos{};
        std::string topic;
        CommandInput input;  // --exec-lines: the payload is the line
        std::string response_topic;
        mqtt::PropertyList response_properties;
        std::chrono::seconds retry_after{1};
        std::shared_ptr<asio::steady_timer> retry_timer;
    };
    using WorkRef = std::shared_ptr<Work>;

    WorkRef make_work(const mqtt::IncomingMessage& message);
    bool answers() const { return options_.kind == Kind::reply || options_.kind == Kind::echo; }
    void begin(const WorkRef& work);
    void give_lines();
    void start_lines();
    void on_line(std::string_view line);
    void on_lines_exit(int status);
    void succeed(const WorkRef& work, std::string output);
    void fail(const WorkRef& work, const std::string& why);
    void stop();
    void respond(const Work& work, std::string_view payload);
    void check_finished();

    asio::io_context& context_;
    const CommandOptions& options_;
    const tools::ConnectionLog& log_;
    mqtt::Client& client_;
    std::function<void()> on_stop_;
    std::optional<CommandPool> pool_;
    std::optional<LineCommand> lines_;
    std::deque<WorkRef> waiting_;  // for the lines command
    std::deque<WorkRef> given_;    // to it, oldest first
    asio::steady_timer restart_timer_;
    std::chrono::seconds restart_after_{1};
    bool is_restarting_ = false;
    tools::MessageClock clock_;
    std::size_t jobs_ = 1;
    std::uint64_t dropped_ = 0;
    std::uint64_t failed_ = 0;
    bool is_finishing_ = false;
    std::function<void()> then_;
};

}  // namespace mqtt_sub
