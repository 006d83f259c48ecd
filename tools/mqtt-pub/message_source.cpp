// See message_source.hpp.
#include "mqtt-pub/message_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
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

// What lines come from: --restore names a file.
int open_lines(const Options& options) {
    if (!options.restores || options.text == "-") return STDIN_FILENO;
    const int descriptor = ::open(options.text.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) return descriptor;
    throw tools::ToolError(tools::kExitUsage,
                           "cannot read '" + options.text + "': " + std::strerror(errno));
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

MessageSource::MessageSource(const Options& options)
    : options_(options)
    , lines_(open_lines(options), options.delimiter)
    , pacer_(options.rate) {
    const bool is_text = options.source == Source::text;
    if (!is_stream(options.source) && !is_text) payload_ = single_payload(options);
    const std::string& payload = is_text ? options.text : payload_;
    if (options.uses_template) {
        random_.seed(std::random_device()());
        topic_template_.emplace("-t", options.topic);
        if (!is_stream(options.source)) payload_template_.emplace("-m", payload);
    }
    request_.topic = options.topic;
    request_.qos = options.qos;
    request_.retain = options.retain;
    request_.properties = options.properties.view();
    request_.message_expiry_interval = options.message_expiry;
    request_.payload = mqtt::as_bytes(payload);
    if (!options.line_format.empty()) format_.emplace(options.line_format);
    if (options.source == Source::replay) replay_.emplace(options.replay);
    if (options.pack) pack_.emplace(*options.pack);
    converts_ = options.is_hex || pack_;
    if (!converts_ || is_stream(options.source) || options.uses_template) return;
    if (convert_payload() == State::invalid) throw tools::ToolError(tools::kExitUsage, problem_);
    converts_ = false;  // the one message is ready, and a wrong one told of before anything is sent
}

MessageSource::State MessageSource::next() {
    State state = next_unpaced();
    if (state == State::ready && converts_) state = convert_payload();
    if (state != State::ready || !pacer_.is_limited() || stopped_) return state;
    const auto now = Pacer::Clock::now();
    const auto wait = pacer_.wait_at(now);
    due_ = now + wait;
    return wait > wait.zero() ? State::later : State::ready;
}

MessageSource::State MessageSource::next_unpaced() {
    if (replay_) return stopped_ ? State::ended : next_replayed();
    if (is_stream(options_.source)) {
        const State state = next_line();
        const bool has_own_topic = request_.topic.data() != options_.topic.data();
        return state == State::ready && topic_template_ && !has_own_topic ? next_made() : state;
    }
    if (taken_ >= options_.repeat || stopped_) return State::ended;
    return topic_template_ ? next_made() : State::ready;
}

// Once per message, as below.
MessageSource::State MessageSource::convert_payload() {
    if (converted_number_ != taken_ + 1) {
        converted_.clear();
        const std::string_view text = mqtt::as_text(request_.payload);
        problem_ =
            pack_ ? pack_->append(converted_, text) : tools::append_from_hex(converted_, text);
        if (!problem_.empty()) return State::invalid;
        converted_number_ = taken_ + 1;
    }
    request_.payload = mqtt::as_bytes(converted_);
    return State::ready;
}

// Once per message: it is asked for again when the client has no room.
MessageSource::State MessageSource::next_made() {
    if (made_ != taken_ + 1) {
        made_ = taken_ + 1;
        topic_.clear();
        topic_template_->append(topic_, made_, random_);
        if (payload_template_) {
            payload_.clear();
            payload_template_->append(payload_, made_, random_);
        }
    }
    if (!mqtt::validate_topic_name(topic_)) {
        problem_ = "'" + topic_ + "' is no valid topic";
        return State::invalid;
    }
    request_.topic = topic_;
    request_.payload = payload_template_ ? mqtt::as_bytes(payload_) : request_.payload;
    return State::ready;
}

MessageSource::State MessageSource::next_line() {
    if (stopped_) return State::ended;
    const auto line = lines_.peek();
    if (!line) return lines_.has_ended() ? State::ended : State::waiting;
    if (options_.source == Source::json_lines) return parse_json(*line);
    if (format_) return parse_format(*line);
    request_.topic = options_.topic;
    request_.payload = mqtt::as_bytes(*line);
    return State::ready;
}

bool MessageSource::has_plain_lines() const {
    return options_.source == Source::lines && !format_ && !topic_template_ && !converts_ &&
           !pacer_.is_limited();
}

MessageSource::State MessageSource::next_lines() {
    if (stopped_) return State::ended;
    if (!lines_.peek_some().empty()) return State::ready;
    return lines_.has_ended() ? State::ended : State::waiting;
}

void MessageSource::take_lines(std::size_t count) {
    taken_ += count;
    lines_.take_some(count);
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
    // What came with QoS 0 is restored with more, but not with less.
    if (options_.restores && json_->qos) json_->qos = std::max(*json_->qos, options_.qos);
    if (!json_->topic) json_->topic = options_.topic;
    if (!mqtt::validate_topic_name(*json_->topic)) {
        problem_ = json_->topic->empty() ? "no topic" : "'" + *json_->topic + "' is no valid topic";
        json_.reset();
        return State::invalid;
    }
    request_.topic = *json_->topic;
    request_.qos = json_->qos.value_or(options_.qos);
    request_.retain = options_.restores || json_->retain.value_or(options_.retain);
    request_.payload = mqtt::as_bytes(json_->payload);
    use_properties(json_->properties);
    return State::ready;
}

std::string MessageSource::problem() const {
    const bool has_lines = is_stream(options_.source) && !replay_;
    return !has_lines ? problem_ : "line " + std::to_string(taken_ + 1) + ": " + problem_;
}

int MessageSource::input_descriptor() const {
    return replay_ ? replay_->descriptor() : lines_.descriptor();
}

void MessageSource::take() {
    ++taken_;
    if (pacer_.is_limited()) pacer_.sent_at(Pacer::Clock::now());
    if (!is_stream(options_.source)) return;
    if (replay_) return replay_->take();
    json_.reset();
    lines_.take();
}

bool MessageSource::is_last() const {
    return !is_stream(options_.source) && taken_ + 1 >= options_.repeat;
}

}  // namespace mqtt_pub
