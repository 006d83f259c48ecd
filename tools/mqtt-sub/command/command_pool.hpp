// Commands that run once per message, a number of them at a time, the others waiting in order.
// Used by message_commands. Knows no acknowledgement: it tells what became of each job.
#pragma once

#include <deque>

#include "mqtt-sub/command/child.hpp"

namespace mqtt_sub {

// What a command gets: views are copied into this.
struct CommandInput {
    Environment environment;
    std::string payload;
};

class CommandPool {
public:
    // `status` 0: done; -1: could not be started, `output` says why. `output` is empty unless captured.
    using Done = std::function<void(int status, std::string output)>;

    CommandPool(asio::io_context& context, std::string command, std::size_t jobs,
                bool captures_output);
    void run(CommandInput input, Done done);
    // Those that have not begun never will; their `done` is not called.
    void drop_waiting() { waiting_.clear(); }
    std::size_t running() const { return running_; }
    std::size_t waiting() const { return waiting_.size(); }
    void stop() { reaper_.stop(); }

private:
    struct Job {
        CommandInput input;
        Done done;
        int status = -1;
        std::string output;
        int parts_left = 1;  // exit, and the end of the output
    };
    void start_next();
    void start(const std::shared_ptr<Job>& job);
    void part_done(const std::shared_ptr<Job>& job);

    asio::io_context& context_;
    std::string command_;
    std::size_t jobs_;
    bool captures_output_;
    ChildReaper reaper_;
    std::deque<std::shared_ptr<Job>> waiting_;
    std::size_t running_ = 0;
};

}  // namespace mqtt_sub
