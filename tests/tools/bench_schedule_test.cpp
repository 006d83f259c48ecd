// Schedules: absolute, phase-shifted, reproducible.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "mqtt-bench/schedule.hpp"

namespace mqtt::bench {

namespace {

std::vector<Schedule::Slot> take(Schedule& schedule, std::size_t count) {
    std::vector<Schedule::Slot> slots;
    for (std::size_t i = 0; i < count; ++i) {
        slots.push_back(schedule.peek());
        schedule.advance();
    }
    return slots;
}

}  // namespace

TEST_CASE("schedule: a uniform rate spreads the publishers evenly over the period") {
    ScheduleSpec spec;
    spec.profile = RateProfile::constant(1000);
    Schedule schedule(spec, 4, 0, 1);
    const auto slots = take(schedule, 8);
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(slots[i].due_ns == static_cast<std::int64_t>(i) * 1'000'000);
        CHECK(slots[i].publisher == i % 4);
    }
}

TEST_CASE("schedule: after a billion messages the slots are still on the nanosecond") {
    ScheduleSpec spec;
    spec.profile = RateProfile::constant(3'000'000);
    const double n = 1e9;
    CHECK(std::llround(spec.profile.time_of(n) * 1e9) == 333'333'333'333);
}

TEST_CASE("schedule: workers together have the slots of one") {
    ScheduleSpec spec;
    spec.profile = RateProfile::constant(700);
    Schedule whole(spec, 7, 0, 1);
    std::vector<std::int64_t> expected;
    for (const auto& slot : take(whole, 70))
        expected.push_back(slot.due_ns);
    std::vector<std::int64_t> got;
    for (std::uint32_t worker = 0; worker < 3; ++worker) {
        Schedule part(spec, 7, worker, 3);
        for (const auto& slot : take(part, (worker == 0 ? 3 : 2) * 10))
            got.push_back(slot.due_ns);
    }
    std::sort(got.begin(), got.end());
    CHECK(got == expected);
}

TEST_CASE("schedule: aligned publishers all send at the same instant") {
    ScheduleSpec spec;
    spec.profile = RateProfile::constant(50);
    spec.phase = Phase::aligned;
    Schedule schedule(spec, 5, 0, 1);
    const auto slots = take(schedule, 10);
    for (std::size_t i = 0; i < 10; ++i)
        CHECK(slots[i].due_ns == (i < 5 ? 0 : 100'000'000));
}

TEST_CASE("schedule: random phases keep the period and the order") {
    ScheduleSpec spec;
    spec.profile = RateProfile::constant(100);
    spec.phase = Phase::random;
    Schedule schedule(spec, 10, 0, 1);
    const auto slots = take(schedule, 20);
    for (std::size_t i = 0; i < 10; ++i) {
        CHECK(slots[i + 10].due_ns - slots[i].due_ns == 100'000'000);
        CHECK(slots[i + 10].publisher == slots[i].publisher);
        if (i > 0) CHECK(slots[i].due_ns >= slots[i - 1].due_ns);
    }
}

TEST_CASE("schedule: Poisson arrivals have the asked mean and variance") {
    ScheduleSpec spec;
    spec.profile = RateProfile::constant(10'000);
    spec.arrival = Arrival::poisson;
    spec.seed = 11;
    Schedule schedule(spec, 50, 0, 1);
    const auto slots = take(schedule, 100'000);
    CHECK(static_cast<double>(slots.back().due_ns) / 1e9 == doctest::Approx(10.0).epsilon(0.02));
    double square = 0;
    for (std::size_t i = 1; i < slots.size(); ++i) {
        const double gap = static_cast<double>(slots[i].due_ns - slots[i - 1].due_ns) / 1e5;
        REQUIRE(gap >= 0);
        square += gap * gap;
    }
    CHECK(square / 1e5 == doctest::Approx(2.0).epsilon(0.05));  // of an exponential with mean 1
}

TEST_CASE("schedule: bursts keep the total rate") {
    ScheduleSpec spec;
    spec.profile = RateProfile::constant(100);
    spec.arrival = Arrival::burst;
    spec.burst_size = 25;
    Schedule schedule(spec, 2, 0, 1);
    const auto slots = take(schedule, 100);
    for (std::size_t i = 0; i < 100; ++i) {
        CHECK(slots[i].publisher == i / 25 % 2);
        CHECK(slots[i].due_ns == static_cast<std::int64_t>(i / 25) * 250'000'000);
    }
}

TEST_CASE("schedule: a ramp rises linearly to the rate and stays there") {
    const RateProfile ramp = RateProfile::ramp(10, 1000);
    CHECK(ramp.count_until(10) == doctest::Approx(5000));
    CHECK(ramp.count_until(5) == doctest::Approx(1250));
    CHECK(ramp.count_until(12) == doctest::Approx(7000));
    CHECK(ramp.time_of(1250) == doctest::Approx(5));
    CHECK(ramp.time_of(5000) == doctest::Approx(10));
    CHECK(ramp.time_of(7000) == doctest::Approx(12));
}

TEST_CASE("schedule: time_of inverts count_until over steps") {
    const RateProfile steps({{3, 100, 100}, {2, 500, 100}, {0, 50, 50}});
    for (double t = 0.05; t < 12; t += 0.37) {
        CHECK(steps.time_of(steps.count_until(t)) == doctest::Approx(t).epsilon(1e-9));
    }
}

TEST_CASE("schedule: a profile that ends at zero never asks for another message") {
    const RateProfile off({{1, 10, 10}, {0, 0, 0}});
    CHECK(off.time_of(5) == doctest::Approx(0.5));
    CHECK(off.time_of(11) > 1e8);
}

TEST_CASE("schedule: one seed gives one schedule, another seed another") {
    ScheduleSpec spec;
    spec.arrival = Arrival::poisson;
    const auto due = [&](std::uint64_t seed) {
        spec.seed = seed;
        Schedule schedule(spec, 3, 0, 1);
        std::vector<std::int64_t> out;
        for (const auto& slot : take(schedule, 50))
            out.push_back(slot.due_ns + slot.publisher);
        return out;
    };
    CHECK(due(5) == due(5));
    CHECK(due(5) != due(6));
}

TEST_CASE("profile: a recording is played round after round") {
    const RateProfile profile = RateProfile::recorded({0, 0.5, 2}, 3);
    CHECK(profile.time_of(0) == 0);
    CHECK(profile.time_of(1) == doctest::Approx(0.5));
    CHECK(profile.time_of(2) == doctest::Approx(2));
    CHECK(profile.time_of(3) == doctest::Approx(3));
    CHECK(profile.time_of(7) == doctest::Approx(6.5));
    CHECK(profile.final_rate() == doctest::Approx(1));
    CHECK(profile.count_until(1) == 2);
    CHECK(profile.count_until(3.4) == 4);
}

}  // namespace mqtt::bench
