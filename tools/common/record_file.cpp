// See record_file.hpp.
#include "common/record_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "common/app.hpp"
#include "common/exit_code.hpp"
#include "common/safe_text.hpp"
#include "mqtt/topic.hpp"

namespace tools {

using std::chrono::nanoseconds;

const std::string_view kRecordHelp =
    "A recording has one JSON object per line and message, in order of arrival: the fields of JSON "
    "above, and before them\n"
    "\n"
    "  at  seconds since the recording began, with six decimals, by a clock\n"
    "      that never jumps\n"
    "\n"
    "It has no header, so that jq, grep, cat and sed make recordings of recordings, and mqtt-pub "
    "--json-lines publishes one without its timing. Without at the times are the differences of "
    "tst, so what mqtt-sub --json printed is a recording, too. Where at goes back, because files "
    "were put together, time goes on from the message before. mqtt-bench reads the same files.\n";

void append_record_line(std::string& out, const mqtt::Publish& message, nanoseconds at,
                        const MessageClock& clock) {
    const auto micro = std::chrono::duration_cast<std::chrono::microseconds>(at).count();
    fmt::format_to(std::back_inserter(out), "{{\"at\":{}.{:06},", micro / 1'000'000,
                   micro % 1'000'000);
    append_message_fields(out, message, JsonPayload::text, clock);
    out += "}\n";
}

RecordReader::RecordReader(const std::string& path) : path_(path) {
    descriptor_ = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (path == "-") path_ = "standard input";
    if (descriptor_ < 0) {
        throw ToolError(kExitUsage,
                        fmt::format("cannot read '{}': {}", path_, std::strerror(errno)));
    }
    lines_.emplace(descriptor_, '\n');
}

RecordReader::~RecordReader() {
    ::close(descriptor_);
}

bool RecordReader::rewind() {
    if (::lseek(descriptor_, 0, SEEK_SET) != 0) return false;
    lines_.emplace(descriptor_, '\n');
    line_number_ = 0;
    last_raw_.reset();
    last_at_ = nanoseconds(0);
    return true;
}

std::optional<RecordedMessage> RecordReader::next() {
    for (;;) {
        const auto line = lines_->peek();
        if (!line) {
            if (lines_->errno_value() != 0 && !std::exchange(has_failed_, true)) {
                throw ToolError(kExitUsage, fmt::format("cannot read '{}': {}", path_,
                                                        std::strerror(lines_->errno_value())));
            }
            if (lines_->has_ended()) return std::nullopt;
            lines_->fill();
            continue;
        }
        ++line_number_;
        if (line->find_first_not_of(" \t\r") == std::string_view::npos) {
            lines_->take();
            continue;
        }
        try {
            RecordedMessage message = parse(*line);
            lines_->take();
            return message;
        } catch (...) {
            lines_->take();
            throw;
        }
    }
}

bool RecordReader::can_read() {
    while (!lines_->peek() && !lines_->has_ended()) {
        pollfd wait{.fd = descriptor_, .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, 0) == 0) return false;
        lines_->fill();
    }
    return true;
}

RecordedMessage RecordReader::parse(std::string_view line) {
    MessageTimes times;
    auto json = parse_message_json(line, problem_, &times);
    if (!json) fail(problem_);
    if (!json->topic) fail("no topic");
    if (!mqtt::validate_topic_name(*json->topic)) {
        fail(fmt::format("'{}' is no valid topic", *json->topic));
    }
    RecordedMessage message;
    message.at = place_in_time(times);
    message.tst = times.tst;
    message.topic = std::move(*json->topic);
    message.qos = json->qos.value_or(mqtt::QoS::at_most_once);
    message.retain = json->retain.value_or(false);
    message.payload = std::move(json->payload);
    message.properties = std::move(json->properties);
    return message;
}

nanoseconds RecordReader::place_in_time(const MessageTimes& times) {
    const bool has_at = times.at.has_value();
    const auto raw = has_at ? times.at : times.tst;
    if (!raw) return last_at_;
    if (!last_raw_) {
        if (has_at) last_at_ = *raw;
    } else if (has_at == last_has_at_) {  // else they are of two files
        last_at_ += std::max(*raw - *last_raw_, nanoseconds(0));
    }
    last_raw_ = raw;
    last_has_at_ = has_at;
    return last_at_;
}

void RecordReader::fail(std::string_view what) const {
    std::string text = fmt::format("{}, line {}: {}", path_, line_number_, what);
    make_safe(text, 0, Lines::escape);  // a NUL would end it
    throw ToolError(kExitUsage, text);
}

}  // namespace tools
