// See message_source.hpp.
#include "mqtt-pub/message_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/exit_code.hpp"
#include "common/property_copy.hpp"
#include "mqtt/topic.hpp"

namespace mqtt_pub {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

std::string read_descriptor(int descriptor, const std::string& name) {
    std::string content;
    std::size_t size = 0;
    while (true) {
        content.resize(size + kReadBytes);
        const ssize_t n = ::read(descriptor, content.data() + size, kReadBytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            throw tools::ToolError(tools::kExitUsage,
                                   "cannot read '" + name + "': " + std::strerror(errno));
        }
        size += static_cast<std::size_t>(n);
        content.resize(size);
        if (n == 0) return content;
        if (size > mqtt::kMaxRemainingLength) {
            throw tools::ToolError(tools::kExitUsage, "'" + name + "' is larger than a message");
        }
    }
}

std::string single_payload(const Options& options) {
    switch (options.source) {
    case Source::text: return options.text;
    case Source::file: return read_whole_file(options.text);
    case Source::stdin_all: {
        std::string content = read_descriptor(STDIN_FILENO, "standard input");
        if (content.empty()) {
            throw tools::ToolError(tools::kExitUsage,
                                   "standard input is empty: nothing to publish");
        }
        return content;
    }
    default: return {};
    }
}

}  // namespace

std::string read_whole_file(const std::string& path) {
    if (path == "-") return read_descriptor(STDIN_FILENO, "standard input");
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        throw tools::ToolError(tools::kExitUsage,
                               "cannot read '" + path + "': " + std::strerror(errno));
    }
    try {
        std::string content = read_descriptor(descriptor, path);
        ::close(descriptor);
        return content;
    } catch (...) {
        ::close(descriptor);
        throw;
    }
}

MessageSource::MessageSource(const Options& options)
    : options_(options)
    , lines_(STDIN_FILENO, options.delimiter) {
    if (!is_stream(options.source)) payload_ = single_payload(options);
    request_.topic = options.topic;
    request_.qos = options.qos;
    request_.retain = options.retain;
    request_.properties = options.properties.view();
    request_.message_expiry_interval = options.message_expiry;
    request_.payload = mqtt::as_bytes(payload_);
    if (!options.line_format.empty()) format_.emplace(options.line_format);
    if (options.source == Source::replay) replay_.emplace(options.replay);
}

MessageSource::State MessageSource::next() {
    if (replay_) return stopped_ ? State::ended : next_replayed();
    if (is_stream(options_.source)) return next_line();
    return taken_ < options_.repeat && !stopped_ ? State::ready : State::ended;
}

MessageSource::State MessageSource::next_line() {
    if (stopped_) return State::ended;
    const auto line = lines_.peek();
    if (!line) return lines_.has_ended() ? State::ended : State::waiting;
    if (options_.source == Source::json_lines) return parse_json(*line);
    if (format_) return parse_format(*line);
    request_.payload = mqtt::as_bytes(*line);
    return State::ready;
}

MessageSource::State MessageSource::parse_format(std::string_view line) {
    const auto parsed = format_->parse(line, problem_);
    if (!parsed) return State::invalid;
    const bool has_topic = parsed->topic && !parsed->topic->empty();
    request_.topic = has_topic ? *parsed->topic : options_.topic;
    if (has_topic && !mqtt::validate_topic_name(request_.topic)) {
        problem_ = "'" + std::string(request_.topic) + "' is no valid topic";
        return State::invalid;
    }
    if (request_.topic.empty()) {
        problem_ = "no topic";
        return State::invalid;
    }
    request_.payload = mqtt::as_bytes(parsed->payload);
    request_.qos = parsed->qos.value_or(options_.qos);
    request_.retain = parsed->retain.value_or(options_.retain);
    return State::ready;
}

MessageSource::State MessageSource::next_replayed() {
    switch (replay_->next(ReplaySource::Clock::now())) {
    case ReplaySource::State::ended: return State::ended;
    case ReplaySource::State::waiting: return State::waiting;
    case ReplaySource::State::later: return State::later;
    case ReplaySource::State::invalid: problem_ = replay_->problem(); return State::invalid;
    case ReplaySource::State::ready: break;
    }
    const tools::RecordedMessage& message = replay_->message();
    request_.topic = message.topic;
    request_.payload = mqtt::as_bytes(message.payload);
    request_.qos = message.qos;
    request_.retain = message.retain;
    replayed_properties_ = message.properties;
    use_properties(replayed_properties_);
    return State::ready;
}

// Those of the message, else those of the command line. Expiry travels apart: it counts down.
void MessageSource::use_properties(mqtt::PropertyList& properties) {
    const auto expiry = mqtt::PropertyId::message_expiry_interval;
    request_.message_expiry_interval = properties.view().number(expiry);
    if (!request_.message_expiry_interval) {
        request_.message_expiry_interval = options_.message_expiry;
    } else {
        properties = tools::without(properties.view(), expiry);
    }
    request_.properties = properties.empty() ? options_.properties.view() : properties.view();
}

MessageSource::State MessageSource::parse_json(std::string_view line) {
    if (json_) return State::ready;  // parsed before, the queue was full
    json_ = tools::parse_message_json(line, problem_);
    if (!json_) return State::invalid;
    if (!json_->topic) json_->topic = options_.topic;
    if (!mqtt::validate_topic_name(*json_->topic)) {
        problem_ = json_->topic->empty() ? "no topic" : "'" + *json_->topic + "' is no valid topic";
        json_.reset();
        return State::invalid;
    }
    request_.topic = *json_->topic;
    request_.qos = json_->qos.value_or(options_.qos);
    request_.retain = json_->retain.value_or(options_.retain);
    request_.payload = mqtt::as_bytes(json_->payload);
    use_properties(json_->properties);
    return State::ready;
}

std::string MessageSource::problem() const {
    return replay_ ? problem_ : "line " + std::to_string(taken_ + 1) + ": " + problem_;
}

int MessageSource::input_descriptor() const {
    return replay_ ? replay_->descriptor() : STDIN_FILENO;
}

void MessageSource::take() {
    ++taken_;
    if (!is_stream(options_.source)) return;
    if (replay_) return replay_->take();
    json_.reset();
    lines_.take();
}

bool MessageSource::is_last() const {
    return !is_stream(options_.source) && taken_ + 1 >= options_.repeat;
}

}  // namespace mqtt_pub
