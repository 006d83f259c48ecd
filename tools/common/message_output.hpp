// Prints received messages the way the options ask: payload, topic and payload, format, JSON.
// Used by mqtt-sub and by requests of mqtt-pub.
#pragma once

#include <optional>
#include <string>

#include "common/format.hpp"
#include "common/message_clock.hpp"
#include "mqtt/packet.hpp"

namespace tools {

struct MessageStyle {
    bool verbose = false;               // -v
    bool newline = true;                // -N: off
    char end = '\n';                    // -0: NUL
    bool json = false;                  // --json: one object per line
    bool pretty = false;                // --pretty, for %j and %J
    std::optional<std::string> format;  // -F
};

class MessagePrinter {
public:
    // Throws UsageError for a bad format.
    explicit MessagePrinter(const MessageStyle& style);

    // Appends the message to `out`. Returns a complaint for stderr, usually empty.
    std::string_view append(std::string& out, const mqtt::Publish& message);

private:
    MessageStyle style_;
    std::optional<Format> format_;
    MessageClock clock_;
};

}  // namespace tools
