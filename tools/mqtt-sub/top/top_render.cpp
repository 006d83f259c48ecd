// See top_render.hpp: the frame around a page, and the list. The message and help pages are in
// top_pages.cpp.
#include "mqtt-sub/top/top_render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/safe_text.hpp"
#include "mqtt-sub/top/top_pages.hpp"

namespace mqtt_sub {
namespace {

constexpr std::string_view kReverse = "\x1b[7m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kCyan = "\x1b[36m";
constexpr std::size_t kNarrow = 60;
constexpr std::string_view kReset = "\x1b[0m";

// Columns of the list for a width: what does not fit is left out, the value takes the rest.
struct Columns {
    std::size_t topic, rate = 7, messages = 7, bytes = 0, age = 4, retain = 1, spark, value;
};

Columns columns_for(std::size_t width, bool is_tree) {
    Columns c{};
    c.rate = c.messages = 7;
    c.age = 4;
    c.retain = 1;
    c.bytes = width >= 100 ? 9 : 0;
    c.spark = width >= 160 ? 30 : width >= 100 ? 16 : width >= 70 ? 8 : 0;
    c.topic = std::min<std::size_t>(std::max<std::size_t>(width * 2 / 5, 12), 80);
    if (!is_tree && c.topic > 60) c.topic = 60;
    const std::size_t gaps = 5 + (c.bytes > 0) + (c.spark > 0);
    const std::size_t fixed =
        c.topic + c.rate + c.messages + c.bytes + c.age + c.retain + c.spark + gaps;
    c.value = width > fixed ? width - fixed : 0;
    return c;
}

void append_right(std::string& out, std::string_view text, std::size_t columns) {
    const std::size_t width = tools::columns_of(text);
    if (width < columns) out.append(columns - width, ' ');
    tools::append_columns(out, text, columns, false);
}

std::string safe_line(std::string_view text) {
    std::string safe(text);
    tools::make_safe(safe, 0, tools::Lines::escape);
    return safe;
}

std::string title_line(const TopicTable& table, const TopView& view, const RenderContext& context) {
    const Totals& totals = table.totals();
    std::string text =
        fmt::format(" {}   {} msg/s   {}/s   {} messages   {} topics", safe_line(context.server),
                    compact_number(totals.rate.rate()), compact_bytes(totals.byte_rate.rate()),
                    compact_number(static_cast<double>(totals.messages)), table.topics().size());
    if (totals.topics_left_out > 0) {
        text += fmt::format(" (+{} messages of more)",
                            compact_number(static_cast<double>(totals.topics_left_out)));
    }
    if (!view.search().empty() && !view.is_searching()) {
        text += "   /" + safe_line(view.search());
    }
    if (context.is_paused) text += "   PAUSED";
    std::string line(kBold);
    tools::append_columns(line, text, context.width, false);
    return line + std::string(kReset);
}

std::string heading_line(const TopView& view, const RenderContext& context, const Columns& c) {
    const auto marked = [&view](std::string_view name, SortBy by) {
        std::string text(name);
        if (view.sort_by() == by) text += view.is_reversed() ? '+' : '-';
        return text;
    };
    std::string line(kReverse);
    tools::append_columns(line, " " + marked(view.is_tree() ? "LEVEL" : "TOPIC", SortBy::topic),
                          c.topic, true);
    line += ' ';
    append_right(line, marked("MSG/S", SortBy::rate), c.rate);
    line += ' ';
    append_right(line, marked("MSGS", SortBy::messages), c.messages);
    if (c.bytes > 0) {
        line += ' ';
        append_right(line, marked("BYTES", SortBy::bytes), c.bytes);
    }
    line += ' ';
    append_right(line, marked("AGE", SortBy::age), c.age);
    line += " R";
    if (c.spark > 0) {
        line += ' ';
        tools::append_columns(line, "HISTORY", c.spark, true);
    }
    line += ' ';
    tools::append_columns(line, "VALUE", c.value, true);
    (void)context;
    return line + std::string(kReset);
}

// What a row shows, from a topic or a level of the tree.
struct RowValues {
    std::string label;
    double rate = 0;
    std::uint64_t messages = 0, bytes = 0;
    TopClock::time_point last_seen;
    const TopicStats* topic = nullptr;
    std::uint64_t topics = 1;
};

RowValues values_of(const TopRow& row, const TopicTable& table, const TopView& view) {
    RowValues values;
    if (row.topic != TreeNode::kNone && row.topic < table.topics().size()) {
        values.topic = &table.topics()[row.topic];
    }
    if (row.node == TreeNode::kNone) {
        if (values.topic == nullptr) return values;
        const TopicStats& t = *values.topic;
        values.label = " " + t.topic;
        values.rate = t.history.rate();
        values.messages = t.messages;
        values.bytes = t.bytes;
        values.last_seen = t.last_seen;
        return values;
    }
    const TreeNode& node = view.tree().nodes()[row.node];
    const std::string_view mark = node.children.empty() ? "  " : view.is_open(node) ? "- " : "+ ";
    values.label.assign(std::min<std::size_t>(1 + 2 * node.depth, 40), ' ');
    values.label += mark;
    values.label += node.level.empty() ? std::string("(empty)") : node.level;
    values.rate = node.rate;
    values.messages = node.messages;
    values.bytes = node.bytes;
    values.last_seen = node.last_seen;
    values.topics = node.topics;
    return values;
}

std::string row_line(const TopRow& row, bool is_selected, const TopicTable& table,
                     const TopView& view, const RenderContext& context, const Columns& c) {
    const RowValues values = values_of(row, table, view);
    const bool colors = context.has_color && !is_selected;
    std::string line(is_selected ? kReverse : std::string_view());
    if (colors) line += kCyan;
    tools::append_columns(line, safe_line(values.label), c.topic, true);
    if (colors) line += kReset;
    line += ' ';
    append_right(line, compact_number(values.rate), c.rate);
    line += ' ';
    append_right(line, compact_number(static_cast<double>(values.messages)), c.messages);
    if (c.bytes > 0) {
        line += ' ';
        append_right(line, compact_bytes(static_cast<double>(values.bytes)), c.bytes);
    }
    line += ' ';
    append_right(line, compact_age(context.now - values.last_seen), c.age);
    line += values.topic != nullptr && values.topic->retain ? " R" : "  ";
    if (c.spark > 0) {
        line += ' ';
        const std::string spark = values.topic == nullptr
                                      ? std::string()
                                      : sparkline(values.topic->history, c.spark, context.has_utf8);
        tools::append_columns(line, spark, c.spark, true);
    }
    line += ' ';
    // No more of the payload than can be seen: characters have up to four bytes.
    const std::string value =
        values.topic != nullptr
            ? safe_line(std::string_view(values.topic->payload).substr(0, 4 * c.value + 4))
            : fmt::format("{} topics", values.topics);
    tools::append_columns(line, value, c.value, true);
    if (is_selected) line += kReset;
    return line;
}

// What of a line fits, its styles included. For screens narrower than the list can be, and pages.
std::string clipped(std::string_view line, std::size_t width) {
    std::string out;
    std::size_t used = 0;
    while (!line.empty()) {
        std::size_t n = 1;
        if (line[0] == '\x1b') {
            n = line.find('m') + 1;
        } else {
            while (n < line.size() && (static_cast<unsigned char>(line[n]) & 0xC0) == 0x80)
                ++n;
            used += tools::columns_of(line.substr(0, n));
            if (used > width) return out + std::string(kReset);
        }
        out += line.substr(0, n);
        line.remove_prefix(n);
    }
    return out;
}

std::string bottom_line(const TopView& view, const RenderContext& context) {
    std::string line;
    if (view.is_searching()) {
        tools::append_columns(line, "/" + safe_line(view.search()) + "_", context.width, false);
        return line;
    }
    if (!context.note.empty()) {
        line += kBold;
        tools::append_columns(line, " " + safe_line(context.note), context.width, false);
        return line + std::string(kReset);
    }
    const std::string_view keys = view.page() == TopPage::list
                                      ? " q quit  p pause  / search  t tree  s sort  r reverse  "
                                        "enter message  c clear  ? help"
                                      : " esc back  up down scroll  p pause";
    line += kDim;
    tools::append_columns(line, keys, context.width, false);
    return line + std::string(kReset);
}

}  // namespace

std::size_t list_rows(std::size_t height) {
    return height > 3 ? height - 3 : 0;
}

Frame render_top(const TopicTable& table, const TopView& view, const RenderContext& context) {
    Frame frame;
    frame.push_back(title_line(table, view, context));
    const std::size_t rows = list_rows(context.height);
    if (view.page() == TopPage::list) {
        const Columns c = columns_for(context.width, view.is_tree());
        frame.push_back(heading_line(view, context, c));
        for (std::size_t i = view.first(); i < view.rows().size() && frame.size() < rows + 2; ++i) {
            const bool is_selected = i == view.selected();
            frame.push_back(row_line(view.rows()[i], is_selected, table, view, context, c));
        }
        if (view.rows().empty() && rows > 0) {
            frame.emplace_back(view.search().empty() ? " no message yet" : " nothing found");
        }
    } else {
        const Frame page = view.page() == TopPage::help ? help_page(context.width)
                                                        : message_page(table, view, context);
        const std::size_t last = page.size() > rows + 1 ? page.size() - rows - 1 : 0;
        const std::size_t first = std::min(view.page_scroll(), last);
        for (std::size_t i = first; i < page.size() && frame.size() < rows + 2; ++i)
            frame.push_back(clipped(page[i], context.width));
    }
    frame.resize(context.height > 0 ? context.height - 1 : 0);
    if (context.height > 0) frame.push_back(bottom_line(view, context));
    if (context.width < kNarrow) {
        for (std::string& line : frame)
            line = clipped(line, context.width);
    }
    return frame;
}

}  // namespace mqtt_sub
