// The writing half of --outbox: takes messages from a source and appends them in batches.
// Used by outbox_run, which waits for input and for room.
#pragma once

#include "common/connection_log.hpp"
#include "mqtt-pub/message_source.hpp"
#include "mqtt-pub/outbox.hpp"

namespace mqtt_pub {

class OutboxIntake {
public:
    enum class State {
        more,     // call again
        waiting,  // the source wants fill()
        later,    // due() is the time of the next message
        full,     // the outbox has no room for what was read; it is kept for the next call
        ended,
    };

    OutboxIntake(const Options& options, Outbox& outbox, const tools::ConnectionLog& log);

    // Journals one batch. Throws tools::ToolError for a message that can never fit.
    State run_batch();
    bool fill() { return source_.fill(); }
    ReplaySource::Clock::time_point due() const { return source_.due(); }
    int input_descriptor() const { return source_.input_descriptor(); }
    void stop() { source_.stop(); }
    int errno_value() const { return source_.errno_value(); }
    std::uint64_t kept() const { return kept_; }
    std::uint64_t invalid() const { return invalid_; }

private:
    const Options& options_;
    Outbox& outbox_;
    const tools::ConnectionLog& log_;
    MessageSource source_;
    std::uint64_t kept_ = 0;
    std::uint64_t invalid_ = 0;
};

}  // namespace mqtt_pub
