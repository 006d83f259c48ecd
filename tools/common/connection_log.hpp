// One line on stderr per change of the connection's state, in words, with the next attempt.
// Used by mqtt-pub and mqtt-sub. Never on stdout.
#pragma once

#include <functional>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/app.hpp"
#include "common/connect_settings.hpp"
#include "mqtt/client_types.hpp"
#include "mqtt/packet.hpp"

namespace tools {

class ConnectionLog {
public:
    // `connect`: what is connected with; it must outlive this.
    ConnectionLog(const Invocation& invocation, const ConnectSettings& settings,
                  const mqtt::ConnectOptions& connect)
        : invocation_(invocation)
        , quiet_(settings.quiet)
        , debug_(settings.debug)
        , connect_(connect) {}

    // The first success is not worth a line; a loss, every failed attempt and a return are. mosquitto's clients say
    // nothing of all that.
    void on_change(const mqtt::StateChange& change);
    void say(std::string_view text) const;
    // With -d: that a packet came which the lines of -d left out, since our library does not read it.
    void note(const mqtt::PacketEvent& event) const;
    // Mosquitto's own lines, as they stand.
    void say_as_it_is(std::string_view lines) const;
    // Why the first connection failed: `cause` is what the client says of it. The exit code. `reads_lines`: of -l.
    int say_failure(std::error_code error, const mqtt::ConnectReport& report,
                    const mqtt::Error& cause, bool reads_lines = false) const;
    // Why a connection that was up is gone for good. The exit code.
    int say_lost(const mqtt::StateChange& change) const;
    // Lines go there instead, as long as it says true: a full-screen view has the terminal.
    void divert(std::function<bool(std::string_view)> to) { diverted_ = std::move(to); }

private:
    void say_tls_reason(std::string_view why) const;

    const Invocation& invocation_;
    bool quiet_;
    bool debug_;
    const mqtt::ConnectOptions& connect_;
    bool was_away_ = false;
    mutable bool has_unread_connack_ = false;  // packets are told to whom only reports
    std::function<bool(std::string_view)> diverted_;
};

}  // namespace tools
