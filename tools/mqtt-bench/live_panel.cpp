// The panel's lines and their painting.
#include "mqtt-bench/live_panel.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "common/terminal.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    bool in_escape = false;
    for (const char c : text) {
        if (c == '\x1b') in_escape = true;
        if (!in_escape && (static_cast<unsigned char>(c) & 0xC0) != 0x80) ++columns;
        if (in_escape && c == 'm') in_escape = false;
    }
    return columns;
}

// Cuts at the width, so that no line wraps and painting over it finds its place again.
std::string cut(std::string_view text, std::size_t width) {
    if (columns_of(text) <= width) return std::string(text);
    std::string out;
    std::size_t columns = 0;
    bool in_escape = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\x1b') in_escape = true;
        const bool starts = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        if (!in_escape && starts && columns++ == width) break;
        if (in_escape && c == 'm') in_escape = false;
        out += c;
    }
    return out + (text.find('\x1b') == std::string_view::npos ? "" : "\x1b[0m");
}

class Lines {
public:
    explicit Lines(PanelStyle style) : style_(style) {}
    void add(const std::string& line) {
        text_ += cut(line, static_cast<std::size_t>(std::max(style_.width, 20)));
        text_ += '\n';
    }
    std::string paint(std::string_view code, std::string_view text) const {
        return style_.color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
    }
    std::string take() { return std::move(text_); }

private:
    PanelStyle style_;
    std::string text_;
};

std::string clock_text(double seconds) {
    const auto whole = static_cast<long>(std::max(0.0, seconds));
    return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

std::string progress_bar(double share, int columns) {
    const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * columns));
    std::string bar;
    for (int i = 0; i < columns; ++i)
        bar += i < full ? "▓" : "░";
    return bar;
}

void add_head(Lines& lines, const Result& r, const Second& s, double planned, PanelStyle style) {
    std::string left = r.description;
    if (!r.targets.empty()) left += "  " + r.targets.front();
    std::string right = clock_text(s.at);
    if (planned > 0) {
        right += fmt::format(" / {}  {}", clock_text(planned), progress_bar(s.at / planned, 16));
    }
    const auto width = static_cast<std::size_t>(style.width);
    const std::size_t room = width > columns_of(right) + 2 ? width - columns_of(right) - 2 : 10;
    left = cut(left, room);
    left.append(room + 2 - columns_of(left), ' ');
    lines.add(lines.paint("1", left) + right);
}

double mean_of(const Result& r, std::uint64_t Second::*value) {
    double sum = 0;
    std::size_t count = 0;
    for (const Second& s : r.seconds) {
        if (s.at <= r.warmup_seconds + 0.5) continue;
        sum += static_cast<double>(s.*value);
        ++count;
    }
    return count == 0 ? 0 : sum / static_cast<double>(count);
}

std::string rate_cells(double now, double mean, double target) {
    return fmt::format("{:>9} {:>9} {:>9}", format_rate(now),
                       mean > 0 ? format_rate(mean) : std::string("-"),
                       target > 0 ? format_rate(target) : std::string("-"));
}

std::string far_cells(const Histogram& h) {
    if (h.empty()) return {};
    return fmt::format("{:>8} {:>8} {:>8} {:>8}", supported_ms(h, 0.5), supported_ms(h, 0.99),
                       supported_ms(h, 0.999), format_ms(static_cast<double>(h.max())));
}

void add_figures(Lines& lines, const Result& r, const Second& s) {
    lines.add(lines.paint(
        "2", fmt::format("{:<10}{:>9} {:>9} {:>9}   {:<12}{:>8} {:>8} {:>8} {:>8}", "per s", "now",
                         "mean", "target", "latency ms", "p50", "p99", "p99.9", "max")));
    const double fan_out = static_cast<double>(r.fan_out);
    const double target = r.saturation ? 0 : r.offered_rate;
    std::string second;
    if (s.e2e_max_ns > 0) {
        second =
            fmt::format("{:<12}{:>8} {:>8} {:>8} {:>8}", "this second", known_ms(s.shown_p50_ns()),
                        known_ms(s.shown_p99_ns()), "", format_ms(s.e2e_max_ns));
    }
    const std::string far = far_cells(r.series[SeriesId::e2e]);
    const std::string ack = far_cells(r.series[SeriesId::ack]);
    if (r.publishers > 0) {
        lines.add(fmt::format(
            "{:<10}{}   {}", "sent",
            rate_cells(static_cast<double>(s.sent), mean_of(r, &Second::sent), target), second));
    }
    if (r.subscribers > 0) {
        lines.add(fmt::format("{:<10}{}   {}", "delivered",
                              rate_cells(static_cast<double>(s.received),
                                         mean_of(r, &Second::received), target * fan_out),
                              far.empty() ? "" : "so far      " + far));
    }
    if (r.qos > 0 && r.publishers > 0) {
        lines.add(fmt::format(
            "{:<10}{}   {}", "acked",
            rate_cells(static_cast<double>(s.acked), mean_of(r, &Second::acked), target),
            ack.empty() ? "" : "ack         " + ack));
    }
}

void add_health(Lines& lines, const Result& r, const Second& s) {
    const Counters& c = r.counters;
    std::string line = fmt::format("connected {} of {}   waiting {}",
                                   with_commas(static_cast<std::int64_t>(s.connected)),
                                   with_commas(static_cast<std::int64_t>(r.clients)),
                                   with_commas(static_cast<std::int64_t>(s.outstanding)));
    if (c.connections_lost + c.connect_failed + c.refused > 0) {
        line +=
            "   " + lines.paint("31", fmt::format("failed {}  lost {}  refused {}",
                                                  c.connect_failed, c.connections_lost, c.refused));
    }
    lines.add(line);
    line.clear();
    if (r.broker) {
        line = fmt::format("broker cpu {:.0f} %", s.broker_cpu_share * 100);
        const std::uint64_t work = r.subscribers > 0 ? s.received : s.sent;
        if (work > 0 && s.broker_cpu_share > 0) {
            line += fmt::format("  {:.3g} us/message",
                                s.broker_cpu_share * 1e6 / static_cast<double>(work));
        }
        line += fmt::format("  rss {}   ", format_bytes(static_cast<double>(s.broker_rss_bytes)));
    }
    line += fmt::format("load cpu {:.0f} %  lag p99 {} ms  ", s.generator_cpu_share * 100,
                        known_ms(s.shown_lag_p99_ns()));
    const double allowed = 0.9 * r.generator.threads;
    const bool busy = s.generator_cpu_share > allowed && !r.generator.polls && !r.saturation;
    const bool late = s.lag_p99_ns > 10e6 && s.lag_p99_ns > 0.1 * s.e2e_p99_ns;
    line += busy ? lines.paint("31", "too busy")
                 : (late ? lines.paint("33", "late") : lines.paint("32", "healthy"));
    lines.add(line);
}

void add_history(Lines& lines, const Result& r, PanelStyle style) {
    std::vector<double> rate;
    std::vector<double> tail;
    for (const Second& s : r.seconds) {
        if (s.at < 0) continue;
        rate.push_back(static_cast<double>(r.subscribers > 0 ? s.received : s.sent));
        tail.push_back(r.main_series() == SeriesId::ack ? s.ack_p99_ns : s.e2e_p99_ns);
    }
    const auto columns = static_cast<std::size_t>(std::max(8, (style.width - 14) / 2));
    lines.add(fmt::format("rate {}   p99 {}", lines.paint("34", spark_line(rate, columns)),
                          lines.paint("33", spark_line(tail, columns))));
}

}  // namespace

std::string spark_line(const std::vector<double>& values, std::size_t columns) {
    const std::size_t count = std::min(columns, values.size());
    const auto first = values.end() - static_cast<std::ptrdiff_t>(count);
    const double highest = count == 0 ? 0 : *std::max_element(first, values.end());
    std::string out;
    for (auto value = first; value != values.end(); ++value) {
        const double share = highest > 0 ? *value / highest : 0;
        out += kBlocks[static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * 7))];
    }
    return out;
}

std::string panel_text(const Result& r, const Second& s, double planned, PanelStyle style) {
    Lines lines(style);
    add_head(lines, r, s, planned, style);
    if (r.publishers + r.subscribers > 0) add_figures(lines, r, s);
    add_health(lines, r, s);
    if (r.publishers + r.subscribers > 0) add_history(lines, r, style);
    return lines.take();
}

LivePanel::LivePanel(int descriptor, double planned, bool color, int frames_per_second)
    : frame_(std::chrono::nanoseconds(1'000'000'000 / frames_per_second))
    , descriptor_(descriptor)
    , planned_(planned)
    , color_(color) {}

void LivePanel::show(const Result& result, const Second& second) {
    result_ = &result;
    second_ = second;
    shown_ = std::chrono::steady_clock::now();
    paint(second);
}

void LivePanel::tick() {
    const auto now = std::chrono::steady_clock::now();
    if (result_ == nullptr || now - painted_ < frame_) return;
    const double passed = std::chrono::duration<double>(now - shown_).count();
    Second later = second_;
    if (later.at >= 0) later.at += passed;
    later.elapsed += passed;
    paint(later);
}

void LivePanel::paint(const Second& second) {
    painted_ = std::chrono::steady_clock::now();
    const PanelStyle style{tools::terminal_width(descriptor_) - 1, color_};
    const std::string text = panel_text(*result_, second, planned_, style);
    // Up to the first line, and everything below it away.
    std::string out = lines_ > 0 ? fmt::format("\x1b[{}F\x1b[J", lines_) : std::string();
    out += text;
    lines_ = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    for (std::size_t done = 0; done < out.size();) {
        const ssize_t n = write(descriptor_, out.data() + done, out.size() - done);
        if (n <= 0) return;  // a screen that is gone is no reason to end a measurement
        done += static_cast<std::size_t>(n);
    }
}

}  // namespace mqtt::bench
