// Recordings of messages: what mqtt-sub --record writes, mqtt-pub --replay and mqtt-bench read.
// Knows no connection and no clock.
//
// The format is NDJSON: one message per line, as one object, in order of arrival, no header. The fields
// are those of mqtt-sub --json (message_json.hpp, kJsonSchema) behind one more:
//
//   "at"   seconds since the recording began, by a clock that never jumps, with six decimals
//
// So `--json-lines` publishes such a file, too (without its timing), and jq and grep cut it. What --json
// printed is a recording as well: without "at" the differences of "tst" count; without both a message
// comes at once after the one before. Where "at" goes backwards (files put together with cat) time
// goes on from the message before. Empty lines are skipped.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/line_source.hpp"
#include "common/message_json.hpp"

namespace tools {

// Appends one line, newline included.
void append_record_line(std::string& out, const mqtt::Publish& message, std::chrono::nanoseconds at,
                        const MessageClock& clock);

struct RecordedMessage {
    std::chrono::nanoseconds at{0};               // since the recording began; never falls
    std::optional<std::chrono::nanoseconds> tst;  // since the epoch, when the line says so
    std::string topic;
    mqtt::QoS qos = mqtt::QoS::at_most_once;  // 0 when the line does not say
    bool retain = false;
    std::string payload;
    mqtt::PropertyList properties;  // of PUBLISH; no topic alias, no subscription identifiers
};

extern const std::string_view kRecordHelp;  // for man pages

class RecordReader {
public:
    // "-": standard input. Throws ToolError that names the file.
    explicit RecordReader(const std::string& path);
    ~RecordReader();
    RecordReader(const RecordReader&) = delete;
    RecordReader& operator=(const RecordReader&) = delete;

    // The next message, or nullopt at the end. Blocks while a pipe gives nothing. Throws ToolError
    // that names file and line when a line is no message or its topic is not valid; the call after
    // that goes on behind the line.
    std::optional<RecordedMessage> next();
    // next() would not block. Reads what is there.
    bool can_read();
    // To the start again. False: not a file that can be read twice.
    bool rewind();
    int descriptor() const { return descriptor_; }
    std::uint64_t line() const { return line_number_; }  // of the message that next() gave

private:
    RecordedMessage parse(std::string_view line);
    std::chrono::nanoseconds place_in_time(const MessageTimes& times);
    [[noreturn]] void fail(std::string_view what) const;

    std::string path_;
    int descriptor_ = -1;
    std::optional<LineSource> lines_;
    std::uint64_t line_number_ = 0;
    std::string problem_;
    std::optional<std::chrono::nanoseconds>
        last_raw_;              // time of the line before, as it stands there
    bool has_failed_ = false;   // the file, which is told once
    bool last_has_at_ = false;  // which of the two it was
    std::chrono::nanoseconds last_at_{0};
};

}  // namespace tools
