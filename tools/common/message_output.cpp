// See message_output.hpp.
#include "common/message_output.hpp"

#include "common/message_json.hpp"
#include "common/safe_text.hpp"

namespace tools {

std::string checked_format(const std::string& text, Persona persona) {
    const Format format(text, false);
    if (persona == Persona::ours && !format.unknown_time().empty()) {
        throw UsageError("option '-F': '" + format.unknown_time() + "' is no time conversion");
    }
    return text;
}

MessagePrinter::MessagePrinter(const MessageStyle& style) : style_(style) {
    if (style.format) format_.emplace(*style.format, style.pretty, style.safe, style.widths);
    if (style.unpack) unpack_.emplace(*style.unpack);
}

std::string_view MessagePrinter::append(std::string& out, const mqtt::Publish& message) {
    const std::string_view payload = mqtt::as_text(message.payload);
    if (style_.json) {
        clock_.refresh();
        const std::size_t start = out.size();
        append_message_json(out, message, JsonPayload::text, clock_);
        if (style_.safe) make_safe(out, start, Lines::keep);
        out += style_.end;
        return {};
    }
    if (format_) {
        if (format_->needs_clock()) clock_.refresh();
        const std::string_view complaint = format_->append(out, message, clock_);
        if (style_.newline) out += style_.end;
        return complaint;
    }
    if (style_.hex_dump || unpack_) return append_bytes(out, message);
    // mosquitto: an empty payload shows as nothing, or as (null) behind its topic.
    if (payload.empty() && !(style_.verbose && style_.newline)) return {};
    if (style_.verbose) {
        append_topic(out, message.topic);
        out += ' ';
    }
    const std::size_t start = out.size();
    out += payload.empty() ? std::string_view("(null)") : payload;
    if (style_.safe) make_safe(out, start, Lines::keep);
    if (style_.newline) out += style_.end;
    return {};
}

// A payload that is of another shape than the pack string says is shown as a dump.
std::string_view MessagePrinter::append_bytes(std::string& out, const mqtt::Publish& message) {
    const std::string_view payload = mqtt::as_text(message.payload);
    std::string text;
    const std::string_view complaint = unpack_ ? unpack_->append(text, payload) : "";
    const bool is_dump = !unpack_ || !complaint.empty();
    if (is_dump) append_hex_dump(text, payload);
    if (style_.safe) make_safe(text, 0, Lines::keep);
    if (style_.verbose) {
        append_topic(out, message.topic);
        if (!text.empty()) out += is_dump ? '\n' : ' ';
    }
    out += text;
    if (style_.newline) out += style_.end;
    return complaint;
}

void MessagePrinter::append_topic(std::string& out, std::string_view topic) const {
    if (style_.color) out += "\x1b[36m";
    const std::size_t start = out.size();
    out += topic;
    if (style_.safe) make_safe(out, start, Lines::escape);
    if (style_.color) out += "\x1b[0m";
}

MessageStyle style_for(MessageStyle style, Persona persona, int descriptor, ColorWish wish) {
    if (persona != Persona::ours) return style;
    style.widths = Widths::columns;
    style.safe = is_terminal(descriptor) || wish == ColorWish::always;
    style.color = wants_color(descriptor, wish);
    return style;
}

}  // namespace tools
