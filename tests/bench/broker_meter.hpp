// What clients that measure a broker from outside share: its CPU time and memory, and packets written by hand, so that
// the library's own encoding is no part of the figure. Used by load_rows and store_bench.
#pragma once

#include <dirent.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using Clock = std::chrono::steady_clock;
constexpr std::size_t kPayloadBytes = 100;

[[noreturn]] inline void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

inline std::uint64_t ns_since(Clock::time_point begin) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
}

// Of all threads of a process that live, in ns.
inline std::uint64_t cpu_ns(const std::string& pid) {
    const std::string tasks = "/proc/" + pid + "/task";
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(tasks.c_str()), closedir);
    if (!directory) die(tasks.c_str());
    std::uint64_t sum = 0;
    while (const dirent* entry = readdir(directory.get())) {
        std::uint64_t value = 0;
        std::ifstream(tasks + "/" + entry->d_name + "/schedstat") >> value;
        sum += value;
    }
    return sum;
}

inline std::uint64_t rss_bytes(const std::string& pid) {
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    std::ifstream("/proc/" + pid + "/statm") >> size >> resident;
    return resident * 4096;
}

// What the broker had used at the beginning, to be told with what was counted since.
class Measurement {
public:
    explicit Measurement(std::string pid)
        : pid_(std::move(pid))
        , cpu_(cpu_ns(pid_))
        , rss_(rss_bytes(pid_))
        , began_(Clock::now()) {}
    void tell(std::uint64_t messages) const {
        std::printf("messages %llu ns %llu cpu_ns %llu rss %lld\n",
                    static_cast<unsigned long long>(messages),
                    static_cast<unsigned long long>(ns_since(began_)),
                    static_cast<unsigned long long>(cpu_ns(pid_) - cpu_),
                    static_cast<long long>(rss_bytes(pid_)) - static_cast<long long>(rss_));
    }

private:
    std::string pid_;
    std::uint64_t cpu_;
    std::uint64_t rss_;
    Clock::time_point began_;
};

inline void put_text(std::string& out, std::string_view text) {
    out.push_back(static_cast<char>(text.size() >> 8));
    out.push_back(static_cast<char>(text.size()));
    out.append(text);
}

inline std::string packet(unsigned first_byte, const std::string& body) {
    std::string out(1, static_cast<char>(first_byte));
    std::size_t left = body.size();
    do {
        const std::size_t more = left >= 128 ? 0x80 : 0;
        out.push_back(static_cast<char>((left & 0x7f) | more));
        left >>= 7;
    } while (left != 0);
    return out + body;
}
