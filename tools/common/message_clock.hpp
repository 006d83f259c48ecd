// Wall-clock time as messages print it. Reads the clock when told, breaks a second down once.
// Used by format and message_json; belongs to one thread.
#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace tools {

class MessageClock {
public:
    void refresh();  // reads the clock
    void set(std::timespec now);

    const std::tm& local() const { return local_; }
    long nanoseconds() const { return now_.tv_nsec; }
    std::time_t seconds() const { return now_.tv_sec; }

    // "2024-05-06T21:48:00.123456+0200"
    void append_iso_microseconds(std::string& out) const;
    // "2024-05-06T21:48:00+0200"
    void append_iso_seconds(std::string& out) const;
    // What strftime makes of one conversion letter.
    void append_conversion(std::string& out, char letter) const;

private:
    std::timespec now_{};
    std::tm local_{};
    std::time_t broken_down_ = -1;
    char date_[32] = "";  // "2024-05-06T21:48:00"
    char zone_[8] = "";   // "+0200"
};

// "2024-05-06T21:48:00[.fraction][Z|+02:00|+0200]" as time since the epoch, from 1678 to 2261; without a zone:
// local time.
std::optional<std::chrono::nanoseconds> parse_iso_time(std::string_view text);

}  // namespace tools
