// Draws a TopView as lines. A function of its arguments: no terminal, no clock. Used by live_top.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "mqtt-sub/top/frame_diff.hpp"
#include "mqtt-sub/top/top_view.hpp"

namespace mqtt_sub {

struct RenderContext {
    std::size_t width = 80;
    std::size_t height = 24;
    TopClock::time_point now;
    std::string_view server;  // "broker.example:1883"
    std::string_view note;    // the last thing to say about the connection
    bool is_paused = false;
    bool has_utf8 = true;  // else sparklines of ASCII
    bool has_color = true;
};

// Rows of the list that a screen of this height has.
std::size_t list_rows(std::size_t height);

Frame render_top(const TopicTable& table, const TopView& view, const RenderContext& context);

// Parts, for --stat and tests.
std::string compact_number(double number);        // "0.4", "950", "12.3k", "4.1M"
std::string compact_bytes(double bytes);          // "812 B", "1.2 kB"
std::string compact_age(TopClock::duration age);  // "now", "12s", "3m", "5h", "2d"
std::string sparkline(const RateHistory& history, std::size_t columns, bool has_utf8);

}  // namespace mqtt_sub
