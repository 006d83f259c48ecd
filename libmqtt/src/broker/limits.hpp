// Telling that a limit acted: one line per limit and shard in ten seconds, with the number of those
// that were left out. Used through Shard::hit, which counts, too.
#pragma once

#include <array>
#include <chrono>

#include "mqtt/limits.hpp"
#include "mqtt/types.hpp"

namespace mqtt::broker {

class LogLines;

class LimitTeller {
public:
    explicit LimitTeller(const LogLines& log) : log_(log) {}
    // `who`: an address or a client id.
    void tell(Limit limit, std::string_view who, TimePoint now);

private:
    static constexpr std::chrono::seconds kQuiet{10};
    struct Told {
        TimePoint next{};
        std::uint64_t silent = 0;
    };
    const LogLines& log_;
    std::array<Told, kLimits> told_{};
};

}  // namespace mqtt::broker
