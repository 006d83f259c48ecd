// See format.hpp: compiling, and the choice of what an escape prints.
#include "common/format.hpp"

#include <fmt/format.h>

#include <cctype>
#include <iterator>

#include "common/flags.hpp"
#include "common/json.hpp"
#include "common/message_json.hpp"
#include "common/safe_text.hpp"

namespace tools {
namespace {

constexpr std::string_view kFields = "%ACDEFIjJlmpPqRrStUxXfd";
constexpr std::string_view kNeedClock = "IjJU";
constexpr std::string_view kSeparators = "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~ ";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_field(char c) {
    return kFields.find(c) != std::string_view::npos;
}

int take_number(std::string_view text, std::size_t& at) {
    int number = 0;
    while (at < text.size() && is_digit(text[at])) {
        number = std::min(number * 10 + (text[at++] - '0'), 100'000'000);
    }
    return number;
}

}  // namespace

Format::Format(std::string_view text, bool pretty_json, bool safe, Widths widths)
    : widths_(widths)
    , pretty_json_(pretty_json)
    , safe_(safe) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%') {
            at = add_field(text, at + 1);
        } else if (text[at] == '@') {
            if (++at == text.size()) throw UsageError("option '-F' ends in an unfinished '@'");
            text[at] == '@' ? add_literal('@') : add_time(text[at]);
        } else if (text[at] == '\\') {
            at = add_escape(text, at + 1);
        } else {
            add_literal(text[at]);
        }
    }
}

void Format::add_literal(char c) {
    const bool goes_on = !ops_.empty() && ops_.back().kind == 'L' && !ops_.back().is_time;
    if (!goes_on) ops_.push_back({.kind = 'L'});
    ops_.back().literal += c;
}

void Format::add_time(char letter) {
    const bool is_conversion =
        std::isalpha(static_cast<unsigned char>(letter)) != 0 || letter == '%' || letter == '+';
    if (!is_conversion && unknown_time_.empty()) unknown_time_ = {'@', letter};
    ops_.push_back({.kind = letter, .is_time = true});
    needs_clock_ = true;
}

// Form: [-][0][width][.precision][separator]letter. What no letter follows is no separator.
std::size_t Format::add_field(std::string_view text, std::size_t at) {
    Op op;
    const auto take = [&](char c) { return at < text.size() && text[at] == c && ++at > 0; };
    op.align_left = take('-');
    op.pad_zero = take('0');
    op.widths = widths_;
    op.width = take_number(text, at);
    if (take('.')) op.precision = take_number(text, at);
    const bool is_separated = at + 1 < text.size() && is_field(text[at + 1]);
    if (is_separated && kSeparators.find(text[at]) != std::string_view::npos) {
        op.separator = text[at++];
    }
    if (at >= text.size()) throw UsageError("option '-F' ends in an unfinished '%'");
    op.kind = text[at];
    if (!is_field(op.kind)) {
        throw UsageError(fmt::format("option '-F' does not know '%{}'", op.kind));
    }
    if (op.kind == '%') {
        add_literal('%');
        return at;
    }
    if (kNeedClock.find(op.kind) != std::string_view::npos) needs_clock_ = true;
    ops_.push_back(std::move(op));
    return at;
}

std::size_t Format::add_escape(std::string_view text, std::size_t at) {
    constexpr std::string_view letters = "\\0aenrtv";
    constexpr std::string_view values("\\\0\a\x1b\n\r\t\v", 8);
    if (at >= text.size()) throw UsageError("option '-F' ends in an unfinished '\\'");
    const std::size_t row = letters.find(text[at]);
    if (row == std::string_view::npos) {
        throw UsageError(fmt::format("option '-F' does not know '\\{}'", text[at]));
    }
    add_literal(values[row]);
    return at;
}

std::string_view Format::append(std::string& out, const mqtt::Publish& message,
                                const MessageClock& clock) const {
    std::string_view complaint;
    for (const Op& op : ops_) {
        const std::size_t start = out.size();
        const bool is_literal = op.kind == 'L' && !op.is_time;
        if (is_literal) {
            out += op.literal;
        } else if (op.is_time) {
            append_time(out, op, clock);
        } else if (!append_field(out, op, message, clock)) {
            complaint = op.kind == 'f' ? "the payload is no 4-byte float"
                                       : "the payload is no 8-byte double";
        }
        if (safe_ && !is_literal) make_safe(out, start, Lines::keep);
    }
    return complaint;
}

void Format::append_time(std::string& out, const Op& op, const MessageClock& clock) {
    if (op.kind == 'N') {
        fmt::format_to(std::back_inserter(out), "{:09}", clock.nanoseconds());
    } else {
        clock.append_conversion(out, op.kind);
    }
}

bool Format::append_field(std::string& out, const Op& op, const mqtt::Publish& message,
                          const MessageClock& clock) const {
    const std::string_view payload = mqtt::as_text(message.payload);
    switch (op.kind) {
    case 'p':
    case 'x':
    case 'X': append_payload(out, op, payload); break;
    case 't': append_text(out, op, message.topic); break;
    case 'l': append_number(out, op, payload.size()); break;
    case 'm': append_number(out, op, message.id); break;
    case 'q': out += static_cast<char>('0' + static_cast<int>(message.qos)); break;
    case 'r': out += message.retain ? '1' : '0'; break;
    case 'P': append_user_properties(out, message); break;
    case 'f':
    case 'd': return append_float(out, op, payload);
    case 'j':
    case 'J': append_json(out, op, message, clock); break;
    case 'U':
        fmt::format_to(std::back_inserter(out), "{}.{:09}", clock.seconds(), clock.nanoseconds());
        break;
    case 'I': {
        std::string time;
        clock.append_iso_seconds(time);
        append_text(out, op, time);
        break;
    }
    default: append_property(out, op, message); break;
    }
    return true;
}

void Format::append_json(std::string& out, const Op& op, const mqtt::Publish& message,
                         const MessageClock& clock) const {
    const JsonPayload how = op.kind == 'j' ? JsonPayload::text : JsonPayload::parsed;
    if (!pretty_json_) {
        append_message_json(out, message, how, clock);
        return;
    }
    std::string compact;
    append_message_json(compact, message, how, clock);
    append_json_pretty(out, compact);
}

}  // namespace tools
