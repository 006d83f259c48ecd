// The simulation: clients and a broker on fake time, a seeded scheduler, a referee. A failing run says its
// seed; MQTT_SIM_SEED=SEED:HASH (as printed) with -tc="simulation*" repeats it exactly.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "broker/hash.hpp"
#include "support/sim_world.hpp"

using namespace mqtt;

namespace {

struct Seed {
    std::uint64_t seed = 0, hash = 0;
    bool is_given = false;
};

Seed chosen() {
    Seed seed;
    if (const char* text = std::getenv("MQTT_SIM_SEED")) {
        char* rest = nullptr;
        seed.seed = std::strtoull(text, &rest, 10);
        if (*rest == ':') seed.hash = std::strtoull(rest + 1, nullptr, 10);
        seed.is_given = true;
    } else {
        std::random_device device;
        seed.seed = device();
        seed.hash = device();
    }
    seed.hash = broker::choose_hash_seed(seed.hash);
    return seed;
}

std::uint64_t steps_per_run() {
    const char* text = std::getenv("MQTT_SIM_STEPS");
    return text ? std::strtoull(text, nullptr, 10) : 20'000;
}

}  // namespace

TEST_CASE(
    "simulation: the guarantees hold through cuts, stalls, take-overs and expiry "
    "[MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT-4.5.0-1] [MQTT-4.6.0-6] [MQTT-3.2.2-2]") {
    const Seed first = chosen();
    const unsigned runs = first.is_given ? 1 : 8;
    std::uint64_t deliveries = 0;
    for (unsigned run = 0; run < runs; ++run) {
        const std::uint64_t seed = first.seed + run;
        sim::World world(seed, seed % 2 == 0 ? 1 : 3, 12);
        try {
            world.run(steps_per_run());
            world.finish();
        } catch (const std::exception& error) {
            FAIL("MQTT_SIM_SEED=" << seed << ":" << first.hash << " at step " << world.referee.now
                                  << ": " << std::string(error.what()));
        }
        deliveries += world.deliveries();
    }
    MESSAGE((runs * steps_per_run()) << " steps, " << deliveries << " deliveries, from seed "
                                     << first.seed << ":" << first.hash);
    CHECK(deliveries > 0);
}
