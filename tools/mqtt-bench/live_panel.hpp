// The live panel on a terminal: some lines that are painted over once a second. The text is a
// function of plain data; only LivePanel writes, to the descriptor that it is given.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "mqtt-bench/results.hpp"

namespace mqtt::bench {

struct PanelStyle {
    int width = 80;
    bool color = false;
};

// Lines of at most `style.width` columns, each ended by a line feed. `planned`: seconds of the
// whole schedule, 0: not known.
std::string panel_text(const Result& result, const Second& second, double planned,
                       PanelStyle style);

// "▁▃█" of the last `columns` values, scaled to the highest of them.
std::string spark_line(const std::vector<double>& values, std::size_t columns);

class LivePanel {
public:
    LivePanel(int descriptor, double planned, bool color, int frames_per_second);
    // A new second; `result` must stay until the next one.
    void show(const Result& result, const Second& second);
    // Any time: paints again when a frame is due, the clock moved on.
    void tick();

private:
    void paint(const Second& second);

    const Result* result_ = nullptr;
    Second second_;
    std::chrono::steady_clock::time_point shown_;
    std::chrono::steady_clock::time_point painted_;
    std::chrono::nanoseconds frame_;
    int descriptor_;
    double planned_;
    bool color_;
    int lines_ = 0;  // painted and to be painted over
};

}  // namespace mqtt::bench
