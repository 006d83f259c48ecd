// One line on stderr per change of the connection's state, in words, with the next attempt.
// Used by mqtt-pub and mqtt-sub. Never on stdout.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "common/app.hpp"
#include "mqtt/client_types.hpp"

namespace tools {

class ConnectionLog {
public:
    ConnectionLog(const Invocation& invocation, bool quiet)
        : invocation_(invocation)
        , quiet_(quiet) {}

    // The first success is not worth a line; a loss, every failed attempt and a return are.
    void on_change(const mqtt::StateChange& change);
    void say(std::string_view text) const;
    // Lines go there instead, as long as it says true: a full-screen view has the terminal.
    void divert(std::function<bool(std::string_view)> to) { diverted_ = std::move(to); }

private:
    const Invocation& invocation_;
    bool quiet_;
    bool was_away_ = false;
    std::function<bool(std::string_view)> diverted_;
};

}  // namespace tools
