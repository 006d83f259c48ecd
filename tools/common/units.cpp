// See units.hpp.
#include "common/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "common/flags.hpp"

namespace tools {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr std::array kDurations{Unit{"ns", 1},     Unit{"us", 1e3},   Unit{"ms", 1e6},
                                Unit{"s", 1e9},    Unit{"m", 60e9},   Unit{"min", 60e9},
                                Unit{"h", 3600e9}, Unit{"d", 86400e9}};
constexpr std::array kSizes{Unit{"", 1},         Unit{"B", 1},        Unit{"k", 1e3},
                            Unit{"kB", 1e3},     Unit{"K", 1e3},      Unit{"KB", 1e3},
                            Unit{"M", 1e6},      Unit{"MB", 1e6},     Unit{"G", 1e9},
                            Unit{"GB", 1e9},     Unit{"Ki", 1024},    Unit{"KiB", 1024},
                            Unit{"ki", 1024},    Unit{"Mi", 1 << 20}, Unit{"MiB", 1 << 20},
                            Unit{"Gi", 1 << 30}, Unit{"GiB", 1 << 30}};
constexpr std::array kPer{Unit{"s", 1}, Unit{"m", 60}, Unit{"min", 60}, Unit{"h", 3600}};

[[noreturn]] void fail(std::string_view option, std::string_view text, std::string_view wanted) {
    throw UsageError(fmt::format("option '{}' needs {}, not '{}'", option, wanted, text));
}

// Reads the number at the front of `text` and removes it; NaN when there is none.
double take_number(std::string_view& text) {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (error != std::errc{}) return std::nan("");
    text.remove_prefix(static_cast<std::size_t>(at - text.data()));
    return number;
}

template <std::size_t N>
double factor_of(const std::array<Unit, N>& units, std::string_view name) {
    for (const Unit& unit : units) {
        if (unit.name == name) return unit.factor;
    }
    return 0;
}

std::string_view take_letters(std::string_view& text) {
    std::size_t n = 0;
    while (n < text.size() && (text[n] < '0' || text[n] > '9') && text[n] != '.')
        ++n;
    const std::string_view letters = text.substr(0, n);
    text.remove_prefix(n);
    return letters;
}

}  // namespace

std::chrono::nanoseconds parse_duration(std::string_view option, std::string_view text) {
    constexpr std::string_view kWanted = "a duration such as 500ms, 10s or 1h30m";
    std::string_view rest = text;
    double total = 0;
    do {
        const double number = take_number(rest);
        const std::string_view unit = take_letters(rest);
        const double factor = unit.empty() && total == 0 ? 1e9 : factor_of(kDurations, unit);
        if (std::isnan(number) || number < 0 || factor == 0) fail(option, text, kWanted);
        total += number * factor;
    } while (!rest.empty());
    if (total > 9e18) fail(option, text, kWanted);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(std::llround(total)));
}

const std::string& required_word(std::string_view option, const std::string& word) {
    if (word.empty()) throw UsageError("option '" + std::string(option) + "' needs a word");
    return word;
}

std::uint64_t parse_size(std::string_view option, std::string_view text) {
    std::string_view rest = text;
    const double number = take_number(rest);
    const double factor = factor_of(kSizes, rest);
    if (std::isnan(number) || number < 0 || factor == 0 || number * factor > 9e18) {
        fail(option, text, "a size such as 100, 64k or 1MiB");
    }
    return static_cast<std::uint64_t>(std::llround(number * factor));
}

double parse_rate(std::string_view option, std::string_view text) {
    constexpr std::string_view kWanted = "a rate such as 50, 50k/s or 600/m";
    std::string_view rest = text;
    const double number = take_number(rest);
    const std::size_t slash = rest.find('/');
    const double factor = factor_of(kSizes, rest.substr(0, slash));
    const double per =
        slash == std::string_view::npos ? 1 : factor_of(kPer, rest.substr(slash + 1));
    if (std::isnan(number) || number < 0 || factor == 0 || per == 0) fail(option, text, kWanted);
    return number * factor / per;
}

std::int64_t parse_integer(std::string_view option, std::string_view text, std::int64_t minimum,
                           std::int64_t maximum) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || at != end || number < minimum || number > maximum) {
        fail(option, text, fmt::format("a whole number from {} to {}", minimum, maximum));
    }
    return number;
}

double parse_number(std::string_view option, std::string_view text, double minimum,
                    double maximum) {
    std::string_view rest = text;
    const bool negative = rest.starts_with('-');
    if (negative) rest.remove_prefix(1);
    const double number = take_number(rest) * (negative ? -1 : 1);
    if (std::isnan(number) || !rest.empty() || number < minimum || number > maximum) {
        fail(option, text, fmt::format("a number from {} to {}", minimum, maximum));
    }
    return number;
}

std::string format_duration(std::chrono::nanoseconds duration) {
    const double ns = static_cast<double>(duration.count());
    if (ns < 1e3) return fmt::format("{:.0f} ns", ns);
    if (ns < 1e6) return fmt::format("{:.3g} us", ns / 1e3);
    if (ns < 1e9) return fmt::format("{:.3g} ms", ns / 1e6);
    if (ns < 120e9) return fmt::format("{:.3g} s", ns / 1e9);
    if (ns < 7200e9) return fmt::format("{:.3g} min", ns / 60e9);
    return fmt::format("{:.3g} h", ns / 3600e9);
}

}  // namespace tools
