// A connection to the control broker, on a thread of its own: what load hosts and their coordinator say
// to each other goes through it. Knows no message's meaning; topics and formats: team_messages.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/options.hpp"

namespace mqtt::bench {

class ControlLink {
public:
    // On the link's thread, perhaps before the constructor has returned; must not block for long.
    using Handler =
        std::function<void(ControlLink& link, std::string_view topic, std::string_view payload)>;
    struct Setup {
        ConnectOptions connect;  // with the will
        std::vector<std::string> filters;
        Handler on_message;
        // Called again and again on the link's thread, first after one period.
        std::chrono::milliseconds period{0};  // 0: never
        std::function<void(ControlLink& link)> on_period;
        std::function<void()> on_lost;  // the connection ended by itself
    };
    // Connected and subscribed when it returns. Throws std::runtime_error with a sentence.
    explicit ControlLink(Setup setup);
    ~ControlLink();  // says good-bye (no will is published) and joins
    ControlLink(const ControlLink&) = delete;
    ControlLink& operator=(const ControlLink&) = delete;

    // Any thread. `once`: QoS 0, for what is soon followed by something newer.
    void publish(std::string topic, std::string payload, bool retain = false, bool once = false);
    bool is_lost() const { return lost_.load(std::memory_order_relaxed); }

private:
    class Impl;
    std::atomic<bool> lost_{false};
    std::unique_ptr<Impl> impl_;
};

}  // namespace mqtt::bench
