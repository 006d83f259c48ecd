// A long-lived child that gets a line per message and answers each with a line, in order.
// Used by message_commands. Knows no MQTT.
#pragma once

#include <array>

#include "mqtt-sub/command/child.hpp"

namespace mqtt_sub {

class LineCommand {
public:
    struct Events {
        std::function<void(std::string_view line)> on_line;
        std::function<void(int status)> on_exit;  // what was not answered never will be
    };

    LineCommand(asio::io_context& context, std::string command, Events events);
    void start();  // throws std::system_error
    bool is_running() const { return link_ != nullptr; }
    void write(std::string_view line);
    void close_input();  // the child reads the end; on_exit follows
    void stop() { reaper_.stop(); }

private:
    // Lives as long as its handlers.
    struct Link {
        Link(asio::io_context& context, const ChildPipes& child)
            : input(context, child.input)
            , output(context, child.output) {}
        asio::posix::stream_descriptor input;
        asio::posix::stream_descriptor output;
        std::string staged;   // to be written
        std::string writing;  // is written now
        std::string read;     // and not yet a whole line
        std::array<char, 4096> chunk{};
        bool closes = false;
        int status = 0;
        int parts_left = 2;
    };
    void flush(const std::shared_ptr<Link>& link);
    void read_more(const std::shared_ptr<Link>& link);
    void part_done(const std::shared_ptr<Link>& link);
    void take_lines(const std::shared_ptr<Link>& link);

    asio::io_context& context_;
    std::string command_;
    Events events_;
    ChildReaper reaper_;
    std::shared_ptr<Link> link_;
};

}  // namespace mqtt_sub
