// What find and vs change from run to run of the load that was asked. Plain data: several load hosts are
// told it and make the same of it. Text of it: team_messages.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace mqtt::bench {

struct Spec;

struct LoadChange {
    // Messages per second of all publishers, in conn connections; 0: as fast as it goes.
    std::optional<double> rate;
    std::optional<std::chrono::nanoseconds> warmup;
    std::optional<std::chrono::nanoseconds> duration;
    bool warmup_until_steady = false;
    std::string url;  // of the one broker; empty: as asked
    friend bool operator==(const LoadChange&, const LoadChange&) = default;
};

// Changes the spec and notes the change in it, beside what was changed before. Throws
// std::invalid_argument when the URL is none.
void apply_change(Spec& spec, const LoadChange& change);

}  // namespace mqtt::bench
