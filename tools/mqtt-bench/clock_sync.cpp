// Windows of bounds, their drift, and where they overlap.
#include "mqtt-bench/clock_sync.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>

namespace mqtt::bench {
namespace {

constexpr std::int64_t kWindow = 1'000'000'000;
constexpr std::size_t kWindows = 120;
// Of these the bounds of the offset are taken; older ones tell the drift.
constexpr std::size_t kWindowsForOffset = 20;
// Quartz is wrong by less.
constexpr double kMostDrift = 100e-6;

}  // namespace

void ClockSync::add(std::int64_t asked, std::int64_t arrived, std::int64_t answered,
                    std::int64_t here) {
    if (here < asked || answered < arrived) return;
    ++exchanges_;
    const std::int64_t high = arrived - asked;
    const std::int64_t low = answered - here;
    if (windows_.empty() || asked - windows_.back().begin >= kWindow) {
        windows_.push_back({asked, low, here, high, asked});
        if (windows_.size() > kWindows) windows_.pop_front();
        return;
    }
    Window& window = windows_.back();
    if (low > window.low) {
        window.low = low;
        window.low_at = here;
    }
    if (high < window.high) {
        window.high = high;
        window.high_at = asked;
    }
}

// What bounds at two times leave between them: the offset rose by so much at least, and at most.
ClockSync::Drift ClockSync::drift() const {
    double least = -kMostDrift;
    double most = kMostDrift;
    for (std::size_t i = 0; i < windows_.size(); ++i) {
        for (std::size_t k = i + 1; k < windows_.size(); ++k) {
            const Window& early = windows_[i];
            const Window& late = windows_[k];
            const auto rise = static_cast<double>(late.high_at - early.low_at);
            const auto fall = static_cast<double>(late.low_at - early.high_at);
            if (rise > 0) most = std::min(most, static_cast<double>(late.high - early.low) / rise);
            if (fall > 0)
                least = std::max(least, static_cast<double>(late.low - early.high) / fall);
        }
    }
    // Bounds that cross: the drift is not what it was. As wrong as the contradiction.
    return {(least + most) / 2, std::abs(most - least) / 2};
}

std::optional<ClockSync::Estimate> ClockSync::estimate(std::int64_t now) const {
    if (windows_.empty()) return std::nullopt;
    const Drift slope = drift();
    double low = -1e300;
    double high = 1e300;
    const std::size_t from =
        windows_.size() > kWindowsForOffset ? windows_.size() - kWindowsForOffset : 0;
    for (std::size_t i = from; i < windows_.size(); ++i) {
        const Window& window = windows_[i];
        const auto low_age = static_cast<double>(now - window.low_at);
        const auto high_age = static_cast<double>(now - window.high_at);
        low = std::max(low, static_cast<double>(window.low) + slope.middle * low_age -
                                slope.doubt * std::abs(low_age));
        high = std::min(high, static_cast<double>(window.high) + slope.middle * high_age +
                                  slope.doubt * std::abs(high_age));
    }
    Estimate out;
    out.at_ns = now;
    out.drift = slope.middle;
    out.offset_ns = static_cast<std::int64_t>((low + high) / 2);
    out.error_ns = static_cast<std::int64_t>(std::abs(high - low) / 2);
    return out;
}

const std::string& own_clock_id() {
    static const std::string id = [] {
        std::string text;
        std::ifstream("/proc/sys/kernel/random/boot_id") >> text;
        char name[64] = {};
        const ssize_t length = readlink("/proc/self/ns/time", name, sizeof name - 1);
        return text + ' ' + (length > 0 ? name : "time");
    }();
    return id;
}

}  // namespace mqtt::bench
