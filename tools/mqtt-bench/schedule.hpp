// When which publisher sends: an absolute schedule, fixed before the run and never moved by what
// the broker does. Rates follow a profile (ramp, steps); arrivals are uniform and phase-shifted
// over the publishers, Poisson, or bursts; one seed gives the same schedule. Knows no clock.
#pragma once

#include <cstdint>
#include <vector>

namespace mqtt::bench {

// xoshiro256**, seeded by splitmix64: the same numbers everywhere.
class Random {
public:
    explicit Random(std::uint64_t seed);
    std::uint64_t next();
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)
    double exponential();                                                     // mean 1
    std::uint64_t below(std::uint64_t bound);  // [0, bound), up to 2^53

private:
    std::uint64_t state_[4];
};

// Messages per second over time, piecewise linear; the last piece's final rate goes on for ever.
class RateProfile {
public:
    struct Piece {
        double seconds = 0;
        double from = 0;  // messages per second
        double to = 0;
    };
    static RateProfile constant(double rate) { return RateProfile({{0, rate, rate}}); }
    static RateProfile ramp(double seconds, double rate) {
        return RateProfile({{seconds, 0, rate}, {0, rate, rate}});
    }
    // Message n is due at times[n], and so on round after round of `period` seconds.
    static RateProfile recorded(std::vector<double> times, double period);
    explicit RateProfile(std::vector<Piece> pieces);

    // Seconds after the start when the n-th message (fractions allowed) is due.
    double time_of(double n) const;
    double final_rate() const;
    // Messages due within `seconds`.
    double count_until(double seconds) const;

private:
    std::vector<Piece> pieces_;
    std::vector<double> times_;  // of a recording; then there are no pieces
    double period_ = 0;
};

enum class Arrival : std::uint8_t { uniform, poisson, burst };
enum class Phase : std::uint8_t { spread, random, aligned };

struct ScheduleSpec {
    RateProfile profile = RateProfile::constant(1000);
    Arrival arrival = Arrival::uniform;
    Phase phase = Phase::spread;
    std::uint32_t burst_size = 1;
    std::uint64_t seed = 1;
};

// The part of one worker, which owns the publishers worker, worker + workers, ... of `publishers`.
class Schedule {
public:
    Schedule(const ScheduleSpec& spec, std::uint32_t publishers, std::uint32_t worker,
             std::uint32_t workers);

    struct Slot {
        std::int64_t due_ns = 0;      // after the start
        std::uint32_t publisher = 0;  // index within the worker
    };
    // In order of time. The worker must own a publisher.
    const Slot& peek() const { return slot_; }
    void advance();

private:
    void compute();

    ScheduleSpec spec_;
    std::vector<double> phase_;         // sorted; in units of messages of the whole run
    std::vector<std::uint32_t> order_;  // publisher with that phase
    double round_ = 0;                  // messages of the whole run per round of publishers
    std::uint64_t rounds_ = 0;
    std::size_t position_ = 0;
    std::uint32_t in_burst_ = 0;
    double poisson_count_ = 0;
    double poisson_step_ = 1;
    Random random_;
    Slot slot_;
};

}  // namespace mqtt::bench
