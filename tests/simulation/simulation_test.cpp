// The simulation: clients and a broker on fake time, a seeded scheduler, a referee. The same seeds every
// time, so that a failure is the change's that made it; MQTT_SIM_SEED=random looks for new ones (scripts/test
// --full does). A failing run says its seed; MQTT_SIM_SEED=SEED:HASH with -tc="NAME*" repeats it exactly.
//   MQTT_SIM_RUNS, MQTT_SIM_STEPS    so many runs, of so many steps
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <random>
#include <string_view>

#include "broker/hash.hpp"
#include "mqtt/store.hpp"
#include "support/sim_world.hpp"

using namespace mqtt;

namespace {

// Millions of steps where they are cheap; under sanitizers each kind of run some times.
#ifdef MQTT_SANITIZED
constexpr unsigned kRuns = 8, kRunsWithStore = 3;
#else
constexpr unsigned kRuns = 84, kRunsWithStore = 16;
#endif
constexpr std::uint64_t kSteps = 20'000;

std::uint64_t number(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct Seed {
    std::uint64_t seed = 1, hash = 1;
    bool is_given = false;
};

Seed chosen() {
    Seed seed;
    const char* text = std::getenv("MQTT_SIM_SEED");
    if (text != nullptr && std::string_view(text) == "random") {
        std::random_device device;
        seed.seed = device();
        seed.hash = device();
    } else if (text != nullptr) {
        char* rest = nullptr;
        seed.seed = std::strtoull(text, &rest, 10);
        if (*rest == ':') seed.hash = std::strtoull(rest + 1, nullptr, 10);
        seed.is_given = true;
    }
    seed.hash = broker::choose_hash_seed(seed.hash);
    return seed;
}

struct Sums {
    std::uint64_t steps = 0, deliveries = 0, short_memory = 0, thrown_away = 0, store_failures = 0,
                  refused = 0, deaths = 0;
};

// Runs one world after the other, each on a thread of its own: what counts memory counts by thread, and begins at
// nothing there.
Sums play(unsigned runs, const std::function<sim::WorldOptions(std::uint64_t)>& options_of) {
    const Seed first = chosen();
    if (first.is_given) runs = 1;
    const std::uint64_t steps = number("MQTT_SIM_STEPS", kSteps);
    Sums sums;
    for (unsigned run = 0; run < runs; ++run) {
        sim::WorldOptions options = options_of(first.seed + run);
        options.seed = first.seed + run;
        const auto one = [&] {
            sim::World world(options);
            std::string wrong;
            try {
                world.run(steps);
                world.finish();
            } catch (const std::exception& error) {
                wrong = "at step " + std::to_string(world.referee.now) + ": " + error.what();
            }
            sums.steps += steps;
            sums.deliveries += world.deliveries();
            sums.short_memory += world.hits(Limit::memory_soft);
            sums.thrown_away += world.hits(Limit::memory_hard);
            sums.refused += world.hits(Limit::store_failing);
            sums.store_failures += world.store_failures();
            sums.deaths += world.crashes();
            return wrong;
        };
        const std::string wrong = std::async(std::launch::async, one).get();
        REQUIRE_MESSAGE(wrong == "",
                        "MQTT_SIM_SEED=" << options.seed << ":" << first.hash << " " << wrong);
    }
    MESSAGE(sums.steps << " steps, " << sums.deliveries << " deliveries, from seed " << first.seed
                       << ":" << first.hash);
    CHECK(sums.deliveries > 0);
    return sums;
}

bool is_one_of_many() {
    return !chosen().is_given;
}

}  // namespace

TEST_CASE(
    "simulation: the guarantees hold through cuts, stalls, take-overs, expiry "
    "and short memory "
    "[MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT-4.5.0-1] [MQTT-4.6.0-6] [MQTT-3.2.2-2]") {
    const auto runs = static_cast<unsigned>(number("MQTT_SIM_RUNS", kRuns));
    const Sums sums = play(runs, [](std::uint64_t seed) {
        sim::WorldOptions options;
        options.shards = seed % 2 == 0 ? 1 : 3;
        options.squeezes = seed % 4 >= 2;
        return options;
    });
    MESSAGE(sums.short_memory << " refusals and " << sums.thrown_away
                              << " queues thrown away where memory was short");
    if (is_one_of_many()) CHECK(sums.short_memory > 0);
}

TEST_CASE(
    "simulation with a store: the guarantees hold though the disk is full, fails or writes the "
    "half, and though the "
    "broker dies [MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT-4.5.0-1] [MQTT-3.2.2-2]" *
    doctest::skip(!no_store().empty())) {
    const auto runs = static_cast<unsigned>(number("MQTT_SIM_RUNS", kRunsWithStore));
    const Sums sums = play(runs, [](std::uint64_t seed) {
        sim::WorldOptions options;
        options.shards = seed % 2 == 0 ? 1 : 3;
        options.persistence = seed % 4 == 3 ? Persistence::batch : Persistence::strict;
        options.spills = seed % 3 == 0;
        return options;
    });
    MESSAGE(sums.store_failures << " failed commits, " << sums.refused << " refusals, "
                                << sums.deaths << " deaths of the broker");
    if (!is_one_of_many()) return;
    CHECK(sums.store_failures > 0);
    CHECK(sums.refused > 0);
    CHECK(sums.deaths > 0);
}
