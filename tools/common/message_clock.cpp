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

}  // namespace tools
