// See outbox_run.hpp.
#include "mqtt-pub/outbox_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <cstring>

#include "common/exit_code.hpp"
#include "common/terminal.hpp"
#include "common/units.hpp"
#include "common/wait_descriptor.hpp"
#include "mqtt-pub/outbox_drain.hpp"
#include "mqtt-pub/outbox_intake.hpp"

namespace mqtt_pub {
namespace {

constexpr std::chrono::milliseconds kPollTime{100};  // for a lock, or for room

class OutboxRun {
public:
    OutboxRun(const tools::Invocation& invocation, const Options& options);
    int run();

private:
    void open_input();
    void watch_signals();
    void arm_timeout();
    void stop(std::string why);
    void step();
    void step_soon();
    bool take_in();
    void wait_for_input();
    void wait_a_little();
    void wait_until(std::chrono::steady_clock::time_point when);
    bool begin_drain();
    void on_drained(const DrainEnd& end);
    void finish();
    int exit_code() const;
    void say_what_waits();
    bool is_streaming() const { return is_stream(options_.source); }

    const Options& options_;
    tools::ConnectionLog log_;
    Outbox outbox_;
    OutboxIntake intake_;
    asio::io_context context_{1};
    asio::signal_set signals_{context_};
    asio::steady_timer timeout_timer_{context_};
    asio::steady_timer poll_timer_{context_};
    asio::posix::stream_descriptor input_{context_};
    bool input_can_wait_ = false;
    bool intake_ended_ = false;
    bool said_full_ = false;
    bool is_stepping_ = false;  // something will call step()
    bool is_stopping_ = false;  // by a signal or the timeout
    bool drain_is_over_ = false;
    DrainEnd end_;
    OutboxDrain drain_;
};

OutboxRun::OutboxRun(const tools::Invocation& invocation, const Options& options)
    : options_(options)
    , log_(invocation, options.settings, options.connect)
    , outbox_(options.outbox.folder, {options.outbox.limit_bytes, options.outbox.sync})
    , intake_(options, outbox_, log_)
    , drain_(context_, invocation, options, outbox_, log_,
             [this](const DrainEnd& end) { on_drained(end); }) {
    intake_ended_ = options.source == Source::none;
}

int OutboxRun::run() {
    std::signal(SIGPIPE, SIG_IGN);
    watch_signals();
    arm_timeout();
    if (is_streaming()) open_input();
    step_soon();
    context_.run();
    if (const std::string damage = outbox_.take_damage(); !damage.empty()) {
        log_.say(fmt::format("outbox '{}': {}", options_.outbox.folder, damage));
    }
    say_what_waits();
    if (options_.report_json) {
        tools::print_output(drain_report_json(drain_.counts(), intake_.kept(), intake_.invalid(),
                                              outbox_.totals().messages, exit_code()));
    }
    return exit_code();
}

void OutboxRun::open_input() {
    struct stat status {};
    input_can_wait_ = ::fstat(intake_.input_descriptor(), &status) == 0 &&
                      (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ||
                       tools::is_terminal(intake_.input_descriptor()));
    std::error_code error;
    const int descriptor = intake_.input_descriptor();
    if (input_can_wait_) input_.assign(tools::open_to_wait(descriptor, O_RDONLY), error);
    if (error) input_can_wait_ = false;
}

// What was read is journaled; the rest stays for the next run.
void OutboxRun::watch_signals() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](std::error_code error, int) {
        if (error) return;
        signals_.clear();
        stop("stopped by a signal");
    });
}

void OutboxRun::arm_timeout() {
    if (!options_.timeout) return;
    timeout_timer_.expires_after(*options_.timeout);
    timeout_timer_.async_wait([this](std::error_code error) {
        if (error) return;
        stop(fmt::format("not done within {}", tools::format_duration(*options_.timeout)));
    });
}

void OutboxRun::stop(std::string why) {
    is_stopping_ = true;
    intake_.stop();
    std::error_code ignored;
    input_.cancel(ignored);
    poll_timer_.cancel();
    end_ = {false, tools::kExitTimedOut, std::move(why)};
    drain_.stop(end_);
    step_soon();
}

void OutboxRun::step_soon() {
    if (std::exchange(is_stepping_, true)) return;
    asio::post(context_, [this] { step(); });
}

// Journals what is there, lets the drain see it, and ends when both are through.
void OutboxRun::step() {
    is_stepping_ = false;
    if (!intake_ended_ && !take_in()) return;
    if (drain_.is_running()) return drain_.on_more(intake_ended_);
    if (!intake_ended_) return;
    if (is_stopping_ || drain_is_over_ || !options_.outbox.drain) return finish();
    if (begin_drain()) return drain_.on_more(true);
    // Another process drains. Whoever asked for a drain waits; the others leave it to that one.
    if (options_.outbox.drain_only) return wait_a_little();
    finish();
}

// False: input or room is waited for.
bool OutboxRun::take_in() {
    switch (intake_.run_batch()) {
    case OutboxIntake::State::more: break;
    case OutboxIntake::State::ended:
        intake_ended_ = true;
        if (intake_.errno_value() != 0) {
            throw tools::ToolError(
                tools::kExitUsage,
                fmt::format("cannot read the input: {}", std::strerror(intake_.errno_value())));
        }
        return true;
    case OutboxIntake::State::waiting:
        begin_drain();
        drain_.on_more(false);
        wait_for_input();
        return false;
    case OutboxIntake::State::later:
        begin_drain();
        drain_.on_more(false);
        wait_until(intake_.due());
        return false;
    case OutboxIntake::State::full: {
        const bool may_drain = is_streaming() && (drain_.is_running() || begin_drain());
        if (!may_drain) {
            throw tools::ToolError(
                tools::kExitFull,
                fmt::format("the outbox '{}' is full: {} messages kept, the rest not; drain it or "
                            "raise --outbox-limit",
                            options_.outbox.folder, intake_.kept()));
        }
        if (!std::exchange(said_full_, true)) log_.say("the outbox is full: input waits");
        drain_.on_more(false);
        wait_a_little();
        return false;
    }
    }
    if (is_streaming()) begin_drain();
    drain_.on_more(false);
    step_soon();
    return false;
}

void OutboxRun::wait_for_input() {
    if (!input_can_wait_) {
        intake_.fill();
        return step_soon();
    }
    is_stepping_ = true;
    input_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
        if (!error) intake_.fill();
        step();
    });
}

void OutboxRun::wait_a_little() {
    wait_until(std::chrono::steady_clock::now() + kPollTime);
}

void OutboxRun::wait_until(std::chrono::steady_clock::time_point when) {
    is_stepping_ = true;
    poll_timer_.expires_at(when);
    poll_timer_.async_wait([this](std::error_code) { step(); });
}

// True: a drain runs. A stream does not try again what has failed for good.
bool OutboxRun::begin_drain() {
    if (drain_.is_running()) return true;
    if (!options_.outbox.drain || is_stopping_ || drain_is_over_) return false;
    if (!outbox_.try_lock_drain()) return false;
    if (outbox_.is_empty()) {  // nothing to connect for, yet
        outbox_.unlock_drain();
        if (!intake_ended_) return false;
        end_ = {true, tools::kExitDone, {}};
        finish();
        return true;
    }
    drain_.start();
    return true;
}

// The drain lock is free again.
void OutboxRun::on_drained(const DrainEnd& end) {
    end_ = end;
    // What others appended while we were leaving is nobody else's: they saw the lock taken.
    drain_is_over_ = !end.all_done || (intake_ended_ && outbox_.is_empty());
    step_soon();
}

void OutboxRun::finish() {
    drain_is_over_ = true;
    context_.stop();
}

void OutboxRun::say_what_waits() {
    if (end_.all_done || outbox_.is_empty()) return;
    const std::uint64_t waiting = outbox_.totals().messages;
    if (waiting == 0 || (!options_.outbox.drain && end_.why.empty())) return;
    log_.say(fmt::format("{} message{} in the outbox '{}'{}{}", waiting,
                         waiting == 1 ? " waits" : "s wait", options_.outbox.folder,
                         end_.why.empty() ? "" : ": ", end_.why));
}

int OutboxRun::exit_code() const {
    if (drain_.counts().refused_code != 0) return drain_.counts().refused_code;
    if (intake_.invalid() > 0) return tools::kExitUsage;
    return options_.outbox.drain_only ? end_.exit_code : tools::kExitDone;
}

}  // namespace

int run_outbox(const tools::Invocation& invocation, const Options& options) {
    if (!options.outbox.status) return OutboxRun(invocation, options).run();
    Outbox outbox(options.outbox.folder, {options.outbox.limit_bytes, options.outbox.sync});
    const Outbox::Totals totals = outbox.totals();
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto age = std::chrono::duration<double>(now).count() -
                     static_cast<double>(totals.oldest.value_or(0)) / 1e9;
    fmt::print("{{\"messages\":{},\"bytes\":{},\"oldest_seconds\":{}}}\n", totals.messages,
               totals.bytes, totals.oldest ? fmt::format("{:.3f}", std::max(age, 0.0)) : "null");
    return tools::kExitDone;
}

}  // namespace mqtt_pub
