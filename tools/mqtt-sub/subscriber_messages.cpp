// Subscriber: a message on its way to the output, to files, views and commands. See subscriber_run.hpp.
#include <fmt/format.h>

#include <asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <variant>

#include "mqtt-sub/subscriber_run.hpp"

namespace mqtt_sub {

mqtt::AckDecision Subscriber::on_message(const mqtt::IncomingMessage& message) {
    if (finished_ || last_held_ != 0) return mqtt::AckDecision::later();
    const mqtt::Publish& publish = message.publish;
    if (marker_ && marker_->take(publish)) return mqtt::AckDecision::now();
    if (options_.snapshot && !publish.retain) return mqtt::AckDecision::now();
    ++received_;
    if (options_.message_rate) return mqtt::AckDecision::now();
    if (options_.retained_only && !publish.retain) {
        finish(tools::kExitDone);
        return mqtt::AckDecision::later();
    }
    if (!filter_.is_shown(publish)) return mqtt::AckDecision::now();
    show(publish);
    // Before an end: the message that brings it is worked on, too.
    const mqtt::AckDecision decision =
        commands_ ? commands_->take(message) : mqtt::AckDecision::now();
    if (options_.remove_retained && publish.retain) clear_retained(publish);
    const bool is_last = options_.count && ++shown_ == *options_.count;
    if (is_last && is_held(publish)) last_held_ = publish.id;
    if ((is_last && last_held_ == 0) || expectation_.take(publish)) finish(tools::kExitDone);
    return decision;
}

// Their library shows a message with QoS 2 when it is released: seen only among the lines of -d.
bool Subscriber::is_held(const mqtt::Publish& message) const {
    return !is_ours() && options_.settings.debug && message.qos == mqtt::QoS::exactly_once;
}

void Subscriber::release(const mqtt::PacketEvent& event) {
    const auto* pubrel = std::get_if<mqtt::Ack>(event.packet);
    if (pubrel == nullptr) return;
    output_.buffer() += held_[pubrel->id];
    held_.erase(pubrel->id);
    if (pubrel->id == last_held_) finish(tools::kExitDone);
}

// To everybody who wants to have it.
void Subscriber::show(const mqtt::Publish& message) {
    if (recorder_) recorder_->append(message);
    if (options_.prints_messages()) print(message);
    if (live_) live_->on_message(message);
    const bool is_large = output_.is_large() || (recorder_ && recorder_->is_large());
    if (is_large) return flush();
    const bool is_empty = output_.is_empty() && (!recorder_ || recorder_->is_empty());
    if (!is_empty) flush_soon();
}

void Subscriber::print(const mqtt::Publish& message) {
    std::string& out = is_held(message) ? held_[message.id] : output_.buffer();
    if (options_.watch) screen_.begin(out, message.topic);
    const std::string_view complaint = printer_.append(out, message);
    if (options_.watch) screen_.end(out);
    if (!complaint.empty()) log_.say(fmt::format("{}: {}", message.topic, complaint));
}

// A retained message is cleared by an empty one [MQTT-3.3.1-6].
void Subscriber::clear_retained(const mqtt::Publish& message) {
    const mqtt::PublishRequest empty{.topic = message.topic,
                                     .payload = {},
                                     .qos = mqtt::QoS::at_least_once,
                                     .retain = true,
                                     .properties = {}};
    if (client_.submit(empty, kRemovalToken)) {
        ++removals_due_;
    } else {
        log_.say(fmt::format("cannot clear '{}'", message.topic));
    }
}

// Once per turn of the loop: after everything that is ready has been read.
void Subscriber::flush_soon() {
    if (flush_posted_) return;
    flush_posted_ = true;
    asio::post(context_, [this] {
        flush_posted_ = false;
        flush();
    });
}

void Subscriber::flush() {
    if (recorder_ && recorder_->errno_value() == 0 && !recorder_->flush()) {
        log_.say(fmt::format("cannot write '{}': {}", recorder_->path(),
                             std::strerror(recorder_->errno_value())));
        end_without_output();
    }
    if (output_.is_broken() || output_.flush()) return;
    on_write_error(output_.errno_value());
}

// A reader or terminal that has gone is an end, not a failure.
void Subscriber::on_write_error(int error) {
    if (error == EPIPE || (live_ && error == EIO)) return finish(tools::kExitDone);
    log_.say(fmt::format("cannot write: {}", std::strerror(error)));
    end_without_output();
}

// Also when it was the last message, after which all seemed done.
void Subscriber::end_without_output() {
    if (finished_ && exit_code_ == tools::kExitDone && is_ours()) exit_code_ = tools::kExitOutput;
    finish(tools::kExitOutput);
}

}  // namespace mqtt_sub
