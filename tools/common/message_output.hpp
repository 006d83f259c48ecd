// Prints received messages the way the options ask: payload, topic and payload, format, JSON.
// Used by mqtt-sub and by requests of mqtt-pub.
#pragma once

#include <optional>
#include <string>

#include "common/flags.hpp"
#include "common/format.hpp"
#include "common/message_clock.hpp"
#include "common/payload_text.hpp"
#include "common/terminal.hpp"
#include "mqtt/packet.hpp"

namespace tools {

struct MessageStyle {
    bool verbose = false;               // -v
    bool newline = true;                // -N: off
    char end = '\n';                    // -0: NUL
    bool json = false;                  // --json: one object per line
    bool pretty = false;                // --pretty, for %j and %J
    std::optional<std::string> format;  // -F
    bool hex_dump = false;              // --hex-dump
    std::optional<std::string> unpack;  // --unpack: a pack string
    bool safe = false;                  // nothing of a message can control the terminal
    Widths widths = Widths::bytes;      // of -F
    bool color = false;                 // the topic of -v stands out
};

// `style` for the stream behind `descriptor`: readable and safe on a terminal, or when colours are
// asked for; exact bytes elsewhere, and under mosquitto's names everywhere.
MessageStyle style_for(MessageStyle style, Persona persona, int descriptor, ColorWish wish);

// The text of -F as it is. Throws UsageError for a bad one; mosquitto's clients take any time conversion.
std::string checked_format(const std::string& text, Persona persona);

class MessagePrinter {
public:
    // Throws UsageError for a bad format.
    explicit MessagePrinter(const MessageStyle& style);

    // Appends the message to `out`. Returns a complaint for stderr, usually empty.
    std::string_view append(std::string& out, const mqtt::Publish& message);

private:
    std::string_view append_bytes(std::string& out, const mqtt::Publish& message);
    void append_topic(std::string& out, std::string_view topic) const;

    MessageStyle style_;
    std::optional<Format> format_;
    std::optional<Unpack> unpack_;
    MessageClock clock_;
};

}  // namespace tools
