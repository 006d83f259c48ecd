// A child process that a message is given to: /bin/sh -c COMMAND with pipes, on the loop of its owner.
// Used by command_pool and line_command. Knows no MQTT.
#pragma once

#include <sys/types.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt_sub {

// "NAME=value" each: what the child sees besides our own environment, of which variables that begin
// with MQTT_ are left out: those come from the message alone, and passwords stay here.
using Environment = std::vector<std::string>;

// Tells when children end. One per loop: it owns SIGCHLD.
class ChildReaper {
public:
    // `status` as exit codes go: 0..255, or 128 + signal.
    using Exit = std::function<void(int status)>;
    explicit ChildReaper(asio::io_context& context);
    void watch(pid_t pid, Exit on_exit);
    void stop();  // lets the loop end

private:
    void arm();
    void reap();

    asio::signal_set signals_;
    std::map<pid_t, Exit> waiting_;
};

struct ChildPipes {
    pid_t pid = -1;
    int input = -1;         // what we write is its standard input
    int output = -1;        // its standard output, when asked for
    std::size_t given = 0;  // bytes of `first_input` that wait for it already
};

// Throws std::system_error. Both descriptors are non-blocking and closed on exec. As much of `first_input` as
// a pipe holds (64 KiB) lies in it before the child starts: were we killed in between, the child would take
// the end of its input for the end of the message.
ChildPipes start_child(const std::string& command, const Environment& extra, bool captures_output,
                       std::string_view first_input = {});

// Writes all of `bytes`, closes when `closes`, and is destroyed. A child that does not read is none of
// its business: errors are ignored.
class ChildWriter : public std::enable_shared_from_this<ChildWriter> {
public:
    ChildWriter(asio::io_context& context, int descriptor);
    void write_and_close(std::string bytes);

private:
    std::string bytes_;
    asio::posix::stream_descriptor descriptor_;
};

// Reads to the end, or until `limit_bytes` have come.
class ChildReader : public std::enable_shared_from_this<ChildReader> {
public:
    using Done = std::function<void(std::string output)>;
    ChildReader(asio::io_context& context, int descriptor, std::size_t limit_bytes);
    void read_all(Done done);

private:
    void read_more();

    std::string output_;
    std::size_t limit_bytes_;
    asio::posix::stream_descriptor descriptor_;
    Done done_;
};

}  // namespace mqtt_sub
