// Formatting of numbers; see the header for the shapes.
#include "mqtt-bench/text.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mqtt-bench/histogram.hpp"

namespace mqtt::bench {

std::string with_commas(std::int64_t value) {
    std::string digits = fmt::format("{}", value);
    const std::size_t first = value < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

std::string format_ms(double ns) {
    const double ms = ns / 1e6;
    if (ms < 0.9995) return fmt::format("{:.3f}", ms);
    if (ms < 9.995) return fmt::format("{:.2f}", ms);
    if (ms < 99.95) return fmt::format("{:.1f}", ms);
    return with_commas(std::llround(ms));
}

std::string commas(std::uint64_t value) {
    return with_commas(static_cast<std::int64_t>(value));
}

std::string known_ms(double ns) {
    return ns > 0 ? format_ms(ns) : "-";
}

std::string supported_ms(const Histogram& histogram, double percentile) {
    const auto value = histogram.supported(percentile);
    return value ? format_ms(static_cast<double>(*value)) : "-";
}

std::string format_rate(double per_second) {
    if (per_second < 99.95 && per_second != std::floor(per_second)) {
        return fmt::format("{:.1f}", per_second);
    }
    if (per_second < 9'999.5) return with_commas(std::llround(per_second));
    if (per_second < 999'950) return fmt::format("{:.1f}k", per_second / 1e3);
    return fmt::format("{:.2f}M", per_second / 1e6);
}

std::string format_bytes(double bytes) {
    if (bytes < 999.5) return fmt::format("{:.0f} B", bytes);
    if (bytes < 999.95e3) return fmt::format("{:.1f} kB", bytes / 1e3);
    if (bytes < 999.95e6) return fmt::format("{:.1f} MB", bytes / 1e6);
    return fmt::format("{:.2f} GB", bytes / 1e9);
}

std::string format_json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string format_metric(const std::optional<tools::MetricValue>& value) {
    if (!value) return {};
    const double number = value->value;
    if (value->is_duration) return format_ms(number) + " ms";
    if (number == std::floor(number) && std::abs(number) < 1e15) {
        return with_commas(static_cast<std::int64_t>(number));
    }
    return fmt::format("{:.4g}", number);
}

}  // namespace mqtt::bench
