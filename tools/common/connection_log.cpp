// See connection_log.hpp.
#include "common/connection_log.hpp"

#include <fmt/format.h>

#include "common/units.hpp"

namespace tools {

void ConnectionLog::say(std::string_view text) const {
    if (quiet_ || (diverted_ && diverted_(text))) return;
    say_error(invocation_, text);
}

void ConnectionLog::on_change(const mqtt::StateChange& change) {
    switch (change.state) {
    case mqtt::ClientState::waiting: {
        was_away_ = true;
        const std::string head = change.was_connected
                                     ? "connection lost"
                                     : fmt::format("attempt {} failed", change.attempt);
        say(fmt::format("{}: {}; next attempt in {}", head, change.message,
                        format_duration(change.retry_in)));
        break;
    }
    case mqtt::ClientState::connected:
        if (was_away_) say(fmt::format("connected again to {}", change.message));
        was_away_ = false;
        break;
    case mqtt::ClientState::idle:
    case mqtt::ClientState::connecting:
    case mqtt::ClientState::gave_up: break;
    }
}

}  // namespace tools
