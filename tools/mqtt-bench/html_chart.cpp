// Drawing: axes with round marks, paths, cells; in units of the view box, so that a chart takes
// the width that it is given.
#include "mqtt-bench/html_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace mqtt::bench {
namespace {

constexpr double kWidth = 480;
constexpr double kHeight = 264;
constexpr double kLeft = 54;
constexpr double kRight = 468;
constexpr double kTop = 10;
constexpr double kBottom = 222;

using Out = std::back_insert_iterator<std::string>;

double share_of(const Axis& axis, double value) {
    double share = 0;
    if (axis.is_log) {
        const double low = std::log10(axis.low);
        const double high = std::log10(axis.high);
        share = (std::log10(std::max(value, axis.low)) - low) / std::max(1e-9, high - low);
    } else {
        share = (value - axis.low) / std::max(1e-12, axis.high - axis.low);
    }
    return std::clamp(share, 0.0, 1.0);
}

double x_of(const Chart& chart, double value) {
    return kLeft + share_of(chart.x, value) * (kRight - kLeft);
}

double y_of(const Chart& chart, double value) {
    return kBottom - share_of(chart.y, value) * (kBottom - kTop);
}

// 1, 2 or 5 times a power of ten, so that about `parts` fit.
double round_step(double span, int parts) {
    const double rough = span / parts;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= rough) return factor * power;
    }
    return 10 * power;
}

std::vector<std::pair<double, std::string>> marks_of(const Axis& axis) {
    if (!axis.marks.empty()) return axis.marks;
    std::vector<std::pair<double, std::string>> out;
    const auto add = [&](double value) {
        out.emplace_back(value,
                         axis.format != nullptr ? axis.format(value) : fmt::format("{:g}", value));
    };
    if (axis.is_log) {
        double value = std::pow(10.0, std::ceil(std::log10(axis.low) - 1e-9));
        for (; value <= axis.high * 1.0001; value *= 10)
            add(value);
        return out;
    }
    const double step = round_step(axis.high - axis.low, 6);
    // The sum turns -0 into 0.
    for (double n = std::ceil(axis.low / step - 1e-9); n * step <= axis.high + step * 1e-6; ++n)
        add(n * step + 0.0);
    return out;
}

void draw_axes(Out out, const Chart& chart) {
    for (const auto& [value, text] : marks_of(chart.y)) {
        const double y = y_of(chart, value);
        fmt::format_to(out,
                       "<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>"
                       "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
                       kLeft, y, kRight, kLeft - 6, y + 4, escape_html(text));
    }
    for (const auto& [value, text] : marks_of(chart.x)) {
        const double x = x_of(chart, value);
        fmt::format_to(out,
                       "<path class=\"tick\" d=\"M{:.1f} {:.1f}v5\"/>"
                       "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
                       x, kBottom, x, kBottom + 18, escape_html(text));
    }
    fmt::format_to(out, "<path class=\"axis\" d=\"M{} {}H{}\"/>\n", kLeft, kBottom, kRight);
    fmt::format_to(out, "<text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
                   kRight, kHeight - 8, escape_html(chart.x.label));
}

std::string path_of(const Chart& chart, const ChartLine& line) {
    std::string path;
    const Out out(path);
    bool first = true;
    for (const auto& [x, y] : line.points) {
        fmt::format_to(out, "{}{:.1f} {:.1f}", first ? 'M' : 'L', x_of(chart, x), y_of(chart, y));
        first = false;
    }
    return path;
}

void draw_line(Out out, const Chart& chart, const ChartLine& line) {
    if (line.points.empty()) return;
    const std::string path = path_of(chart, line);
    if (line.is_filled) {
        fmt::format_to(out, "<path class=\"fill {}\" d=\"{}L{:.1f} {}L{:.1f} {}Z\"/>\n", line.color,
                       path, x_of(chart, line.points.back().first), kBottom,
                       x_of(chart, line.points.front().first), kBottom);
    }
    fmt::format_to(out, "<path class=\"line {}{}\" data-line=\"{}\" d=\"{}\"/>\n", line.color,
                   line.is_dashed ? " dashed" : "", escape_html(line.name), path);
    if (line.points.size() == 1) {
        fmt::format_to(out, "<circle class=\"dot {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n",
                       line.color, x_of(chart, line.points[0].first),
                       y_of(chart, line.points[0].second));
    }
}

void draw_cells(Out out, const Chart& chart) {
    for (const ChartCell& cell : chart.cells) {
        const double x = x_of(chart, cell.x0);
        const double y = y_of(chart, cell.y1);
        fmt::format_to(out,
                       "<rect class=\"heat\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                       "height=\"{:.1f}\" fill-opacity=\"{:.2f}\"/>\n",
                       x, y, x_of(chart, cell.x1) - x + 0.3, y_of(chart, cell.y0) - y + 0.3,
                       cell.strength);
    }
}

void draw_hovers(Out out, const Chart& chart) {
    for (const ChartHover& hover : chart.hovers) {
        const double x = x_of(chart, hover.x0);
        fmt::format_to(out,
                       "<rect class=\"hover\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" "
                       "height=\"{}\"><title>{}</title></rect>\n",
                       x, kTop, std::max(1.0, x_of(chart, hover.x1) - x), kBottom - kTop,
                       escape_html(hover.text));
    }
}

void draw_legend(Out out, const Chart& chart) {
    fmt::format_to(out, "<p class=\"legend\">");
    for (const ChartLine& line : chart.lines) {
        if (line.points.empty()) continue;
        fmt::format_to(out, "<span><i class=\"{}\"></i>{}</span>", line.color,
                       escape_html(line.name));
    }
    if (!chart.note.empty()) fmt::format_to(out, "<em>{}</em>", escape_html(chart.note));
    fmt::format_to(out, "</p>\n");
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += c;
        }
    }
    return out;
}

std::string draw_chart(const Chart& chart) {
    std::string text;
    const Out out(text);
    fmt::format_to(out, "<figure id=\"{}\"><figcaption>{}</figcaption>\n", chart.id,
                   escape_html(chart.title));
    draw_legend(out, chart);
    fmt::format_to(out, "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth,
                   kHeight, escape_html(chart.title));
    for (const ChartBand& band : chart.bands) {
        const double x = x_of(chart, band.x0);
        fmt::format_to(
            out, "<rect class=\"band\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/>\n", x,
            kTop, x_of(chart, band.x1) - x, kBottom - kTop);
    }
    draw_cells(out, chart);
    draw_axes(out, chart);
    for (const ChartLine& line : chart.lines)
        draw_line(out, chart, line);
    draw_hovers(out, chart);
    fmt::format_to(out, "</svg></figure>\n");
    return text;
}

double highest_value(const Chart& chart, double least) {
    double highest = least;
    for (const ChartLine& line : chart.lines) {
        for (const auto& point : line.points)
            highest = std::max(highest, point.second);
    }
    return highest;
}

}  // namespace mqtt::bench
