// The simulation: clients and a broker on fake time, a seeded scheduler, a referee. The same seeds every
// time, so that a failure is the change's that made it; MQTT_SIM_SEED=random looks for new ones (scripts/test
// --full does). A failing run says its seed; MQTT_SIM_SEED=SEED:HASH with -tc="simulation*" repeats it exactly.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>

#include "broker/hash.hpp"
#include "support/sim_world.hpp"

using namespace mqtt;

namespace {

struct Seed {
    std::uint64_t seed = 0, hash = 0;
    bool is_given = false;
};

Seed chosen() {
    Seed seed{1, 1, false};
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

std::uint64_t steps_per_run() {
    const char* text = std::getenv("MQTT_SIM_STEPS");
    return text ? std::strtoull(text, nullptr, 10) : 20'000;
}

}  // namespace

TEST_CASE(
    "simulation: the guarantees hold through cuts, stalls, take-overs, expiry "
    "and short memory "
    "[MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT-4.5.0-1] [MQTT-4.6.0-6] [MQTT-3.2.2-2]") {
    const Seed first = chosen();
    const unsigned runs = first.is_given ? 1 : 8;
    std::uint64_t deliveries = 0, refusals = 0, thrown_away = 0;
    for (unsigned run = 0; run < runs; ++run) {
        const std::uint64_t seed = first.seed + run;
        sim::World world(seed, seed % 2 == 0 ? 1 : 3, 12, seed % 4 >= 2);
        try {
            world.run(steps_per_run());
            world.finish();
        } catch (const std::exception& error) {
            FAIL("MQTT_SIM_SEED=" << seed << ":" << first.hash << " at step " << world.referee.now
                                  << ": " << std::string(error.what()));
        }
        deliveries += world.deliveries();
        refusals += world.hits(Limit::memory_soft);
        thrown_away += world.hits(Limit::memory_hard);
    }
    MESSAGE((runs * steps_per_run())
            << " steps, " << deliveries << " deliveries, " << refusals << " refusals and "
            << thrown_away << " queues thrown away where memory was short, from seed " << first.seed
            << ":" << first.hash);
    CHECK(deliveries > 0);
    // What tests before it left in this thread counts as memory, too: it may never be short.
    if (!first.is_given) WARN(refusals > 0);
}
