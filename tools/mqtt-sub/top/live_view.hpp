// What takes the place of printed messages: --top on a terminal, --stat lines elsewhere.
// Made and fed by subscriber, on its loop.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "mqtt-sub/options.hpp"
#include "mqtt/packet.hpp"

namespace mqtt_sub {

class LiveView {
public:
    virtual ~LiveView() = default;
    virtual void start() = 0;
    virtual void on_message(const mqtt::Publish& message) = 0;
    // A line of the connection's log. False: not shown here.
    virtual bool note(std::string_view text) = 0;
    // The screen is given back; no more output. May be called twice.
    virtual void stop() = 0;
};

// Called on the loop, from timers and handlers of the view.
struct LiveHooks {
    std::function<void()> quit;                   // the user wants to end
    std::function<void(int error)> cannot_write;  // errno
};

// --top where standard output and a keyboard are terminals, else --stat. nullptr: neither is asked for.
std::unique_ptr<LiveView> make_live_view(asio::io_context& context, const Options& options,
                                         LiveHooks hooks);
std::unique_ptr<LiveView> make_live_top(asio::io_context& context, const Options& options,
                                        LiveHooks hooks, int keyboard);
std::unique_ptr<LiveView> make_live_stat(asio::io_context& context, const Options& options,
                                         LiveHooks hooks);

}  // namespace mqtt_sub
