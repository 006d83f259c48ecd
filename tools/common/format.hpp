// The -F format of mosquitto_sub: compiled once, then run per message without allocation of its own.
// Used by message_output. Appends to a buffer, knows no stream.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/message_clock.hpp"
#include "mqtt/packet.hpp"

namespace tools {

// What the widths of a format count, of text.
enum class Widths : unsigned char {
    bytes,    // as mosquitto's do
    columns,  // of a terminal: wide characters take two, and none is cut in half
};

class Format {
public:
    // Throws UsageError for what is not a format: an unknown escape, an unfinished one.
    // `safe`: nothing of a message can control a terminal; escapes of the format itself may.
    Format(std::string_view text, bool pretty_json, bool safe = false,
           Widths widths = Widths::bytes);

    // Appends the message. Returns what could not be shown as asked for, empty when all was well.
    std::string_view append(std::string& out, const mqtt::Publish& message,
                            const MessageClock& clock) const;
    bool needs_clock() const { return needs_clock_; }

    // The first "@" with what no strftime knows, which prints as the C library likes; empty: none.
    const std::string& unknown_time() const { return unknown_time_; }

private:
    struct Op {
        char kind = 0;  // 'L': literal; '@': strftime letter; else the letter of %
        bool is_time = false;
        bool align_left = false;
        bool pad_zero = false;
        Widths widths = Widths::bytes;
        int width = 0;
        int precision = -1;
        char separator = ' ';
        std::string literal{};
    };

    void add_literal(char c);
    void add_time(char letter);
    std::size_t add_field(std::string_view text, std::size_t at);
    std::size_t add_escape(std::string_view text, std::size_t at);

    static std::size_t length_of(const Op& op, std::string_view text);
    static std::string_view cut(const Op& op, std::string_view text, int length);
    static void append_text(std::string& out, const Op& op, std::string_view text);
    static void append_number(std::string& out, const Op& op, std::uint64_t number);
    static void append_property(std::string& out, const Op& op, const mqtt::Publish& message);
    static void append_user_properties(std::string& out, const mqtt::Publish& message);
    static void append_payload(std::string& out, const Op& op, std::string_view payload);
    static bool append_float(std::string& out, const Op& op, std::string_view payload);
    void append_json(std::string& out, const Op& op, const mqtt::Publish& message,
                     const MessageClock& clock) const;
    static void append_time(std::string& out, const Op& op, const MessageClock& clock);
    bool append_field(std::string& out, const Op& op, const mqtt::Publish& message,
                      const MessageClock& clock) const;

    std::vector<Op> ops_;
    Widths widths_ = Widths::bytes;
    bool pretty_json_ = false;
    bool safe_ = false;
    bool needs_clock_ = false;
    std::string unknown_time_;
};

}  // namespace tools
