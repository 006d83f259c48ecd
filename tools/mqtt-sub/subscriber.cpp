// See subscriber.hpp.
#include "mqtt-sub/subscriber.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/post.hpp>
#include <csignal>

#include "common/credentials.hpp"
#include "common/mosquitto_log.hpp"
#include "common/mosquitto_reasons.hpp"
#include "common/wait_descriptor.hpp"
#include "mqtt-sub/subscriber_run.hpp"

namespace mqtt_sub {

using mqtt::ReasonCode;
using std::chrono::nanoseconds;

Subscriber::Subscriber(const tools::Invocation& invocation, const Options& options)
    : invocation_(invocation)
    , options_(options)
    , log_(invocation, options.settings, options.connect)
    , printer_(tools::style_for(options.style, invocation.persona, STDOUT_FILENO, options.color))
    , filter_(options)
    , screen_(options.connect.endpoint.host)
    , expectation_(make_expectation(options))
    , client_(context_, client_options()) {
    if (!options.record_path.empty()) recorder_.emplace(options.record_path);
    client_.set_refusal_handler([this](std::string_view filter, ReasonCode reason) {
        on_refused(filter, reason, " after the server had lost the session");
    });
    client_.set_state_handler([this](const mqtt::StateChange& change) { on_state(change); });
    client_.set_message_handler(
        [this](const mqtt::IncomingMessage& message) { return on_message(message); });
    client_.set_delivery_handler([this](std::uint64_t token, std::error_code, ReasonCode) {
        if (token == kRemovalToken) --removals_due_;
    });
    const bool wants_all = options.retained_only && (options.snapshot || options.remove_retained);
    if (wants_all && is_ours()) marker_.emplace();
    if (options.command.kind != CommandOptions::Kind::none) {
        commands_.emplace(context_, options.command, log_, client_,
                          [this] { finish(tools::kExitCommand); });
    }
}

mqtt::ClientOptions Subscriber::client_options() {
    mqtt::ClientOptions client;
    client.connect = options_.connect;
    client.reconnect = options_.settings.reconnect;
    client.retry_first_connect = client.reconnect.max_retries > 0;  // when it was asked for
    client.before_attempt = tools::password_refresher(options_.settings);
    // What comes after the last message of -C is left to the server's session.
    client.manual_acknowledgement = true;
    client.log_packets = options_.settings.debug;
    if (options_.settings.debug && is_ours()) {
        client.log = [this](mqtt::LogLevel, std::string_view line) { log_.say(line); };
    } else if (options_.settings.debug) {
        // mosquitto_sub mixes these lines with its data.
        const tools::MosquittoLog lines(invocation_.persona, options_.settings.quiet);
        client.packet_sink = [this, log = lines](const mqtt::PacketEvent& event) mutable {
            log_.note(event);
            log.append(output_.buffer(), event);
            if (event.type == mqtt::PacketType::pubrel && !event.is_sent) release(event);
            flush_soon();
        };
    }
    return client;
}

void Subscriber::make_live() {
    LiveHooks hooks{.quit = [this] { finish(tools::kExitDone); },
                    .cannot_write = [this](int error) { on_write_error(error); }};
    live_ = make_live_view(context_, options_, std::move(hooks));
    if (!live_) return;
    log_.divert([this](std::string_view text) {
        const bool is_shown = live_->note(text);
        last_note_ = is_shown ? text : std::string_view();
        return is_shown;
    });
}

int Subscriber::run() {
    std::signal(SIGPIPE, SIG_IGN);
    make_live();
    watch_signals();
    watch_reader();
    arm_timers();
    if (options_.watch) screen_.start(output_.buffer());
    if (live_) live_->start();
    connect();
    context_.run();
    flush();
    return exit_code_;
}

void Subscriber::watch_signals() {
    std::error_code ignored;
    signals_.add(SIGINT, ignored);
    signals_.add(SIGTERM, ignored);
    if (live_) {  // the screen is given back on these, too
        signals_.add(SIGHUP, ignored);
        signals_.add(SIGQUIT, ignored);
    }
    signals_.async_wait([this](std::error_code error, int) {
        if (error) return;
        // The second one does not wait for commands.
        if (finished_) return context_.stop();
        watch_signals();
        finish(was_connected_ ? tools::kExitDone : tools::kExitNeverConnected,
               ReasonCode::disconnect_with_will_message);
    });
}

// A pipe whose reader has gone ends the run now, not at the next message.
void Subscriber::watch_reader() {
    struct stat status {};
    if (::fstat(STDOUT_FILENO, &status) != 0 || !S_ISFIFO(status.st_mode)) return;
    std::error_code error;
    reader_.assign(tools::open_to_wait(STDOUT_FILENO, O_WRONLY), error);
    if (error) return;
    reader_.async_wait(asio::posix::stream_descriptor::wait_error, [this](std::error_code failed) {
        if (!failed) finish(tools::kExitDone);
    });
}

void Subscriber::arm_timers() {
    if (options_.timeout) {
        timeout_timer_.expires_after(*options_.timeout);
        timeout_timer_.async_wait([this](std::error_code error) {
            if (error) return;
            if (was_connected_ || is_ours()) {
                log_.say(was_connected_ ? "timed out" : "timed out before the connection was up");
            }
            if (was_connected_ && !expectation_.is_met()) log_.say(expectation_.missing());
            finish(was_connected_ ? tools::kExitTimedOut : tools::kExitNeverConnected,
                   ReasonCode::disconnect_with_will_message);
        });
    }
    if (options_.message_rate) show_rate(0);
}

void Subscriber::show_rate(std::uint64_t before) {
    if (was_connected_) {
        fmt::format_to(std::back_inserter(output_.buffer()), "{} msgs/s\n", received_ - before);
        flush();
    }
    rate_timer_.expires_after(std::chrono::seconds(1));
    rate_timer_.async_wait([this, seen = received_](std::error_code error) {
        if (!error) show_rate(seen);
    });
}

// Looks four times per idle time whether anything came.
void Subscriber::check_idle(std::uint64_t seen) {
    const bool until_cleared = options_.remove_retained && options_.retained_only;
    if (!options_.idle && !until_cleared && !marker_) return;
    const nanoseconds idle = options_.idle.value_or(marker_ ? std::chrono::milliseconds(500)
                                                            : std::chrono::milliseconds(1'000));
    idle_timer_.expires_after(idle);
    idle_timer_.async_wait([this, seen](std::error_code error) {
        if (error) return;
        const bool is_quiet = received_ == seen && removals_due_ == 0;
        const auto now = RetainedMarker::Clock::now();
        if (is_quiet && (!marker_ || marker_->is_over(now))) {
            if (marker_ && marker_->was_lost(now)) {
                log_.say("the server did not send our marker back: messages may be missing");
            }
            return finish(tools::kExitDone);
        }
        check_idle(received_);
    });
}

void Subscriber::connect() {
    client_.connect(
        [this](std::error_code error, mqtt::ConnectReport report) { on_connected(error, report); });
}

void Subscriber::on_connected(std::error_code error, const mqtt::ConnectReport& report) {
    if (finished_) return;
    if (!error) {
        was_connected_ = true;
        subscribe();
        return;
    }
    if (!is_ours() && tools::mosquitto_tries_again(client_.last_error(), was_answered_)) {
        was_answered_ = true;
        retry_timer_.expires_after(tools::kMosquittoPause);
        return retry_timer_.async_wait([this](std::error_code cancelled) {
            if (!cancelled && !finished_) connect();
        });
    }
    (void)output_.flush();  // what is said of -d comes behind
    finish(log_.say_failure(error, report, client_.last_error()));
}

void Subscriber::subscribe() {
    ask_for_filters();
    // Afterwards: a filter that is in both is left. mosquitto_sub sends a packet for each.
    if (options_.unsubscribes.empty()) return;
    if (is_ours()) return leave_filters(options_.unsubscribes);
    for (const std::string& filter : options_.unsubscribes)
        leave_filters({filter});
}

void Subscriber::leave_filters(std::vector<std::string> filters) {
    ++unsubscribes_due_;
    client_.unsubscribe(std::move(filters), options_.settings.unsubscribe_properties,
                        [this](std::error_code error, const mqtt::UnsubscribeResult&) {
                            --unsubscribes_due_;
                            on_unsubscribed(error);
                        });
}

void Subscriber::ask_for_filters() {
    if (options_.filters.empty()) return;
    std::vector<mqtt::Subscription> subscriptions;
    for (std::size_t i = 0; i < options_.filters.size(); ++i) {
        subscriptions.emplace_back(options_.filters[i], subscription_options(options_, i));
    }
    if (marker_) subscriptions.emplace_back(marker_->topic());
    client_.subscribe(std::move(subscriptions), options_.settings.subscribe_properties,
                      [this](std::error_code error, const mqtt::SubscribeResult& result) {
                          on_subscribed(error, result);
                      });
}

void Subscriber::on_subscribed(std::error_code error, const mqtt::SubscribeResult& result) {
    // Even when the message that came with SUBACK was the last one wanted.
    for (std::size_t i = 0; i < result.reasons.size(); ++i) {
        if (!mqtt::is_error(result.reasons[i]) || i >= options_.filters.size()) continue;
        on_refused(options_.filters[i], result.reasons[i], "");
    }
    if (finished_) return;
    if (error && error != mqtt::Errc::refused_by_server) {
        log_.say(fmt::format("cannot subscribe: {}", error.message()));
        return finish(tools::exit_code(mqtt::Error(static_cast<mqtt::Errc>(error.value())),
                                       invocation_.persona));
    }
    if (options_.exit_after_subscribe) return finish(tools::kExitDone);
    if (marker_) marker_->send(client_, RetainedMarker::Clock::now());
    check_idle(received_);
}

// The run goes on while a filter is left.
void Subscriber::on_refused(std::string_view filter, ReasonCode reason, std::string_view again) {
    if (is_ours()) {
        log_.say(fmt::format("the subscription to '{}' was refused{}: {}", filter, again,
                             mqtt::reason_text(reason)));
    } else if (refused_ + 1 == options_.filters.size()) {
        log_.say_as_it_is("All subscription requests were denied.\n");
    }
    if (refused_++ == 0) refused_code_ = static_cast<int>(reason);
    if (finished_ && exit_code_ == tools::kExitDone && is_ours()) exit_code_ = refused_code_;
    if (refused_ == options_.filters.size()) finish(tools::kExitDone);
}

void Subscriber::on_unsubscribed(std::error_code error) {
    if (finished_) return;
    if (error) log_.say(fmt::format("cannot unsubscribe: {}", error.message()));
    const bool is_last = options_.filters.empty() && unsubscribes_due_ == 0;
    if (is_last && options_.exit_after_subscribe) finish(tools::kExitDone);
}

void Subscriber::on_state(const mqtt::StateChange& change) {
    if (finished_) return;
    log_.on_change(change);
    const bool gave_up = change.state == mqtt::ClientState::gave_up && was_connected_;
    if (gave_up || (!is_ours() && ends_mosquitto_sub(change))) finish(log_.say_lost(change));
}

// It comes back from a lost connection, but from no other end, nor when it is refused then.
bool Subscriber::ends_mosquitto_sub(const mqtt::StateChange& change) {
    if (change.state != mqtt::ClientState::waiting) return false;
    const mqtt::Errc code = change.error.code;
    return code == mqtt::Errc::disconnected_by_server || code == mqtt::Errc::protocol_error ||
           code == mqtt::Errc::malformed_packet;
}

void Subscriber::finish(int code, ReasonCode reason) {
    if (finished_) return;
    finished_ = true;
    // Not everything that was asked for happened; mosquitto_sub says nothing of it.
    if (code == tools::kExitDone && refused_ > 0 && is_ours()) code = refused_code_;
    if (live_) live_->stop();
    // Saying it again goes through the diversion, which writes to last_note_.
    const std::string note = std::move(last_note_);
    if (code != tools::kExitDone && !note.empty()) log_.say(note);
    exit_code_ = code;
    // Commands that have not begun are not waited for when the run is cut short.
    const bool drops = reason != ReasonCode::success || code == tools::kExitCommand;
    // 3.x has no DISCONNECT that keeps the will: mosquitto_sub sends the only one that there is.
    if (!mqtt::has_properties(client_.version())) reason = ReasonCode::success;
    // Not from inside a callback of the client; and not before commands that run have ended.
    asio::post(context_, [this, reason, drops] {
        const auto leave = [this, reason] {
            client_.disconnect(reason, options_.settings.disconnect_properties,
                               [this](std::error_code) { context_.stop(); });
        };
        if (!commands_) return leave();
        commands_->finish(drops, [this, leave] {
            if (exit_code_ == tools::kExitDone && commands_->failed() > 0) {
                exit_code_ = tools::kExitCommand;
            }
            leave();
        });
    });
}

int run(const tools::Invocation& invocation, const Options& options) {
    return Subscriber(invocation, options).run();
}

}  // namespace mqtt_sub
