// A plan over several load hosts: which worker publishes what, and whether messages cross.
#include "mqtt-bench/plan.hpp"

namespace mqtt::bench {

std::uint32_t Plan::worker_of(std::uint32_t stream, std::uint32_t workers) const {
    for (const PlannedGroup& group : groups_) {
        const std::uint32_t place = stream - group.first_stream;
        if (place < group.publishers * group.topics_each) {
            return place / group.topics_each % workers;
        }
    }
    return 0;
}

bool Plan::crosses_hosts(std::uint32_t hosts, std::uint32_t workers) const {
    const std::uint32_t each = workers / hosts;
    for (const PlannedGroup& group : groups_) {
        for (std::uint32_t n = 0; n < group.subscribers; ++n) {
            const std::uint32_t host = n % workers / each;
            for (const Range& range : ranges_of(set_of(group.first_subscriber + n))) {
                for (std::uint32_t s = range.first; s < range.first + range.count; ++s) {
                    if (worker_of(s, workers) / each != host) return true;
                }
            }
        }
    }
    return false;
}

}  // namespace mqtt::bench
