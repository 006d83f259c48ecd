// See top_pages.hpp.
#include "mqtt-sub/top/top_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/json.hpp"
#include "common/safe_text.hpp"

namespace mqtt_sub {
namespace {

// Breaks safe text into lines of `width` columns; newlines break, too.
void append_wrapped(Frame& lines, std::string_view text, std::size_t width) {
    while (true) {
        std::string_view line = text.substr(0, text.find('\n'));
        const bool is_last = line.size() == text.size();
        do {
            std::size_t at = 0, used = 0;
            while (at < line.size()) {
                std::size_t next = at + 1;
                while (next < line.size() &&
                       (static_cast<unsigned char>(line[next]) & 0xC0) == 0x80)
                    ++next;
                const std::size_t columns = tools::columns_of(line.substr(at, next - at));
                if (used + columns > width && at > 0) break;
                used += columns;
                at = next;
            }
            lines.emplace_back(line.substr(0, at));
            line.remove_prefix(at);
        } while (!line.empty());
        if (is_last) return;
        text.remove_prefix(text.find('\n') + 1);
    }
}

void append_hex_dump(Frame& lines, std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 16) {
        std::string hex, text;
        for (std::size_t i = at; i < std::min(at + 16, bytes.size()); ++i) {
            const auto byte = static_cast<unsigned char>(bytes[i]);
            hex += fmt::format("{:02x} ", byte);
            text += byte >= 0x20 && byte < 0x7F ? bytes[i] : '.';
        }
        lines.push_back(fmt::format(" {:08x}  {:<48} {}", at, hex, text));
    }
}

void append_payload(Frame& lines, const TopicStats& stats, std::size_t width) {
    const bool is_whole = stats.payload.size() == stats.payload_bytes;
    lines.push_back(fmt::format(" payload: {} bytes{}", stats.payload_bytes,
                                is_whole ? "" : ", of which these are the first"));
    lines.emplace_back();
    if (is_whole && tools::is_json(stats.payload)) {
        std::string pretty;
        tools::append_json_pretty(pretty, stats.payload);
        // A tab's width is the terminal's: blanks are ours.
        for (std::size_t at = 0; (at = pretty.find('\t', at)) != std::string::npos; at += 2)
            pretty.replace(at, 1, "  ");
        tools::make_safe(pretty, 0, tools::Lines::keep);
        return append_wrapped(lines, pretty, width);
    }
    if (!tools::is_valid_utf8(stats.payload)) return append_hex_dump(lines, stats.payload);
    std::string text = stats.payload;
    for (std::size_t at = 0; (at = text.find('\t', at)) != std::string::npos; at += 4)
        text.replace(at, 1, "    ");
    tools::make_safe(text, 0, tools::Lines::keep);
    append_wrapped(lines, text, width);
}

void append_properties(Frame& lines, mqtt::Properties properties, std::size_t width) {
    for (const mqtt::PropertyView& property : properties) {
        using mqtt::PropertyType;
        std::string text = " " + std::string(property.info->name) + ": ";
        switch (property.info->type) {
        case PropertyType::utf8_pair: text += std::string(property.name) + " = "; [[fallthrough]];
        case PropertyType::utf8_string:
        case PropertyType::binary: text += property.text; break;
        default: text += std::to_string(property.number); break;
        }
        tools::make_safe(text, 0, tools::Lines::escape);
        append_wrapped(lines, text, width);
    }
}

}  // namespace

Frame message_page(const TopicTable& table, const TopView& view, const RenderContext& context) {
    Frame lines;
    const std::size_t index =
        view.rows().empty() ? TreeNode::kNone : view.rows()[view.selected()].topic;
    if (index >= table.topics().size()) return {" no message"};
    const TopicStats& stats = table.topics()[index];
    std::string topic = " " + stats.topic;
    tools::make_safe(topic, 0, tools::Lines::escape);
    append_wrapped(lines, topic, context.width);
    lines.push_back(fmt::format(" QoS {}{}, {} ago, message {} on this topic, {} msg/s",
                                static_cast<int>(stats.qos), stats.retain ? ", retained" : "",
                                compact_age(context.now - stats.last_seen), stats.messages,
                                compact_number(stats.history.rate())));
    const std::size_t columns =
        std::min<std::size_t>(kHistorySeconds, context.width > 2 ? context.width - 2 : 1);
    lines.push_back(" " + sparkline(stats.history, columns, context.has_utf8));
    append_properties(lines, stats.properties.view(), context.width);
    append_payload(lines, stats, context.width);
    return lines;
}

Frame help_page(std::size_t width) {
    static constexpr std::array<std::string_view, 22> kLines{
        " Every topic with its messages per second (over 5 seconds), messages, bytes, the age",
        " of the last one, R when it was a retained one, the last seconds as a line, its value.",
        "",
        "   up down j k          select a topic",
        "   page up, page down   by screens; home g, end G: the first, the last",
        "   enter                show the message in full; again, esc or q: back",
        "   / text enter         show topics that contain the text; esc: all again",
        "",
        "   s                    sort by the next column",
        "   1 2 3 4 5            sort by rate, messages, bytes, age, topic; again: reverse",
        "   r                    reverse the order",
        "   t                    tree of levels, or table of topics",
        "   right left           open and close a level of the tree; enter does, too",
        "",
        "   p, space             stop the picture, let it go on; messages are still counted",
        "   c                    clear all counts",
        "   ctrl-l               draw the screen anew",
        "   ctrl-z               stop; fg goes on",
        "   q, ctrl-c            end",
        "",
        " The list is put in order once a second. Of payloads above 64 KiB the beginning is kept,",
        " of more than 100,000 topics the first ones."};
    Frame lines;
    for (const std::string_view line : kLines) {
        std::string text;
        tools::append_columns(text, line, width, false);
        lines.push_back(std::move(text));
    }
    return lines;
}

}  // namespace mqtt_sub
