// See top_render.hpp: numbers, ages and sparklines in few columns.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mqtt-sub/top/top_render.hpp"

namespace mqtt_sub {
namespace {

std::string scaled(double number, std::string_view units, std::string_view after) {
    std::size_t unit = 0;
    while (number >= 999.5 && unit + 1 < units.size()) {
        number /= 1000;
        ++unit;
    }
    const std::string_view letter = unit == 0 ? std::string_view() : units.substr(unit, 1);
    const bool is_whole = unit == 0 && (number >= 99.95 || number == std::floor(number));
    return is_whole || number >= 99.95 ? fmt::format("{:.0f}{}{}", number, letter, after)
                                       : fmt::format("{:.1f}{}{}", number, letter, after);
}

}  // namespace

std::string compact_number(double number) {
    return scaled(number, " kMGT", "");
}

std::string compact_bytes(double bytes) {
    if (bytes < 999.5) return fmt::format("{:.0f} B", bytes);
    const std::string text = scaled(bytes, " kMGT", "B");
    return text.substr(0, text.size() - 2) + " " + text.substr(text.size() - 2);
}

std::string compact_age(TopClock::duration age) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
    if (seconds < 1) return "now";
    if (seconds < 100) return fmt::format("{}s", seconds);
    if (seconds < 100 * 60) return fmt::format("{}m", seconds / 60);
    if (seconds < 100 * 3600) return fmt::format("{}h", seconds / 3600);
    return fmt::format("{}d", seconds / 86400);
}

std::string sparkline(const RateHistory& history, std::size_t columns, bool has_utf8) {
    static constexpr std::array<std::string_view, 9> kBlocks{" ", "▁", "▂", "▃", "▄",
                                                             "▅", "▆", "▇", "█"};
    static constexpr std::array<std::string_view, 9> kAscii{" ", ".", ":", "-", "=",
                                                            "+", "*", "#", "@"};
    std::uint32_t most = 0;
    for (std::size_t ago = 0; ago < columns; ++ago)
        most = std::max(most, history.at(ago));
    std::string line;
    for (std::size_t ago = columns; ago-- > 0;) {
        const std::uint64_t n = history.at(ago);
        const std::size_t level = n == 0 ? 0 : std::max<std::size_t>(1, n * 8 / most);
        line += has_utf8 ? kBlocks[level] : kAscii[level];
    }
    return line;
}

}  // namespace mqtt_sub
