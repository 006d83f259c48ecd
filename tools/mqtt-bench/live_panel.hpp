// The live panel on a terminal: some lines that are painted over once a second. The text is a
// function of plain data; only LivePanel writes, to the descriptor that it is given.
#pragma once

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
    LivePanel(int descriptor, double planned, bool color);
    void show(const Result& result, const Second& second);

private:
    int descriptor_;
    double planned_;
    bool color_;
    int lines_ = 0;  // painted and to be painted over
};

}  // namespace mqtt::bench
