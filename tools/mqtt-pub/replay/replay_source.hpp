// --replay: the messages of a recording, each when it is due. Used by message_source. Reads no clock:
// time is an argument.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/record_file.hpp"

namespace mqtt_pub {

// A place in a recording: so long after its start, or a time of the day.
struct ReplayPoint {
    std::chrono::nanoseconds time{0};
    bool is_absolute = false;  // since the epoch; compared with `tst`
};

struct ReplayOptions {
    std::string path;  // "-": standard input
    double speed = 1;  // 0: as fast as the server takes them
    bool loop = false;
    std::uint64_t times = 1;                                // how often to play, without loop
    std::vector<std::pair<std::string, std::string>> maps;  // topic prefix, replacement
    std::optional<ReplayPoint> from, to;
};

// The topic with the first matching prefix replaced. A prefix is whole levels; an empty one puts the
// replacement in front of every topic, an empty replacement takes the prefix away.
std::string mapped_topic(const ReplayOptions& options, const std::string& topic);

class ReplaySource {
public:
    using Clock = std::chrono::steady_clock;
    enum class State {
        ready,    // message() may go
        later,    // at due()
        waiting,  // for input on a pipe
        ended,
        invalid,  // a line is no message: problem() says which; take() goes past it
    };

    // Opens the file. Throws tools::ToolError.
    explicit ReplaySource(const ReplayOptions& options);

    State next(Clock::time_point now);
    const tools::RecordedMessage& message() const { return *message_; }
    const std::string& problem() const { return problem_; }
    Clock::time_point due() const { return due_; }
    void take();
    int descriptor() const { return reader_.descriptor(); }

private:
    State read(Clock::time_point now);
    bool is_before_start(const tools::RecordedMessage& message) const;
    bool is_after_end(const tools::RecordedMessage& message) const;
    bool start_again();
    void schedule(Clock::time_point now);

    const ReplayOptions& options_;
    tools::RecordReader reader_;
    std::optional<tools::RecordedMessage> message_;
    std::string problem_;
    Clock::time_point due_;
    std::optional<Clock::time_point> started_;  // when the first message of this round was due
    std::chrono::nanoseconds first_at_{0};      // its time in the recording
    std::uint64_t rounds_ = 0;                  // finished
    bool has_played_ = false;                   // something, in this round
    bool ended_ = false;
};

}  // namespace mqtt_pub
