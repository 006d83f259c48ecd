// The timer wheel on fake time, against what it promises: never early, at most one tick late.
#include "net/timer_wheel.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

using namespace mqtt;
using namespace mqtt::net;
using namespace std::chrono_literals;

namespace {

const TimePoint kStart = TimePoint(1000h);

struct Probe : Timer {
    void on_timer(TimePoint now) override {
        ++fired;
        at = now;
        if (action) action();
    }
    int fired = 0;
    TimePoint at;
    std::function<void()> action;
};

}  // namespace

TEST_CASE("timer wheel: a timer never comes early and at most one tick late") {
    std::mt19937_64 random(42);
    for (const Duration span : {Duration(1s), Duration(30s), Duration(2h), Duration(24h * 40)}) {
        TimerWheel wheel(kStart);
        std::vector<std::unique_ptr<Probe>> probes;
        std::vector<TimePoint> due;
        for (int i = 0; i < 300; ++i) {
            probes.push_back(std::make_unique<Probe>());
            due.push_back(kStart + Duration(static_cast<std::int64_t>(
                                       random() % static_cast<std::uint64_t>(span.count()))));
            wheel.set(*probes.back(), due.back());
        }
        // Called exactly when it asks to be: what a loop does.
        for (TimePoint now = wheel.next_due(); now != TimePoint::max(); now = wheel.next_due()) {
            wheel.advance(now);
        }
        for (std::size_t i = 0; i < probes.size(); ++i) {
            REQUIRE(probes[i]->fired == 1);
            CHECK(probes[i]->at >= due[i]);
            CHECK(probes[i]->at <= due[i] + TimerWheel::kTick);
        }
    }
}

TEST_CASE("timer wheel: a loop that wakes late still fires everything once") {
    TimerWheel wheel(kStart);
    std::vector<std::unique_ptr<Probe>> probes;
    for (int i = 0; i < 1000; ++i) {
        probes.push_back(std::make_unique<Probe>());
        wheel.set(*probes.back(), kStart + i * 977ms);
    }
    wheel.advance(kStart + 500s);
    for (int i = 0; i < 1000; ++i)
        CHECK(probes[static_cast<std::size_t>(i)]->fired == (i * 977 <= 500'000 ? 1 : 0));
    wheel.advance(kStart + 2000s);
    for (const auto& probe : probes)
        CHECK(probe->fired == 1);
    CHECK(wheel.next_due() == TimePoint::max());
}

TEST_CASE("timer wheel: what is due already comes with the next tick") {
    TimerWheel wheel(kStart);
    wheel.advance(kStart + 10s);
    Probe probe;
    wheel.set(probe, kStart);
    CHECK(wheel.next_due() <= kStart + 10s + TimerWheel::kTick);
    wheel.advance(kStart + 10s + TimerWheel::kTick);
    CHECK(probe.fired == 1);
    CHECK(probe.is_armed() == false);
}

TEST_CASE("timer wheel: setting again moves, max() and cancel() disarm") {
    TimerWheel wheel(kStart);
    Probe probe;
    wheel.set(probe, kStart + 1s);
    wheel.set(probe, kStart + 100s);
    wheel.advance(kStart + 50s);
    CHECK(probe.fired == 0);
    wheel.set(probe, TimePoint::max());
    CHECK(probe.is_armed() == false);
    CHECK(wheel.next_due() == TimePoint::max());
    wheel.set(probe, kStart + 60s);
    wheel.cancel(probe);
    wheel.advance(kStart + 200s);
    CHECK(probe.fired == 0);
}

TEST_CASE("timer wheel: timers set and cancel each other, and themselves, from inside") {
    TimerWheel wheel(kStart);
    Probe first;
    Probe second;
    Probe again;
    first.action = [&] { wheel.cancel(second); };
    second.action = [&] { wheel.cancel(first); };
    again.action = [&] {
        if (again.fired < 5) wheel.set(again, again.at + 1s);
    };
    wheel.set(first, kStart + 1s);
    wheel.set(second, kStart + 1s);
    wheel.set(again, kStart + 1s);
    for (int i = 1; i <= 100; ++i)
        wheel.advance(kStart + i * 100ms);
    CHECK(first.fired + second.fired == 1);
    CHECK(again.fired == 5);
}

TEST_CASE("timer wheel: a timer that dies disarms itself, and so does a wheel") {
    Probe survivor;
    {
        TimerWheel wheel(kStart);
        {
            Probe short_lived;
            wheel.set(short_lived, kStart + 1s);
        }
        wheel.advance(kStart + 1s);  // its slot is found empty
        CHECK(wheel.next_due() == TimePoint::max());
        wheel.set(survivor, kStart + 2s);
    }
    CHECK(survivor.is_armed() == false);
}

TEST_CASE("timer wheel: an armed hour costs few wake-ups") {
    TimerWheel wheel(kStart);
    Probe probe;
    wheel.set(probe, kStart + 1h);
    int wakes = 0;
    for (TimePoint now = wheel.next_due(); now != TimePoint::max(); now = wheel.next_due()) {
        wheel.advance(now);
        ++wakes;
    }
    CHECK(probe.fired == 1);
    CHECK(wakes <= 4);
}
