// See replay_source.hpp.
#include "mqtt-pub/replay/replay_source.hpp"

#include <algorithm>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "mqtt/topic.hpp"

namespace mqtt_pub {
namespace {

using tools::RecordedMessage;

// The rest of `topic` behind `prefix` and its slash; nothing when it does not begin so.
std::optional<std::string_view> behind_prefix(std::string_view topic, std::string_view prefix) {
    if (prefix.empty()) return topic;
    if (!topic.starts_with(prefix)) return std::nullopt;
    topic.remove_prefix(prefix.size());
    if (topic.empty() || prefix.ends_with('/')) return topic;
    if (!topic.starts_with('/')) return std::nullopt;
    return topic.substr(1);
}

bool is_before(const RecordedMessage& message, const ReplayPoint& point) {
    if (!point.is_absolute) return message.at < point.time;
    return !message.tst || *message.tst < point.time;
}

}  // namespace

std::string mapped_topic(const ReplayOptions& options, const std::string& topic) {
    for (const auto& [prefix, replacement] : options.maps) {
        const auto rest = behind_prefix(topic, prefix);
        if (!rest) continue;
        if (rest->empty()) return replacement;
        const bool joins = replacement.empty() || replacement.ends_with('/');
        return replacement + (joins ? "" : "/") + std::string(*rest);
    }
    return topic;
}

ReplaySource::ReplaySource(const ReplayOptions& options)
    : options_(options)
    , reader_(options.path) {
    if ((options.loop || options.times > 1) && !reader_.rewind()) {
        throw tools::ToolError(tools::kExitUsage,
                               "'" + options.path + "' cannot be read more than once");
    }
}

ReplaySource::State ReplaySource::next(Clock::time_point now) {
    if (!problem_.empty()) return State::invalid;
    while (!message_) {
        const State state = read(now);
        if (state != State::ready) return state;
    }
    return due_ <= now ? State::ready : State::later;
}

// One step: a line, the end of a round. Ready: go on.
ReplaySource::State ReplaySource::read(Clock::time_point now) {
    if (ended_) return State::ended;
    if (!reader_.can_read()) return State::waiting;
    try {
        auto message = reader_.next();
        if (!message || is_after_end(*message)) {
            ended_ = !start_again();
            return State::ready;
        }
        if (is_before_start(*message)) return State::ready;
        message->topic = mapped_topic(options_, message->topic);
        message_ = std::move(message);
        if (mqtt::validate_topic_name(message_->topic)) {
            schedule(now);
            return State::ready;
        }
        problem_ = "line " + std::to_string(reader_.line()) + ": --map makes '" + message_->topic +
                   "' of it, which is no valid topic";
    } catch (const tools::ToolError& error) {
        problem_ = error.what();
    }
    return State::invalid;
}

bool ReplaySource::is_before_start(const RecordedMessage& message) const {
    return options_.from && is_before(message, *options_.from);
}

bool ReplaySource::is_after_end(const RecordedMessage& message) const {
    return options_.to && !is_before(message, *options_.to);
}

// A round without a message would go on for ever.
bool ReplaySource::start_again() {
    ++rounds_;
    const bool again = has_played_ && (options_.loop || rounds_ < options_.times);
    has_played_ = false;
    started_.reset();
    return again && reader_.rewind();
}

void ReplaySource::schedule(Clock::time_point now) {
    if (!started_) {
        // The next round begins when the last one ended.
        started_ = has_played_ || rounds_ == 0 ? now : std::max(due_, now);
        first_at_ = message_->at;
    }
    has_played_ = true;
    due_ = *started_;
    if (options_.speed <= 0) return;
    const double wait = static_cast<double>((message_->at - first_at_).count()) / options_.speed;
    constexpr double kLongest = 1e18;  // nanoseconds; a century slowed down does not fit a clock
    due_ += std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(wait, kLongest)));
}

void ReplaySource::take() {
    message_.reset();
    problem_.clear();
}

}  // namespace mqtt_pub
