// Which figures become which lines. Long runs are drawn in at most 240 columns: rates as means,
// latencies and backlogs as the worst of the column.
#include "mqtt-bench/html_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "mqtt-bench/heat.hpp"
#include "mqtt-bench/html_chart.hpp"
#include "mqtt-bench/text.hpp"

namespace mqtt::bench {
namespace {

constexpr std::size_t kMostColumns = 240;

struct Column {
    double from = 0, to = 0;  // seconds of the schedule
    double elapsed = 0;       // at its end
    double offered = 0, sent = 0, acked = 0, received = 0;
    std::uint64_t outstanding = 0;
    double p50 = 0, p99 = 0, max = 0, lag = 0;
    double broker_cpu = 0, generator_cpu = 0;
    std::uint64_t broker_rss = 0, connected = 0;
    std::vector<HeatCell> heat;
};

void add_second(Column& column, const Second& s, double share) {
    column.to = s.at;
    column.elapsed = s.elapsed;
    column.offered += static_cast<double>(s.offered) * share;
    column.sent += static_cast<double>(s.sent) * share;
    column.acked += static_cast<double>(s.acked) * share;
    column.received += static_cast<double>(s.received) * share;
    column.outstanding = std::max(column.outstanding, s.outstanding);
    column.p50 = std::max(column.p50, s.shown_p50_ns());
    const double tail = s.e2e_p99_ns > 0 ? s.shown_p99_ns() : s.shown_ack_p99_ns();
    column.p99 = std::max(column.p99, tail);
    column.max = std::max(column.max, s.e2e_max_ns);
    column.lag = std::max(column.lag, s.shown_lag_p99_ns());
    column.broker_cpu += s.broker_cpu_share * share;
    column.generator_cpu += s.generator_cpu_share * share;
    column.broker_rss = std::max(column.broker_rss, s.broker_rss_bytes);
    column.connected = s.connected;
    add_heat(column.heat, s.heat);
}

// `under_load`: only seconds of the schedule; otherwise all, connecting included.
std::vector<Column> columns_of(const Result& r, bool under_load) {
    std::vector<const Second*> seconds;
    for (const Second& s : r.seconds) {
        if (!under_load || s.at >= 0) seconds.push_back(&s);
    }
    const std::size_t each = (seconds.size() + kMostColumns - 1) / kMostColumns;
    std::vector<Column> columns;
    double before = 0;
    for (std::size_t i = 0; i < seconds.size(); i += each) {
        const std::size_t count = std::min(each, seconds.size() - i);
        Column column;
        column.from = before;
        for (std::size_t k = 0; k < count; ++k)
            add_second(column, *seconds[i + k], 1.0 / static_cast<double>(count));
        before = column.to;
        columns.push_back(std::move(column));
    }
    return columns;
}

using Point = std::pair<double, double>;

template <class Value>
std::vector<Point> points(const std::vector<Column>& columns, Value value) {
    std::vector<Point> out;
    for (const Column& column : columns)
        out.emplace_back((column.from + column.to) / 2, static_cast<double>(value(column)));
    return out;
}

std::string rate_text(double value) {
    return value >= 1e6
               ? fmt::format("{:g}M", value / 1e6)
               : (value >= 1e3 ? fmt::format("{:g}k", value / 1e3) : fmt::format("{:g}", value));
}
std::string ms_text(double ms) {
    return ms < 1 ? fmt::format("{:g} µs", ms * 1000)
                  : (ms < 1000 ? fmt::format("{:g} ms", ms) : fmt::format("{:g} s", ms / 1000));
}
std::string percent_text(double share) {
    return fmt::format("{:g} %", share * 100);
}
std::string bytes_text(double bytes) {
    return bytes >= 1e9   ? fmt::format("{:g} GB", bytes / 1e9)
           : bytes >= 1e6 ? fmt::format("{:g} MB", bytes / 1e6)
                          : fmt::format("{:g} kB", bytes / 1e3);
}

Axis time_axis(const std::vector<Column>& columns) {
    return {0, columns.empty() ? 1 : columns.back().to, false, "seconds under load", nullptr, {}};
}

std::vector<ChartBand> measured_band(const Result& r) {
    if (r.warmup_seconds <= 0 || r.measured_seconds <= 0) return {};
    return {{r.warmup_seconds, r.warmup_seconds + r.measured_seconds}};
}

void add_hovers(Chart& chart, const std::vector<Column>& columns,
                std::string (*text)(const Column&)) {
    for (const Column& column : columns) {
        chart.hovers.push_back(
            {column.from, column.to, fmt::format("{:.0f} s: {}", column.to, text(column))});
    }
}

std::string with_k(double value) {
    return with_commas(std::llround(value));
}

void add_rates(std::string& out, const Result& r, const std::vector<Column>& columns) {
    Chart chart{
        .id = "rate", .title = "Messages per second", .note = {}, .x = time_axis(columns), .y = {}};
    if (r.warmup_seconds > 0) chart.note = "shaded: measured";
    const auto fan_out = static_cast<double>(r.fan_out);
    if (r.publishers > 0 && !r.saturation) {
        chart.lines.push_back(
            {fan_out > 1 ? "due (× fan-out)" : "due", "c5",
             points(columns, [&](const Column& c) { return c.offered * fan_out; }), false, true});
    }
    if (r.publishers > 0 && fan_out <= 1) {
        chart.lines.push_back(
            {"sent", "c3", points(columns, [](const Column& c) { return c.sent; })});
    }
    if (r.publishers > 0 && r.qos > 0 && r.subscribers == 0) {
        chart.lines.push_back(
            {"acknowledged", "c4", points(columns, [](const Column& c) { return c.acked; })});
    }
    if (r.subscribers > 0) {
        chart.lines.push_back(
            {"delivered", "c1", points(columns, [](const Column& c) { return c.received; }), true});
    }
    chart.y = {0, highest_value(chart, 1) * 1.08, false, {}, rate_text, {}};
    chart.bands = measured_band(r);
    add_hovers(chart, columns, [](const Column& c) {
        return fmt::format("due {}, sent {}, acknowledged {}, delivered {}", with_k(c.offered),
                           with_k(c.sent), with_k(c.acked), with_k(c.received));
    });
    out += draw_chart(chart);
}

void add_backlog(std::string& out, const Result& r, const std::vector<Column>& columns) {
    Chart chart{.id = "backlog",
                .title = "Messages waiting",
                .note = "due or in flight",
                .x = time_axis(columns),
                .y = {}};
    chart.lines.push_back(
        {"waiting", "c2", points(columns, [](const Column& c) { return c.outstanding; }), true});
    chart.y = {0, highest_value(chart, 5) * 1.08, false, {}, rate_text, {}};
    chart.bands = measured_band(r);
    add_hovers(chart, columns, [](const Column& c) {
        return fmt::format("waiting {}", with_k(static_cast<double>(c.outstanding)));
    });
    out += draw_chart(chart);
}

// From the lowest to the highest row that has samples, at least a factor of ten.
std::pair<std::uint32_t, std::uint32_t> rows_of(const std::vector<Column>& columns) {
    std::uint32_t low = kHeatRows;
    std::uint32_t high = 0;
    for (const Column& column : columns) {
        if (column.heat.empty()) continue;
        low = std::min(low, column.heat.front().row);
        high = std::max(high, column.heat.back().row + 1);
    }
    if (low >= high) return {0, 0};
    low -= low % kHeatRowsPerDecade;
    return {low, std::max(high, low + kHeatRowsPerDecade)};
}

void add_heat_map(std::string& out, const Result& r, const std::vector<Column>& columns) {
    const auto [low, high] = rows_of(columns);
    if (low == high) return;
    const bool e2e = r.main_series() == SeriesId::e2e;
    Chart chart{.id = "heat",
                .title = e2e ? "Latency over time, end to end" : "Latency over time, acknowledged",
                .note = "stronger: more messages",
                .x = time_axis(columns),
                .y = {}};
    chart.y = {
        heat_row_begins_ns(low) / 1e6, heat_row_begins_ns(high) / 1e6, true, {}, ms_text, {}};
    for (const Column& column : columns) {
        std::uint64_t most = 1;
        for (const HeatCell& cell : column.heat)
            most = std::max(most, cell.count);
        for (const HeatCell& cell : column.heat) {
            const double share = static_cast<double>(cell.count) / static_cast<double>(most);
            chart.cells.push_back({column.from, column.to, heat_row_begins_ns(cell.row) / 1e6,
                                   heat_row_begins_ns(cell.row + 1) / 1e6,
                                   0.12 + 0.78 * std::pow(share, 0.4)});
        }
    }
    const auto line = [&](std::string_view name, std::string_view color, double Column::*value) {
        std::vector<Point> all;
        for (const Column& c : columns) {
            if (c.*value > 0) all.emplace_back((c.from + c.to) / 2, c.*value / 1e6);
        }
        chart.lines.push_back({name, color, std::move(all)});
    };
    line("p99", "c2", &Column::p99);
    if (e2e) line("max", "c5", &Column::max);
    add_hovers(chart, columns, [](const Column& c) {
        return fmt::format("p50 {} ms, p99 {} ms, max {} ms, lag p99 {} ms", known_ms(c.p50),
                           known_ms(c.p99), known_ms(c.max), known_ms(c.lag));
    });
    out += draw_chart(chart);
}

void add_percentiles(std::string& out, const Result& r) {
    Chart chart{
        .id = "percentiles", .title = "Latency by percentile", .note = {}, .x = {}, .y = {}};
    constexpr struct {
        SeriesId id;
        std::string_view name;
        std::string_view color;
    } kShown[] = {{SeriesId::e2e, "response", "c1"},
                  {SeriesId::service, "service", "c3"},
                  {SeriesId::ack, "acknowledgement", "c4"},
                  {SeriesId::lag, "schedule lag", "c5"}};
    double deepest = 10;
    double low = 1e12;
    for (const auto& shown : kShown) {
        const Histogram& h = r.series[shown.id];
        if (h.empty()) continue;
        // As far as ten samples lie above; the x axis is 1 / (1 - p).
        const double end = std::max(2.0, static_cast<double>(h.count()) / 10);
        ChartLine line{.name = shown.name, .color = shown.color};
        line.is_dashed = shown.id == SeriesId::ack;
        for (double nines = 0; std::pow(10.0, nines) <= end; nines += 0.05) {
            const double x = std::pow(10.0, nines);
            const double ms = std::max(static_cast<double>(h.at(1 - 1 / x)), 1000.0) / 1e6;
            line.points.emplace_back(x, ms);
            low = std::min(low, ms);
        }
        deepest = std::max(deepest, end);
        chart.lines.push_back(std::move(line));
    }
    if (chart.lines.empty()) return;
    chart.x = {1, deepest, true, "percentile", nullptr, {}};
    constexpr std::pair<double, const char*> kMarks[] = {
        {1, "0"},      {2, "50"},      {10, "90"},      {100, "99"},
        {1e3, "99.9"}, {1e4, "99.99"}, {1e5, "99.999"}, {1e6, "99.9999"}};
    for (const auto& [at, name] : kMarks) {
        if (at <= deepest) chart.x.marks.emplace_back(at, name);
    }
    chart.y = {std::pow(10.0, std::floor(std::log10(low))),
               std::pow(10.0, std::ceil(std::log10(highest_value(chart, low * 10)))),
               true,
               {},
               ms_text,
               {}};
    out += draw_chart(chart);
}

void add_connections(std::string& out, const Result& r) {
    Chart chart{.id = "connections", .title = "Connections", .note = {}, .x = {}, .y = {}};
    std::vector<Point> all{{0, 0}};
    double at = 0;
    for (const Column& column : columns_of(r, false)) {
        // All were connected before the first second of load began.
        if (all.size() == 1 && r.connect_seconds > 0 && column.elapsed > r.connect_seconds) {
            all.emplace_back(r.connect_seconds, static_cast<double>(column.connected));
        }
        all.emplace_back(column.elapsed, static_cast<double>(column.connected));
        chart.hovers.push_back({at, column.elapsed,
                                fmt::format("{:.1f} s: {} connected", column.elapsed,
                                            with_k(static_cast<double>(column.connected)))});
        at = column.elapsed;
    }
    if (all.size() < 2) return;
    std::sort(all.begin(), all.end());
    chart.lines.push_back({"connected", "c1", std::move(all), true});
    chart.x = {0, std::max(1e-3, at), false, "seconds", nullptr, {}};
    chart.y = {0, highest_value(chart, 1) * 1.08, false, {}, rate_text, {}};
    out += draw_chart(chart);
}

void add_cpu(std::string& out, const Result& r, const std::vector<Column>& columns) {
    Chart chart{
        .id = "cpu", .title = "CPU", .note = "100 %: one core", .x = time_axis(columns), .y = {}};
    if (r.broker) {
        chart.lines.push_back(
            {"broker", "c2", points(columns, [](const Column& c) { return c.broker_cpu; }), true});
    }
    chart.lines.push_back(
        {"load generator", "c5", points(columns, [](const Column& c) { return c.generator_cpu; })});
    chart.y = {0, highest_value(chart, 0.1) * 1.08, false, {}, percent_text, {}};
    add_hovers(chart, columns, [](const Column& c) {
        return fmt::format("broker {:.0f} %, load generator {:.0f} %", c.broker_cpu * 100,
                           c.generator_cpu * 100);
    });
    out += draw_chart(chart);
}

void add_memory(std::string& out, const Result& r, const std::vector<Column>& columns) {
    if (!r.broker) return;
    Chart chart{.id = "memory",
                .title = "Memory of the broker",
                .note = "resident",
                .x = time_axis(columns),
                .y = {}};
    std::vector<Point> all;
    for (const Column& c : columns) {
        if (c.broker_rss > 0) {
            all.emplace_back((c.from + c.to) / 2, static_cast<double>(c.broker_rss));
        }
    }
    if (all.empty()) return;
    chart.lines.push_back({"broker", "c2", std::move(all), true});
    chart.y = {0, highest_value(chart, 1e6) * 1.08, false, {}, bytes_text, {}};
    add_hovers(chart, columns,
               [](const Column& c) { return format_bytes(static_cast<double>(c.broker_rss)); });
    out += draw_chart(chart);
}

}  // namespace

std::string result_charts(const Result& r) {
    std::string out;
    const std::vector<Column> columns = columns_of(r, true);
    const bool has_load = r.publishers + r.subscribers > 0 && !columns.empty();
    if (has_load) {
        add_rates(out, r, columns);
        add_backlog(out, r, columns);
        add_heat_map(out, r, columns);
        add_percentiles(out, r);
    }
    add_connections(out, r);
    if (!columns.empty()) {
        add_cpu(out, r, columns);
        add_memory(out, r, columns);
    }
    return out;
}

}  // namespace mqtt::bench
