// See message_commands.hpp.
#include "mqtt-sub/command/message_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <asio/post.hpp>
#include <system_error>
#include <utility>

#include "common/message_json.hpp"
#include "mqtt-sub/command/message_environment.hpp"

namespace mqtt_sub {
namespace {

constexpr std::size_t kWaitingMessages = 10'000;  // of QoS 0
constexpr std::size_t kLineJobs = 100;
constexpr std::chrono::seconds kLongestPause{60};

}  // namespace

MessageCommands::MessageCommands(asio::io_context& context, const CommandOptions& options,
                                 const tools::ConnectionLog& log, mqtt::Client& client,
                                 std::function<void()> on_stop)
    : context_(context)
    , options_(options)
    , log_(log)
    , client_(client)
    , on_stop_(std::move(on_stop))
    , restart_timer_(context) {
    if (options.kind == Kind::exec || options.kind == Kind::reply) {
        jobs_ = options.jobs.value_or(1);
        pool_.emplace(context, options.command, jobs_, options.kind == Kind::reply);
    } else if (options.kind == Kind::exec_lines) {
        jobs_ = options.jobs.value_or(kLineJobs);
        lines_.emplace(context, options.command,
                       LineCommand::Events{[this](std::string_view line) { on_line(line); },
                                           [this](int status) { on_lines_exit(status); }});
    }
}

mqtt::AckDecision MessageCommands::take(const mqtt::IncomingMessage& message) {
    const mqtt::Publish& publish = message.publish;
    if (is_finishing_) return mqtt::AckDecision::later();
    if (answers() && !publish.properties.text(mqtt::PropertyId::response_topic)) {
        log_.say(
            fmt::format("{}: a request without response topic is not answered", publish.topic));
        return mqtt::AckDecision::now();
    }
    const std::size_t waiting = waiting_.size() + (pool_ ? pool_->waiting() : 0);
    if (publish.qos == mqtt::QoS::at_most_once && waiting >= kWaitingMessages) {
        if (dropped_++ == 0) log_.say("commands are too slow: messages with QoS 0 are dropped");
        return mqtt::AckDecision::now();
    }
    const WorkRef work = make_work(message);
    if (options_.kind == Kind::echo) {
        respond(*work, mqtt::as_text(publish.payload));
        return mqtt::AckDecision::now();
    }
    begin(work);
    return mqtt::AckDecision::later();
}

MessageCommands::WorkRef MessageCommands::make_work(const mqtt::IncomingMessage& message) {
    const mqtt::Publish& publish = message.publish;
    const WorkRef work = std::make_shared<Work>();
    work->ticket = message.ticket;
    work->qos = publish.qos;
    work->topic = publish.topic;
    if (options_.kind == Kind::exec_lines) {
        clock_.refresh();
        tools::append_message_json(work->input.payload, publish, tools::JsonPayload::text, clock_);
        work->input.payload += '\n';
        return work;
    }
    if (answers()) {
        const mqtt::Properties properties = publish.properties;
        const auto correlation = mqtt::PropertyId::correlation_data;
        work->response_topic = *properties.text(mqtt::PropertyId::response_topic);
        if (const auto data = properties.text(correlation)) {
            work->response_properties.add(correlation, *data);
        }
    }
    if (options_.kind != Kind::echo) {
        work->input.environment = message_environment(publish);
        work->input.payload = mqtt::as_text(publish.payload);
    }
    return work;
}

void MessageCommands::begin(const WorkRef& work) {
    if (!lines_) {
        return pool_->run(work->input, [this, work](int status, std::string output) {
            if (status == 0) {
                succeed(work, std::move(output));
            } else if (status < 0) {
                fail(work, output);
            } else {
                fail(work, fmt::format("the command ended with {}", status));
            }
            check_finished();
        });
    }
    waiting_.push_back(work);
    give_lines();
}

// A result that was there: answered and acknowledged. A ticket of an earlier connection is ignored,
// the server delivers that message again.
void MessageCommands::succeed(const WorkRef& work, std::string output) {
    if (options_.kind == Kind::reply) respond(*work, output);
    if (work->ticket) client_.acknowledge(work->ticket);
}

void MessageCommands::fail(const WorkRef& work, const std::string& why) {
    using OnFailure = CommandOptions::OnFailure;
    const bool retries = options_.on_failure == OnFailure::retry &&
                         work->qos != mqtt::QoS::at_most_once && !is_finishing_;
    log_.say(fmt::format("{}: {}{}", work->topic, why,
                         retries ? fmt::format("; again in {} s", work->retry_after.count()) : ""));
    if (options_.on_failure == OnFailure::skip) {
        if (work->ticket) client_.acknowledge(work->ticket);
        return;
    }
    if (!retries) ++failed_;
    if (options_.on_failure == OnFailure::stop) return stop();
    if (!retries) return;
    work->retry_timer = std::make_shared<asio::steady_timer>(context_, work->retry_after);
    work->retry_after = std::min(work->retry_after * 2, kLongestPause);
    work->retry_timer->async_wait([this, work](std::error_code error) {
        if (!error && !is_finishing_) begin(work);
    });
}

// Nothing begins any more, from now on.
void MessageCommands::stop() {
    is_finishing_ = true;
    if (pool_) pool_->drop_waiting();
    waiting_.clear();
    on_stop_();
}

void MessageCommands::respond(const Work& work, std::string_view payload) {
    mqtt::PublishRequest response;
    response.topic = work.response_topic;
    response.payload = mqtt::as_bytes(payload);
    response.qos = work.qos;
    response.properties = work.response_properties.view();
    const mqtt::Status status = client_.submit(response);
    if (!status) {
        log_.say(fmt::format("the response to '{}' cannot be sent: {}", work.response_topic,
                             mqtt::info(status.error().code).text));
    }
}

// Gives the command as many lines as it may have, in order.
void MessageCommands::give_lines() {
    if (is_restarting_) return;
    if (!is_finishing_ && !lines_->is_running() && !waiting_.empty()) start_lines();
    while (lines_->is_running() && given_.size() < jobs_ && !waiting_.empty()) {
        lines_->write(waiting_.front()->input.payload);
        given_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
}

void MessageCommands::start_lines() {
    try {
        lines_->start();
    } catch (const std::system_error& error) {
        log_.say(error.what());
        // Not from inside take().
        asio::post(context_, [this] { on_lines_exit(-1); });
    }
}

void MessageCommands::on_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);  // of programs that think of Windows
    if (given_.empty()) {
        log_.say(fmt::format("the command answered what it was not given: {}", line));
        return;
    }
    const WorkRef work = std::move(given_.front());
    given_.pop_front();
    restart_after_ = std::chrono::seconds(1);
    if (line == "ok") {
        succeed(work, {});
    } else {
        fail(work, line.empty() ? "the command answered an empty line" : std::string(line));
    }
    give_lines();
    check_finished();
}

// What it had not answered goes first again.
void MessageCommands::on_lines_exit(int status) {
    const bool is_finishing = is_finishing_;
    if (!is_finishing && status >= 0) {
        log_.say(fmt::format("the command ended with {}; started again in {} s", status,
                             restart_after_.count()));
    }
    waiting_.insert(waiting_.begin(), given_.begin(), given_.end());
    given_.clear();
    if (is_finishing) return check_finished();
    if (options_.on_failure == CommandOptions::OnFailure::stop) {
        ++failed_;
        return stop();
    }
    is_restarting_ = true;
    restart_timer_.expires_after(restart_after_);
    restart_after_ = std::min(restart_after_ * 2, kLongestPause);
    restart_timer_.async_wait([this](std::error_code error) {
        is_restarting_ = false;
        if (!error) give_lines();
    });
}

void MessageCommands::finish(bool drops, std::function<void()> then) {
    is_finishing_ = true;
    then_ = std::move(then);
    restart_timer_.cancel();
    if (drops && pool_) pool_->drop_waiting();
    if (drops) waiting_.clear();
    check_finished();
}

void MessageCommands::check_finished() {
    if (!is_finishing_ || !then_) return;
    if (pool_ && pool_->running() + pool_->waiting() > 0) return;
    if (lines_ && lines_->is_running()) {
        // It sees the end of its input when all is answered.
        if (given_.empty() && waiting_.empty()) lines_->close_input();
        return;
    }
    failed_ += waiting_.size();  // it ended, and is not started again
    if (dropped_ > 0) log_.say(fmt::format("{} messages with QoS 0 were dropped", dropped_));
    std::exchange(then_, nullptr)();
}

}  // namespace mqtt_sub
