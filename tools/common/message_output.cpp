// See message_output.hpp.
#include "common/message_output.hpp"

#include "common/message_json.hpp"

namespace tools {

MessagePrinter::MessagePrinter(const MessageStyle& style) : style_(style) {
    if (style.format) format_.emplace(*style.format, style.pretty);
}

std::string_view MessagePrinter::append(std::string& out, const mqtt::Publish& message) {
    const std::string_view payload = mqtt::as_text(message.payload);
    if (style_.json) {
        clock_.refresh();
        append_message_json(out, message, JsonPayload::text, clock_);
        out += style_.end;
        return {};
    }
    if (format_) {
        if (format_->needs_clock()) clock_.refresh();
        const std::string_view complaint = format_->append(out, message, clock_);
        if (style_.newline) out += style_.end;
        return complaint;
    }
    // mosquitto: an empty payload shows as nothing, or as (null) behind its topic.
    if (payload.empty() && !(style_.verbose && style_.newline)) return {};
    if (style_.verbose) {
        out += message.topic;
        out += ' ';
    }
    out += payload.empty() ? std::string_view("(null)") : payload;
    if (style_.newline) out += style_.end;
    return {};
}

}  // namespace tools
