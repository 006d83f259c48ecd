// See message_clock.hpp.
#include "common/message_clock.hpp"

#include <array>

namespace tools {

void MessageClock::refresh() {
    std::timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    set(now);
}

void MessageClock::set(std::timespec now) {
    now_ = now;
    if (now.tv_sec == broken_down_) return;
    broken_down_ = now.tv_sec;
    ::localtime_r(&now_.tv_sec, &local_);
    std::strftime(date_, sizeof date_, "%Y-%m-%dT%H:%M:%S", &local_);
    std::strftime(zone_, sizeof zone_, "%z", &local_);
}

void MessageClock::append_iso_microseconds(std::string& out) const {
    out += date_;
    std::array<char, 7> fraction{'.', '0', '0', '0', '0', '0', '0'};
    long micro = now_.tv_nsec / 1000;
    for (std::size_t i = 6; i > 0; --i) {
        fraction[i] = static_cast<char>('0' + micro % 10);
        micro /= 10;
    }
    out.append(fraction.data(), fraction.size());
    out += zone_;
}

void MessageClock::append_iso_seconds(std::string& out) const {
    out += date_;
    out += zone_;
}

void MessageClock::append_conversion(std::string& out, char letter) const {
    const char format[] = {'%', letter, '\0'};
    std::array<char, 128> text{};
    out.append(text.data(), std::strftime(text.data(), text.size(), format, &local_));
}

namespace {

// Reads exactly `digits` digits and removes them; -1: they are not there.
int take_digits(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return -1;
    int number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        number = number * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

long take_fraction(std::string_view& text) {
    long scale = 1'000'000'000;
    long nanoseconds = 0;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        scale /= 10;
        nanoseconds += scale * (text[0] - '0');
        text.remove_prefix(1);
    }
    return nanoseconds;
}

// Seconds east of Greenwich; nothing: no zone.
std::optional<int> take_zone(std::string_view& text) {
    if (take(text, 'Z')) return 0;
    const int sign = text.starts_with('-') ? -1 : 1;
    if (!take(text, '+') && !take(text, '-')) return std::nullopt;
    const int hours = take_digits(text, 2);
    take(text, ':');
    const int minutes = take_digits(text, 2);
    if (hours < 0 || minutes < 0) return std::nullopt;
    return sign * (hours * 3600 + minutes * 60);
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_iso_time(std::string_view text) {
    std::tm when{};
    const auto part = [&text](int& field, std::size_t digits, char after) {
        field = take_digits(text, digits);
        return field >= 0 && (after == 0 || take(text, after));
    };
    if (!part(when.tm_year, 4, '-') || !part(when.tm_mon, 2, '-') || !part(when.tm_mday, 2, 'T') ||
        !part(when.tm_hour, 2, ':') || !part(when.tm_min, 2, ':') || !part(when.tm_sec, 2, 0)) {
        return std::nullopt;
    }
    // Nanoseconds since 1970 in 64 bits reach so far.
    const bool is_in_range = when.tm_year > 1677 && when.tm_year < 2262;
    const bool is_date = is_in_range && when.tm_mon >= 1 && when.tm_mon <= 12 &&
                         when.tm_mday >= 1 && when.tm_mday <= 31 && when.tm_hour <= 23 &&
                         when.tm_min <= 59 && when.tm_sec <= 60;
    if (!is_date) return std::nullopt;
    when.tm_year -= 1900;
    when.tm_mon -= 1;
    when.tm_isdst = -1;
    const long nanoseconds = take(text, '.') ? take_fraction(text) : 0;
    const auto zone = take_zone(text);
    if (!text.empty()) return std::nullopt;
    const std::time_t seconds = zone ? ::timegm(&when) - *zone : std::mktime(&when);
    return std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds);
}

}  // namespace tools
