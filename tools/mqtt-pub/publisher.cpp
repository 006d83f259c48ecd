// See publisher.hpp.
#include "mqtt-pub/publisher.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <asio/post.hpp>
#include <csignal>

#include "common/mosquitto_reasons.hpp"
#include "common/terminal.hpp"
#include "common/units.hpp"
#include "common/wait_descriptor.hpp"
#include "mqtt-pub/publisher_impl.hpp"

namespace mqtt_pub {

using mqtt::Errc;
using mqtt::ReasonCode;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kAckChecksPerTimeout = 4;

}  // namespace

Publisher::Publisher(const tools::Invocation& invocation, const Options& options)
    : invocation_(invocation)
    , options_(options)
    , log_(invocation, options.settings, options.connect)
    , source_(options)
    , client_(context_, invocation, options, log_) {
    client_.on_state = [this](const mqtt::StateChange& change) { on_state(change); };
    client_.on_delivery = [this](std::uint64_t token, std::error_code error, ReasonCode reason) {
        on_delivery(token, error, reason);
    };
    client_.on_batch = [this](std::uint64_t, std::error_code error, ReasonCode reason,
                              std::size_t count) { on_batch(error, reason, count); };
    if (options.message_id) id_stamp_.emplace();
}

int Publisher::run() {
    std::signal(SIGPIPE, SIG_IGN);
    const bool lasts = is_stream(options_.source) || options_.duration || options_.rate > 0;
    if (is_ours() && lasts) watch_signals();
    arm_timeout();
    if (is_stream(options_.source)) {
        struct stat status {};
        const int descriptor = source_.input_descriptor();
        input_can_wait_ = ::fstat(descriptor, &status) == 0 &&
                          (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ||
                           tools::is_terminal(descriptor));
        std::error_code error;
        if (input_can_wait_) input_.assign(tools::open_to_wait(descriptor, O_RDONLY), error);
        if (error) input_can_wait_ = false;
    }
    connect();
    context_.run();
    report_.seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    if (options_.report_json) {
        tools::print_output(report_json(report_, exit_code_));
    }
    return exit_code_;
}

// The first signal ends the input: what was read is still delivered. The second one kills.
void Publisher::watch_signals() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](std::error_code error, int) {
        if (error || finished_) return;
        signals_.clear();
        if (!was_connected_) return finish(tools::kExitNeverConnected);
        stop_input();
    });
}

// What was taken is still delivered.
void Publisher::stop_input() {
    std::error_code ignored;
    input_.cancel(ignored);
    repeat_timer_.cancel();
    source_.stop();
    pump_soon();
}

void Publisher::arm_duration() {
    if (!options_.duration || ended_) return;
    duration_timer_.expires_after(*options_.duration);
    duration_timer_.async_wait([this](std::error_code error) {
        if (!error && !finished_) stop_input();
    });
}

void Publisher::arm_timeout() {
    if (!options_.timeout) return;
    timeout_timer_.expires_after(*options_.timeout);
    timeout_timer_.async_wait([this](std::error_code error) {
        if (error) return;
        const std::string limit = tools::format_duration(*options_.timeout);
        fail(was_connected_ ? fmt::format("not done within {}", limit)
                            : fmt::format("no connection within {}", limit),
             tools::kExitTimedOut);
    });
}

// Looks four times per timeout whether the server has acknowledged anything.
void Publisher::watch_acknowledgements(std::uint64_t seen, int quiet_checks) {
    if (options_.ack_timeout.count() == 0) return;
    ack_timer_.expires_after(options_.ack_timeout / kAckChecksPerTimeout);
    ack_timer_.async_wait([this, seen, quiet_checks](std::error_code error) {
        if (error) return;
        const bool is_quiet =
            client_->is_connected() && outstanding() > 0 && report_.answered() == seen;
        const int checks = is_quiet ? quiet_checks + 1 : 0;
        if (checks >= kAckChecksPerTimeout) {
            return fail(fmt::format("the server acknowledged nothing for {}",
                                    tools::format_duration(options_.ack_timeout)),
                        tools::kExitTimedOut);
        }
        watch_acknowledgements(report_.answered(), checks);
    });
}

void Publisher::connect() {
    client_.connect([this](std::error_code error, const mqtt::ConnectReport& report) {
        on_connected(error, report);
    });
}

void Publisher::on_connected(std::error_code error, const mqtt::ConnectReport& report) {
    if (finished_) return;
    if (!error) {
        was_connected_ = true;
        report_.provable = mqtt::has_properties(report.version);
        if (id_stamp_ && !mqtt::has_properties(report.version)) {
            log_.say("the server does not speak MQTT 5.0: messages get no message-id");
        }
        watch_acknowledgements(0, 0);
        arm_duration();
        return pump_soon();
    }
    const bool is_theirs = !is_ours() && is_stream(options_.source);
    if (is_theirs && tools::mosquitto_tries_again(client_->last_error(), was_answered_)) {
        was_answered_ = true;
        retry_timer_.expires_after(tools::kMosquittoPause);
        return retry_timer_.async_wait([this](std::error_code cancelled) {
            if (!cancelled && !finished_) connect();
        });
    }
    finish(log_.say_failure(error, report, client_->last_error(), is_stream(options_.source)));
}

void Publisher::on_state(const mqtt::StateChange& change) {
    if (finished_) return;
    log_.on_change(change);
    if (change.state != mqtt::ClientState::gave_up || !was_connected_) return;
    fail({}, log_.say_lost(change));
}

void Publisher::on_delivery(std::uint64_t token, std::error_code error, ReasonCode reason) {
    if (finished_) return;
    if (error || mqtt::is_error(reason)) {
        refuse(error, reason);
    } else if (token == 1) {
        ++report_.acknowledged;
    } else {
        ++report_.sent;
    }
    if (ended_) return check_done();
    // From inside submit() the timer is armed there.
    if (goes_step_by_step() && pumping_ && outstanding() == 0) wait_before_repeat();
}

// The next message waits for the acknowledgement of this one; mosquitto_pub knows no other way to repeat.
bool Publisher::goes_step_by_step() const {
    if (is_stream(options_.source)) return false;
    return options_.repeat_delay.count() > 0 ||
           (!is_ours() && options_.qos != mqtt::QoS::at_most_once);
}

void Publisher::on_batch(std::error_code error, ReasonCode reason, std::uint64_t count) {
    if (finished_) return;
    if (error || mqtt::is_error(reason)) {
        refuse(error, reason, count);
    } else {
        (options_.qos == mqtt::QoS::at_most_once ? report_.sent : report_.acknowledged) += count;
    }
    if (ended_) check_done();
}

void Publisher::refuse(std::error_code error, ReasonCode reason, std::uint64_t count) {
    if (!mqtt::is_error(reason)) reason = ReasonCode::unspecified_error;
    const bool is_first = report_.refused[reason] == 0;
    report_.refused[reason] += count;
    // mosquitto_pub warns of each; the packet log sees them.
    const bool is_warned_of = !is_ours() && error == make_error_code(Errc::refused_by_server);
    if (is_first && !is_warned_of) {
        log_.say(fmt::format("a message was not accepted: {}",
                             error && error != make_error_code(Errc::refused_by_server)
                                 ? error.message()
                                 : std::string(mqtt::reason_text(reason))));
    }
    if (refused_code_ != 0) return;
    const mqtt::Error cause(error ? static_cast<Errc>(error.value()) : Errc::refused_by_server,
                            reason);
    refused_code_ = tools::exit_code(cause, invocation_.persona);
}

void Publisher::check_done() {
    if (!ended_ || outstanding() > 0 || finished_) return;
    // mosquitto_pub only warns about a refusal.
    const bool refused = refused_code_ != 0 && is_ours();
    if (refused || report_.invalid > 0) {
        return fail({}, refused ? refused_code_ : tools::kExitUsage);
    }
    finish(tools::kExitDone);
}

void Publisher::fail(std::string_view why, int code) {
    if (finished_) return;
    if (!why.empty()) log_.say(why);
    if (is_ours() && (report_.accepted > 0 || report_.invalid > 0)) log_.say(report_text(report_));
    finish(code);
}

void Publisher::finish(int code) {
    if (finished_) return;
    finished_ = true;
    exit_code_ = code;
    // Not from inside a callback of the client.
    asio::post(context_, [this] {
        client_.end([this](std::error_code error) {
            if (error && exit_code_ == tools::kExitDone && report_.sent > 0) {
                log_.say("not everything could be written");
                exit_code_ = tools::kExitLinkLost;
            }
            context_.stop();
        });
    });
}

int run(const tools::Invocation& invocation, const Options& options) {
    return Publisher(invocation, options).run();
}

}  // namespace mqtt_pub
