// Charts as inline SVG: lines and cells over two axes, with what a pointer finds under it. Strings
// out; knows no results. Used by html_report.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mqtt::bench {

std::string escape_html(std::string_view text);

using FormatValue = std::string (*)(double value);

struct Axis {
    double low = 0;
    double high = 1;
    bool is_log = false;
    std::string_view label{};
    FormatValue format = nullptr;
    // Where to put marks instead of round numbers: value and text.
    std::vector<std::pair<double, std::string>> marks{};
};

struct ChartLine {
    std::string_view name;
    std::string_view color;  // a class of the style sheet: c1 ... c6
    std::vector<std::pair<double, double>> points{};
    bool is_filled = false;
    bool is_dashed = false;  // lets an equal line beneath it be seen
};

struct ChartCell {  // of a heat map, in the axes' units
    double x0 = 0, x1 = 0, y0 = 0, y1 = 0;
    double strength = 0;  // 0 to 1
};

struct ChartHover {  // a band of the x axis and its text
    double x0 = 0, x1 = 0;
    std::string text;
};

struct ChartBand {  // a shaded part of the x axis, such as the measured time
    double x0 = 0, x1 = 0;
};

struct Chart {
    std::string_view id;
    std::string_view title;
    std::string_view note{};
    Axis x;
    Axis y;
    std::vector<ChartLine> lines{};
    std::vector<ChartCell> cells{};
    std::vector<ChartHover> hovers{};
    std::vector<ChartBand> bands{};
};

// A <figure> with title, legend and drawing.
std::string draw_chart(const Chart& chart);

// The highest value of all lines, at least `least`.
double highest_value(const Chart& chart, double least);

}  // namespace mqtt::bench
